"""Labels: which may be wrong, which examples to label next, and a page to label them on."""
