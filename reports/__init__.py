"""Record and verdicts in, what people read out. Never talks to a rig."""
