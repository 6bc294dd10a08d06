"""What a command of the project sets up first: signals, streams, and libraries without notices."""
