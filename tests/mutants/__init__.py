"""Mutations that break a promise on purpose, and the tests that must notice: `python -m tests.mutants`."""
