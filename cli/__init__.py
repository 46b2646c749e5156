"""The command line: one module for each group of verbs; `wiring` is the one place that knows every layer."""
