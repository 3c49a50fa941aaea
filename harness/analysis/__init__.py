"""Record in, measurands out. Nothing here talks to a rig."""
