"""Models in other forms: a page that runs one in a browser."""
