"""Evidence: what a closed run consists of, who signed it, and whether all of it still holds."""
