"""How an account gets its session of the day, and is seen to come from its own address."""
