"""Every error of ours, with the first question answered: does waiting help?"""

from typing import ClassVar


class NinefifteenError(Exception):
    """The one base. Its text is a sentence: what happened, to whom, the numbers, what to do."""

    waiting_helps: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1


class BadInput(NinefifteenError):
    """Somebody gave us something wrong; nothing was written."""

    exit_code = 3


class DatabaseUnavailable(NinefifteenError):
    """PostgreSQL cannot be reached, started or written."""

    waiting_helps = True
    exit_code = 4


class ConstraintBroken(NinefifteenError):
    """The database forbade a row: somebody else was first, or one of our own checks is missing."""


class SchemaUnknown(NinefifteenError):
    """The database has a schema that this program does not know."""

    exit_code = 5


class NotAllowed(NinefifteenError):
    """The start is refused: a port, a folder, a host that may not be spoken to."""

    exit_code = 6


class TenureLost(NinefifteenError):
    """This thread's right to act for its user has ended; whoever raised the generation acts now."""


class TransactionHeld(NinefifteenError):
    """A broker call was about to start while this thread held a transaction: a defect of ours, never a state."""


class BrokerUnavailable(NinefifteenError):
    """A read at the broker failed; it decides nothing."""

    waiting_helps = True


class AddressWrong(BrokerUnavailable):
    """The broker sees an account come from another address than its own, or the address cannot be used."""


class SessionEnded(BrokerUnavailable):
    """The broker no longer knows the session; a new login helps."""


class LoginRefused(NinefifteenError):
    """The broker refused the credentials. Repeating would lock the account."""


class ClockWrong(NinefifteenError):
    """Our clock and the broker's differ by more than is safe."""

    waiting_helps = True
