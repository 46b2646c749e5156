"""The side of the control door for prices that move by themselves."""

from collections.abc import Sequence

from broker.simulator.doorway import Doorway
from broker.simulator.price_file import read_script
from broker.simulator.walk import Walk


class PriceDoor(Doorway):
    """Scripts and walks; a price that is set by hand is where they go on from."""

    def play_prices(self, script: str) -> None:
        """Have prices follow the script (CSV, see price_file). ValueError says which line makes no sense."""
        try:
            lines = read_script(script)
        except ValueError as wrong:
            raise ValueError(f"the price script cannot be played: {wrong}") from wrong
        with self._now() as now:
            self._broker.paths.play(lines, now)

    def walk_prices(
        self,
        percent: float = 0.1,
        every: float = 1.0,
        gap: float = 1.0,
        symbols: Sequence[str] | None = None,
        liquidity: int | None = None,
        seed: int | None = None,
    ) -> None:
        """Have prices walk at random: a usual step in per cent every so many seconds, another one over each night.

        Of all symbols unless some are named; the same in every run of one seed (the simulator's unless given).
        """
        with self._now() as now:
            tradable = [name for name, market in self._broker.exchange.markets.items() if market.instrument.tradable]
            chosen = self._broker.seed if seed is None else seed
            self._broker.paths.walk(Walk(chosen, percent, every, gap, tuple(symbols or tradable), liquidity), now)

    def still_prices(self) -> None:
        """End every script and walk; prices stay where they are."""
        with self._now():
            self._broker.paths.stop()
