"""A page on which a person chooses the class of each photo: one HTML file, without a server or a network."""
