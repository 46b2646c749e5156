"""The times of a tenant's day, in seconds; one factor scales them all for drills and tests."""

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class TradingSettings:
    """How often to look and how long to believe.

    `cycle`: between two looks. `follow_up`: until the next look while something is under way. `book_max_age`: how old
    a book may be for a decision. `send_window`: how long after its commit an intent may be sent. `call_deadline`: the
    broker call's total. `book_lag`: how late an accepted order may show in the book. `login_lead`: before the bell,
    and `login_due`: by when there must be a session (08:45). `login_patience`: for how long logins must have failed
    before that is said aloud. `address_check`: before the bell, when the address that
    the broker sees is looked at again. `retry_after`: after a rejection, times the rejections so far. `settle_tail`:
    after the close, for the last fills and lapses. `evening`: after the close, one more look at what the owner traded
    after it. `idle`: the longest wait of a sleeping tenant. `band_refresh`, `holdings_refresh`: between two reads of
    what a position waits for. `holdings_steady`: how long holdings must show the same before what is missing is
    believed. `holdings_lag`: how late they may follow the order book.

    What differs from broker to broker and is not known for certain: `send_window`, `call_deadline`, `book_lag`,
    `absent_reads` (complete reads in a row that prove absence), `sellable_nets_orders` (whether the broker's sellable
    quantity is already less what rests).
    """

    cycle: float = 5.0
    follow_up: float = 1.0
    book_max_age: float = 10.0
    send_window: float = 5.0
    call_deadline: float = 10.0
    book_lag: float = 20.0
    login_lead: float = 2100.0
    login_due: float = 1800.0
    login_patience: float = 180.0
    address_check: float = 300.0
    retry_after: float = 30.0
    settle_tail: float = 900.0
    evening: float = 2100.0
    idle: float = 20.0
    band_refresh: float = 30.0
    holdings_refresh: float = 15.0
    holdings_steady: float = 300.0
    holdings_lag: float = 60.0
    absent_reads: int = 2
    sellable_nets_orders: bool = False

    @property
    def absent_after(self) -> float:
        """Seconds from a send's `send_by` until a read that begins then proves something by not showing it."""
        return self.call_deadline + self.book_lag

    def paced(self, pace: float) -> "TradingSettings":
        """The same settings with every time multiplied."""
        times = [field.name for field in fields(self) if isinstance(field.default, float)]
        return replace(self, **{name: getattr(self, name) * pace for name in times})
