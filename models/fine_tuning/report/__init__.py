"""The report of a fine-tuned classifier, one HTML file."""
