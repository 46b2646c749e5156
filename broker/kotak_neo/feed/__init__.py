"""Kotak's order feed: a hint that something has happened to an order, never more."""
