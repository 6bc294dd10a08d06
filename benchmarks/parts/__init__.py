"""What benchmarks are made of; no commands."""
