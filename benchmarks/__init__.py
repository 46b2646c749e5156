"""Measurements of the service beside what the machine could do at best; printed, never asserted."""
