"""`simulator`: the other side of the broker's wire on this machine, for drills and for testing any client."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.exits import EPILOG
from domain.errors import BadInput, NinefifteenError, NotAllowed
from domain.wording import stopped

alone = typer.Typer(epilog=EPILOG, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def simulator(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    accounts: Annotated[int, typer.Option(min=1, max=1000, help="How many accounts exist.")] = 3,
    seed: Annotated[int, typer.Option(help="Makes the same accounts again.")] = 915,
    latency: Annotated[float, typer.Option(min=0, max=60, help="Seconds before a request is carried out.")] = 0.0,
    rate_limit: Annotated[int, typer.Option(min=0, help="Calls a second and account; 0: no limit.")] = 10,
    holding: Annotated[
        list[str] | None, typer.Option(help="SYMBOL=SHARES that every account holds; may be repeated.")
    ] = None,
    instruments: Annotated[
        Path | None, typer.Option(help="An NSE cash instrument file in the broker's format.")
    ] = None,
    open_in: Annotated[
        float | None, typer.Option(min=0, help="Seconds until the market opens; without it, it is always open.")
    ] = None,
    day_length: Annotated[
        float | None, typer.Option(min=1, help="Seconds from the bell to the close; with --open-in.")
    ] = None,
    prices: Annotated[Path | None, typer.Option(help="A price script, CSV: when,symbol,price,liquidity.")] = None,
    walk: Annotated[float | None, typer.Option(help="Prices walk at random: the usual step in per cent.")] = None,
    walk_every: Annotated[
        float | None, typer.Option(help="Seconds from step to step; with --walk.", show_default="1")
    ] = None,
    certificate: Annotated[Path | None, typer.Option(help="PEM with its private key: answer over https.")] = None,
    name: Annotated[str, typer.Option(help="The host in the URLs that it hands out.")] = "127.0.0.1",
) -> None:
    """Serve a simulated Kotak Neo on loopback HTTP until stopped; the first line is JSON with its URL and accounts."""
    if day_length is not None and open_in is None:
        raise BadInput(
            "--day-length needs --open-in SECONDS: when the bell rings, counted from now (0: it is ringing)."
        )
    if walk_every is not None and walk is None:
        raise BadInput("--walk-every needs --walk PERCENT: the usual step of the prices.")
    from broker.simulator import serve  # aiohttp, which no other verb needs

    try:
        code = serve(
            port=port,
            accounts=accounts,
            seed=seed,
            latency=latency,
            rate_limit=rate_limit,
            instruments=instruments,
            holdings=dict(_parsed(pair) for pair in holding or []),
            open_in=open_in,
            day_length=day_length,
            prices=prices,
            walk=walk,
            walk_every=1.0 if walk_every is None else walk_every,
            certificate=certificate,
            name=name,
        )
    except OSError as error:
        raise NotAllowed(_refusal(error, port)) from error
    except ValueError as error:
        raise BadInput(f"The simulator cannot start: {stopped(str(error))}") from error
    raise typer.Exit(code)


def _parsed(pair: str) -> tuple[str, int]:
    symbol, _, shares = pair.partition("=")
    if not symbol or not shares.isdigit():
        raise BadInput(f"--holding {pair} cannot be read; write SYMBOL=SHARES, such as IFBIND-EQ=10.")
    return symbol.upper(), int(shares)


def _refusal(error: OSError, port: int) -> str:
    if error.filename is not None:
        return f"The file {error.filename} cannot be read: {os.strerror(error.errno or 0)}."
    return f"Port {port} on 127.0.0.1 cannot be used: {error.strerror}. Choose another one, or --port 0 for a free one."


@alone.callback()
def _root() -> None:
    """The simulated broker."""


alone.command()(simulator)


def main() -> None:
    """This verb without the others, whose import would take longer than its own start."""
    try:
        alone()
    except NinefifteenError as error:
        sys.stderr.write(f"ninefifteen: {error}\n")
        sys.exit(error.exit_code)
