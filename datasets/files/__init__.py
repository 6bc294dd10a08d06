"""Files that users and servers made: found, downloaded and read, with every limit checked."""
