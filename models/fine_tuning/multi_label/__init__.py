"""Classifiers that give a photo any number of labels: see `classifier`."""
