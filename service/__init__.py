"""One tenant's day: look at the broker, record, decide, act; again."""
