"""What must hold of every day, however played, told from the ledger: never two sells, never more than was ours."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

Row = Mapping[str, Any]


class Judged(Protocol):
    """Any evidence that has the broker's ledger and knows what was ours."""

    @property
    def ledger(self) -> Mapping[str, Any]:
        """The simulator's own account of what happened."""

    def acquired(self, line: Row) -> int:
        """Shares of one account and symbol that were ever ours."""


def never_twice(evidence: Judged) -> Iterator[str]:
    """One live sell at a time for an account and symbol."""
    for line in evidence.ledger["symbols"]:
        if line["max_live_api_sells"] > 1:
            yield f"TWICE: {line['max_live_api_sells']} sells of {line['symbol']} were live at once in {line['ucc']}"


def never_oversold(evidence: Judged) -> Iterator[str]:
    """Never more on offer, with what was sold, than was ours or than the account held."""
    for line in evidence.ledger["symbols"]:
        if beyond(evidence, line):
            yield (
                f"OVERSOLD: {line['ucc']} {line['symbol']}: our sells reached {line['max_api_sell_shares']} shares,"
                f" the position had {evidence.acquired(line)}; excess over the account {line['oversold']}"
            )


def duplicates(evidence: Judged) -> int:
    """Sells of ours too many: live at the same time for one account and symbol."""
    return sum(max(0, int(line["max_live_api_sells"]) - 1) for line in evidence.ledger["symbols"])


def oversold(evidence: Judged) -> int:
    """Shares that our orders sold, or could have sold, beyond the positions; the owner's own shares are not ours."""
    return sum(beyond(evidence, line) for line in evidence.ledger["symbols"])


def beyond(evidence: Judged, line: Row) -> int:
    """Shares of one account and symbol that our sells reached beyond what was ours, or beyond the account."""
    return max(0, int(line["max_api_sell_shares"]) - evidence.acquired(line), int(line["oversold"]))
