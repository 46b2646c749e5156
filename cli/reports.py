"""`coverage`, `status`, `explain`: how things stand, from rows alone; no service has to run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from cli.halts import halt_lines
from cli.options import Json, OfUser
from cli.output import rupees, say, with_paper, write_json, write_table
from cli.story import as_line, generation, sentence, who
from cli.wiring import coverage_repository, open_database
from domain.coverage import Coverage, CoverState, Totals, total
from domain.tenancy import SupervisorRow, TenantStatus
from domain.wording import stopped
from repositories.halts import concerning
from repositories.standing import Halt, StandingRepository
from repositories.stories import StoriesRepository
from repositories.tenants import TenantsRepository
from repositories.users import UsersRepository
from settings import read_settings

COVERAGE = (
    "POSITION",
    "USER",
    "SYMBOL",
    "QTY",
    "RESTING",
    "STATE",
    "SINCE (IST)",
    "NUMBER",
    "PRICE",
    "SEEN (IST)",
    "REASON",
)
SUPERVISORS = ("SUPERVISOR", "HOST", "PID", "LEASE", "SINCE", "LEASE UNTIL", "DRILL", "BELL", "CLOSE", "CYCLE")
TENANTS = ("ID", "USER", "ENABLED", "SERVED BY", "GENERATION", "STATE", "BEAT", "LAST BOOK", "TEXT")
MOST_NAMED = 5
HALTS = ("HALT", "USER", "SINCE", "BY", "CANCELS", "BECAUSE")


@dataclass(frozen=True, slots=True)
class Status:
    """Who serves, whom, and what stands in the way."""

    supervisors: Sequence[SupervisorRow]
    tenants: Sequence[TenantStatus]
    halts: Sequence[Halt]


def coverage(user: OfUser = None, as_json: Json = False) -> None:
    """Say of every open position how it is covered.

    Exits with 1 while one is UNPROTECTED in market hours.
    """
    settings = read_settings()
    with open_database(settings) as database:
        owner = UsersRepository(database).find(user).id if user else None
        repository = coverage_repository(database, settings)
        covered = repository.read(owner)
        totals = total((one for one in covered if not one.paper), repository.sold_today(owner))
        paper = total((one for one in covered if one.paper), repository.sold_today(owner, paper=True))
        halts = concerning(StandingRepository(database).halts(), owner)
    if as_json:
        write_json({"halts": halts, "positions": covered, "totals": totals, "paper_totals": paper})
    else:
        for line in halt_lines(halts):
            say(line)
        _print_coverage(covered, totals, paper)
    if any(one.alarming for one in covered):
        raise typer.Exit(1)


def status(as_json: Json = False) -> None:
    """Show services, every account's tenant, and halts."""
    with open_database(read_settings()) as database:
        standing = StandingRepository(database)
        found = Status(standing.supervisors(), TenantsRepository(database).status(), standing.halts())
    if as_json:
        write_json(found)
    else:
        _print_status(found)


def explain(position: Annotated[int, typer.Argument(help="The position's number.")], as_json: Json = False) -> None:
    """Tell the story of a position in order of time.

    Every row, intent, answer, sighting and fill.
    """
    settings = read_settings()
    with open_database(settings) as database:
        story = StoriesRepository(database).of_position(position)
        owner = next(told.row["user_id"] for told in story if told.kind == "opened")
        covered = coverage_repository(database, settings).read(owner)
    now = next((one for one in covered if one.position == position), None)
    if as_json:
        write_json({"position": position, "story": [as_line(told) for told in story], "now": now})
        return
    rows = [(told.at, who(told), generation(told), told.source, sentence(told)) for told in story]
    write_table(("TIME (IST)", "BY", "GENERATION", "ROW", "WHAT"), rows, "")
    if now is not None:
        words = ": ".join(word for word in (now.reason, now.text) if word)
        say(f"Now {now.state}: {stopped(words)} {now.advice}".rstrip())


def _print_coverage(covered: Sequence[Coverage], totals: Totals, paper: Totals) -> None:
    write_table(COVERAGE, [_cells(one) for one in covered], "There are no open positions.")
    for words, symbols in _grouped(covered).items():
        more = f" and {len(symbols) - MOST_NAMED} more" if len(symbols) > MOST_NAMED else ""
        say(f"{', '.join(symbols[:MOST_NAMED])}{more}: {words}")
    money = bool(totals.positions or totals.sold_today or not paper.positions)
    if money:
        say(_totals(totals))
    if paper.positions or paper.sold_today:
        say(f"On paper{', and not in any sum above' if money else ''}: {_totals(paper)}")


def _totals(totals: Totals) -> str:
    return (
        f"{totals.protected} protected, {totals.placing} placing, {totals.in_doubt} in doubt, {totals.unprotected}"
        f" unprotected; rupees not covered: {rupees(totals.rupees_uncovered)}; sold today: {totals.sold_today}."
    )


def _cells(one: Coverage) -> tuple[object, ...]:
    held = (one.position, with_paper(one.user, one.paper), one.symbol, one.quantity, one.resting)
    return (*held, one.state, one.since, one.broker_order_id, one.price, one.seen_at, one.reason)


def _grouped(covered: Sequence[Coverage]) -> Mapping[str, Sequence[str]]:
    """What is to be said, once for all positions of which it holds."""
    groups: dict[str, list[str]] = {}
    for one in covered:
        if one.reason or one.state is not CoverState.PROTECTED:
            words = f"{one.reason or one.state}: {stopped(one.text)} {one.advice}".rstrip()
            groups.setdefault(words, []).append(f"{one.symbol} ({one.position}{', paper' if one.paper else ''})")
    return groups


def _print_status(found: Status) -> None:
    write_table(SUPERVISORS, map(_process, found.supervisors), "No service is running; start it with: run.py serve")
    say("")
    write_table(TENANTS, map(_tenant, found.tenants), "There are no users; see: run.py user add --help")
    say("")
    halts = [(h.id, h.user or "all users", h.created_at, h.created_by, h.cancel_orders, h.because) for h in found.halts]
    write_table(HALTS, halts, "No halt stands.")
    say("Times are IST.")


def _process(row: SupervisorRow) -> tuple[object, ...]:
    lease = ("runs" if row.alive else "LAPSED", row.started_at, row.lease_until)
    return (row.id, row.host, row.pid, *lease, row.drill, row.bell_at, row.close_at, f"{row.cycle_seconds:g} s")


def _tenant(row: TenantStatus) -> tuple[object, ...]:
    served = row.supervisor_id if row.alive else None
    said = (row.state, _age(row.beat_age_seconds), row.book_at, row.text or None)
    return (row.user_id, with_paper(row.name, row.paper), row.enabled, served, row.generation, *said)


def _age(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds:.1f} s ago"
