"""What "make demo" runs."""
