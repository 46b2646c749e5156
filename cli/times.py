"""The times of a service, as the environment says, with a drill's pace applied."""

from dataclasses import dataclass

from service.settings import TradingSettings
from settings import Settings


@dataclass(frozen=True, slots=True)
class Times:
    """The settings of a service, with a drill's pace applied."""

    trading: TradingSettings
    lease: float

    @classmethod
    def of(cls, settings: Settings) -> "Times":
        """Take over what the environment says."""
        trading = TradingSettings(
            cycle=settings.cycle_seconds,
            send_window=settings.kotak_send_window_seconds,
            call_deadline=settings.kotak_call_deadline_seconds,
            book_lag=settings.kotak_book_lag_seconds,
            absent_reads=settings.kotak_absent_reads,
            sellable_nets_orders=settings.kotak_sellable_nets_orders,
        )
        return cls(trading.paced(settings.pace), settings.lease_seconds)
