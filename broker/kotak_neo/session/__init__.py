"""How an account gets its session of the day, and when it needs another one."""
