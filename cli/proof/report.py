"""What a proof says: a line for each seed, the summary, the way to replay what failed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, is_dataclass

from cli.proof.verdict import Tally, Verdict

CLEAN = "0 duplicates, 0 oversold, 0 fills lost or counted twice; every position covered or with a reason."


def line(verdict: Verdict) -> str:
    """One seed."""
    counts = verdict.counts
    words = f"seed {verdict.script.seed:>4}  {verdict.seconds:5.1f} s  {'BROKEN' if verdict.broken else 'clean '}"
    words += f"  {counts['kills']} kills ({', '.join(sorted(verdict.kills.elements())) or 'none'})"
    words += f"  {counts['faults']} faults  {counts['orders']} orders  {counts['fills']} fills"
    words += "  PostgreSQL killed" if counts["outages"] else ""
    words += "".join(f"  frozen {freeze.point}" for freeze in verdict.evidence.freezes) if verdict.evidence else ""
    return words + (f"  not reached: {', '.join(verdict.missed)}" if verdict.missed else "")


def failure(verdict: Verdict) -> Iterator[str]:
    """What broke, where to look, how to play it again."""
    for sentence in verdict.broken:
        yield f"  BROKEN {sentence}"
    yield f"  kept in {verdict.folder}; replay: run.py prove --seed {verdict.script.seed}"


def as_text(verdict: Verdict) -> str:
    """Everything that is known of a seed: its script, the broker's ledger, the rows, what was seen and done."""
    evidence = verdict.evidence
    whole = {
        "broken": list(verdict.broken),
        "stakes": [asdict(stake) for stake in verdict.script.stakes],
        "deeds": [str(deed) for deed in verdict.script.deeds],
        "deaths": verdict.script.deaths,
        "freeze_at": verdict.script.freeze_at,
    }
    if evidence is not None:
        names = (
            "ledger",
            "users",
            "positions",
            "orders",
            "sends",
            "covered",
            "halts",
            "freezes",
            "recoveries",
            "falls",
        )
        whole |= {name: getattr(evidence, name) for name in names}
    return json.dumps(whole, indent=1, default=_plain)


def _plain(value: object) -> object:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def summary(tally: Tally) -> Iterator[str]:
    """All of them."""
    counts = tally.counts
    yield f"{len(tally.verdicts)} seeds, {len(tally.failed)} failed"
    yield f"{counts['kills']} kills: {_listed(tally.kills)}"
    yield f"{counts['faults']} faults ordered: {_listed(tally.faults)}"
    yield f"the order feed was struck {counts['feed_faults']} times: {_listed(tally.struck)}"
    yield f"other deeds: {_listed(tally.deeds)}"
    yield (
        f"{counts['orders']} orders of ours at the broker, {counts['fills']} fills, PostgreSQL killed"
        f" {counts['outages']} times, {counts['freezes']} owners frozen past their lease,"
        f" {counts['refused_tags']} second sends refused by their tag"
    )
    yield (
        f"duplicates = {counts['duplicates']}, oversold = {counts['oversold']},"
        f" fills lost or counted twice = {counts['miscounted']}"
    )
    for what, words in (("served", "served again"), ("certain", "no doubt left")):
        spread = tally.recovery[what]
        if spread:
            yield f"after a kill, {words}: median {spread['median']:.2f} s, longest {spread['max']:.2f} s"
    if not tally.failed:
        yield CLEAN


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {times}" for name, times in counts.items()) or "none"
