"""Charts: arrays in, matplotlib Axes out."""
