"""`kotak check` at work: a walk through the account, told step by step, without secrets."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from broker.kotak_neo import Egress, KotakAccount, KotakNeo, Reach
from broker.kotak_neo.checking.specification import Mark
from broker.kotak_neo.checking.walk import Overheard, Step, Trouble, Walk
from broker.kotak_neo.recording.redaction import Redaction
from cli.kotak_advice import Asked
from cli.kotak_lines import kotak_settings, open_recorder
from cli.output import note, say, write_json
from cli.reading import address
from cli.reading import credentials as read_credentials
from cli.serve import broker_host
from cli.times import Times
from domain.clock import SystemClock
from domain.tenure import Tenure
from domain.users import Credentials
from domain.wording import stopped
from settings import Settings, read_settings

NAME = "this account"


def perform(credentials: str, egress: str | None, url: str | None, as_json: bool) -> bool:
    """Check with the credentials of a file, from an address, at a login host; whether all that is certain agreed."""
    settings = read_settings()
    settings = settings if url is None else settings.model_copy(update={"kotak_url": url})
    plain = read_credentials(credentials)
    addresses = () if egress is None else (address(egress),)
    broker_host(settings, "--url " if url is not None else "NINEFIFTEEN_KOTAK_URL=")
    asked = Asked(credentials, settings.kotak_url, plain.proxy_url, *addresses)
    with _walk(settings, plain, Egress(addresses, settings.nat, plain.proxy_url)) as (walk, overheard):
        clean = Redaction(plain)
        done = []
        for step in walk.steps():
            clean.learn(value for one in overheard.exchanges for value in one.ask.headers.values() if len(value) > 16)
            done.append(step)
            if not as_json:
                _tell(step, clean, asked)
    passed = all(step.passed for step in done)
    if as_json:
        write_json({"passed": passed, "steps": [_row(step, clean, asked) for step in done]})
    else:
        _conclude(done, passed)
    return passed


@contextmanager
def _walk(settings: Settings, plain: Credentials, egress: Egress) -> Iterator[tuple[Walk, Overheard]]:
    clock, tenure = SystemClock(), Tenure(0, 1, NAME)
    how = replace(kotak_settings(settings, Times.of(settings)), reach=Reach.of(settings.kotak_url))
    recorder = open_recorder(settings)
    overheard = Overheard(recorder.tap(plain) if recorder is not None else None)
    account = KotakAccount(plain, how, clock, egress, overheard)
    try:
        with closing(KotakNeo(account, tenure, clock, how, lambda: None)) as client:
            yield Walk(client, overheard), overheard
    finally:
        if recorder is not None:
            recorder.close()
            note(f"Recorded without secrets in {settings.record}; look at it before you show it to anybody.")


def _tell(step: Step, clean: Redaction, asked: Asked) -> None:
    row = _row(step, clean, asked)
    counts = [f"{mark} {held} of {held + len(_differing(row, mark))}" for mark, held in _held(step).items()]
    read = "; ".join(filter(None, (clean.text(step.read) or "not read", ", ".join(counts))))
    say(f"{step.call:12} {_verdict(step):8} {read}")
    if step.failure:
        say(f"    {'failed':8} {row['failure']}")
        say(f"    {'do':8} {row['advice']}")
    for mark in Mark:
        for text in _differing(row, mark):
            say(f"    {mark:8} {text}")
    for text in step.comparison.new:
        say(f"    {'new':8} {clean.text(text)}")
    if step.comparison.note:
        say(f"    {'note':8} {step.comparison.note}")


def _verdict(step: Step) -> str:
    if step.passed:
        return "matched"
    return "failed" if step.failure and not step.differing(Mark.CERTAIN) else "DIFFERS"


def _conclude(done: list[Step], passed: bool) -> None:
    wrong = [str(step.call) for step in done if step.differing(Mark.CERTAIN)]
    failed = [str(step.call) for step in done if step.failure and not step.differing(Mark.CERTAIN)]
    told = [
        f"Not as specified: {', '.join(wrong)}." if wrong else "",
        f"Failed: {', '.join(failed)}." if failed else "",
    ]
    if passed:
        told = ["All that is certain matched."]
    if any(step.comparison.findings for step in done):
        unsure = sum(len(step.differing(mark)) for step in done for mark in (Mark.LIKELY, Mark.GUESS))
        told.append(f"Of the less certain statements {unsure or 'none'} did not match.")
    say(" ".join(filter(None, (*told, "Nothing was placed, changed or cancelled."))))


def _row(step: Step, clean: Redaction, asked: Asked) -> dict[str, object]:
    failure = step.failure.removeprefix(f"{NAME}#1: ")
    return {
        "call": str(step.call),
        "passed": step.passed,
        "read": clean.text(step.read),
        "failure": stopped(clean.text(failure, addresses=step.trouble is Trouble.ADDRESS)) if failure else "",
        "advice": asked.advice(step.trouble) if step.trouble is not None else "",
        "held": {str(mark): held for mark, held in _held(step).items()},
        "differing": {str(mark): [clean.text(text) for text in step.differing(mark)] for mark in Mark},
        "new": [clean.text(text) for text in step.comparison.new],
        "note": step.comparison.note,
    }


def _held(step: Step) -> dict[Mark, int]:
    used = {one.mark for one in step.comparison.findings}
    return {mark: step.held(mark) for mark in Mark if mark in used}


def _differing(row: dict[str, object], mark: Mark) -> list[str]:
    differing = row["differing"]
    assert isinstance(differing, dict)
    found: list[str] = differing[str(mark)]
    return found
