"""How sentences of ours take in the words of others."""


def stopped(text: str) -> str:
    """The text with one full stop at its end, whoever wrote it."""
    return f"{text.rstrip().rstrip('.')}."
