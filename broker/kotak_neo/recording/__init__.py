"""Every exchange with the broker, written down without secrets."""
