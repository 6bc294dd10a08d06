"""Parts of single lessons that would make their files too long."""
