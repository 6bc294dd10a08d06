"""What the report of a fine-tuned classifier of photos says."""
