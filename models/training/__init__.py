"""What trainings of photos and of texts share: the state of one that was stopped, and a limit of time."""
