"""What a lesson is run by: the command line, the results folder, and what several lessons share."""
