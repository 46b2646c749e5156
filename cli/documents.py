"""The documents that are made from the code, so that they cannot say anything else: `make docs` writes them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import say
from domain.orders import LIVE, OrderStatus, Reason, Side
from domain.reasons import ADVICE, BREACHES, MEANING, PLACES, Place
from domain.rejections import RULES, Kind
from domain.transitions import MEANING as STATES
from domain.transitions import TERMINAL, TRANSITIONS, Proof, Transition

if TYPE_CHECKING:
    from broker.kotak_neo.meanings import Line

FOLDER = Path(__file__).parents[1] / "docs"
MADE = "Made from the code by `make docs`; a test compares the two."
KINDS: Mapping[Kind, str] = {
    Kind.RETRYABLE: "tried again after a pause, at most three times a day",
    Kind.NOT_TODAY: "not before the next session",
    Kind.HUMAN: "somebody has to change something first",
}
PROOFS: Mapping[Proof, str] = {
    Proof.INTENT: "a committed row of `sends`",
    Proof.REPLY: "the broker's own answer to a send",
    Proof.BOOK: "a row of the broker's order book",
    Proof.HOLDINGS: "the holdings of a later day, read twice alike, in an account without own shares of the symbol",
    Proof.OPERATOR: "a row of `settlements` (`run.py settle`), with who wrote it and why",
    Proof.OURS: "nothing of it ever left this machine: every send ended as not sent, or there was none",
    Proof.POSITION: "the position that it belongs to is closed",
}
FOUND: Mapping[Place, str] = {
    Place.COVERAGE: "found by `coverage`",
    Place.POSITION: "`positions.reason`",
    Place.ORDER: "`orders.reason`",
}


def documents(
    folder: Annotated[Path, typer.Argument(help="Where to write them.")] = FOLDER,
) -> None:
    """Write the documents that are made from the code."""
    for name, page in pages().items():
        (folder / name).write_text(page, encoding="utf-8")
        say(f"{folder / name}")


def pages() -> Mapping[str, str]:
    """The text of each document by its file's name."""
    return {
        "orders.md": _page(_orders()),
        "reasons.md": _page(_reasons()),
        "kotak_answers.md": _page(_answers()),
    }


def _orders() -> Iterator[str]:
    yield from ("# The states of an order", "", MADE, "")
    yield "Source: `domain/transitions.py`. The database holds the same steps (`order_transitions`) and refuses the"
    yield "service any other one, and every end that comes without evidence. A person with SQL may take any step."
    yield from ("", "## States", "")
    yield from _table(("state", "at the broker", "what it says"), [(s, _where(s), STATES[s]) for s in OrderStatus])
    yield from ("", "## Proofs", "", "What a step rests on; all of it is stored.", "")
    yield from _table(("proof", "what it is"), [(proof, PROOFS[proof]) for proof in Proof])
    for side in (Side.SELL, Side.BUY):
        yield from ("", f"## {side}", "", "```mermaid", *_diagram(side), "```", "")
        yield "The picture shows the ways forward. What the book brings back after an end is in the table alone."
        yield ""
        steps = [step for step in TRANSITIONS if step.side is side]
        yield from _table(("from", "to", "proven by one of"), [(s.before, s.after, ", ".join(s.proofs)) for s in steps])


def _where(state: OrderStatus) -> str:
    if state in LIVE:
        return "rests, or may"
    return "nothing of it can trade" if state in TERMINAL else "not sent yet"


def _diagram(side: Side) -> Iterator[str]:
    """Steps that every live state can take are drawn once, from all of them together."""
    forward = [s for s in TRANSITIONS if s.side is side and (s.before not in TERMINAL or s.after is OrderStatus.CLOSED)]
    common = {s.after for s in forward if _from_all_live(s, forward)}
    live = [s for s in forward if s.before in LIVE and s.after in LIVE]
    yield "stateDiagram-v2"
    yield "    state LIVE {"
    yield from (f"        {s.before} --> {s.after}: {', '.join(s.proofs)}" for s in live)
    yield "    }"
    yield from (f"    {s.before} --> {s.after}" for s in forward if s not in live and s.after not in common)
    yield from (f"    LIVE --> {state}" for state in OrderStatus if state in common)


def _from_all_live(step: Transition, steps: Iterable[Transition]) -> bool:
    return step.after not in LIVE and {other.before for other in steps if other.after is step.after} >= LIVE


def _reasons() -> Iterator[str]:
    yield from ("# Reasons", "", MADE, "")
    yield "Why a position has no order resting, or an order ended. `run.py coverage` tells the reason of each open"
    yield "position with the broker's own words and the numbers; `run.py explain POSITION` tells how it came to it."
    yield from ("", "## Codes", "")
    headings = ("reason", "where it appears", "what it means", "what to do")
    yield from _table(headings, [(r, ", ".join(FOUND[p] for p in PLACES[r]), MEANING[r], ADVICE[r]) for r in Reason])
    yield from ("", "## Breaches", "", "What the text of `BREACHED` begins with.", "")
    yield from _table(("words", "what they mean"), [(f"`{words}`", means) for words, means in BREACHES.items()])
    yield from ("", "## Refusals", "")
    yield "What the broker's words of refusal mean (`domain/rejections.py`): the first line whose words all stand in"
    yield "the text decides, compared in small letters. What nobody has seen before is tried again."
    yield ""
    rules = [(" + ".join(f"`{words}`" for words in r.words), r.means, r.kind, KINDS[r.kind]) for r in RULES]
    yield from _table(("words", "what they mean", "kind", "what follows"), rules)


def _answers() -> Iterator[str]:
    from broker.kotak_neo.meanings import TABLE  # with all of the client, which no other verb of rows needs

    yield from ("# What Kotak's answers mean", "", MADE, "")
    yield "Source: `broker/kotak_neo/meanings.py`. The first line that fits decides. A *change* is place, modify or"
    yield "cancel: *refused* is definite, *log in again*, *not from here* and *wait* mean that the order system never"
    yield "saw it, *unknown* is looked up in the order book and never sent again blindly. *Not from here* holds all"
    yield "orders of the account for a while (`broker/kotak_neo/ban.py`). A *read* is everything else: *refused* fails"
    yield "it at once, *wait* is tried again within its deadline, *log in again* is tried once more in a new session."
    yield ""
    rows = [(_looks(line), _statuses(line), _codes(line), line.change, line.read, line.says) for line in TABLE]
    yield from _table(("an answer", "HTTP", "code", "a change", "a read", "what it means"), rows)


def _looks(line: "Line") -> str:
    return " or ".join(sorted(line.shapes)) if line.shapes and len(line.shapes) < 3 else "any"


def _statuses(line: "Line") -> str:
    from broker.kotak_neo.meanings import CLEAR, DOOR, GOOD, TROUBLE

    names = {"any": None, "2xx": GOOD, "2xx, 400, 401, 403, 404, 422": CLEAR, "2xx, 400, 404, 422": CLEAR - DOOR,
             "401, 403": DOOR, "424, 5xx": TROUBLE, "429": {429}, "404": {404}}  # fmt: skip
    return next(name for name, http in names.items() if http == line.http)


def _codes(line: "Line") -> str:
    named = ", ".join(sorted("none" if code is None else str(code) for code in line.codes or ()))
    return named or ("none, or the status" if line.own else "any")


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    for row in rows:
        cells = [str(cell).replace("|", "\\|") for cell in row]
        yield f"| {' | '.join(cells)} |"


def _page(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"
