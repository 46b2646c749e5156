"""The exit codes, one table for people and for code."""

from collections.abc import Mapping

EXIT_CODES: Mapping[int, str] = {
    0: "done",
    1: "an invariant broke, or (coverage) a position is unprotected in market hours",
    2: "the command line cannot be read",
    3: "bad input; nothing was written",
    4: "the database cannot be reached, started or written",
    5: "the database has a schema that this program does not know",
    6: "the start is refused: a port, a folder, a key file, a host that may not be spoken to",
    70: "a tenant's thread hangs and the process has to be started anew",
    71: "something had to be abandoned while draining",
    130: "interrupted",
}

EPILOG = "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + "."
