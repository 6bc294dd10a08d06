"""The report of a classifier, one HTML file, and what it advises to do next."""
