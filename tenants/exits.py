"""How a supervisor's process ends, for systemd and for scripts."""

from enum import IntEnum


class ExitCode(IntEnum):
    """70 and 71 ask to be started again; the threads that were left behind end with the process."""

    DRAINED = 0
    TOO_MANY_STUCK = 70
    LEFT_BEHIND = 71
