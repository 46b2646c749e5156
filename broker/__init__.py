"""The outside world: one protocol, one real client, one simulator of its other side."""
