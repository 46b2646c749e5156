"""A recording read again: what our client makes of each answer now, and how it differs from the simulator's own.

The simulator answers the same call about things of its own, so that values never match and only shapes are compared:
keys, types, HTTP status. An error is judged again, and not compared: its shapes are a table of their own.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import requests
from feed_client import FeedClient
from simulator_client import SYMBOL, Client

from broker.kotak_neo.calls import CHANGES, CallName
from broker.kotak_neo.checking.shapes import differences, shape
from broker.kotak_neo.feed.words import Meaning, meaning
from broker.kotak_neo.recording.opinions import NO_OPINION, opinion
from broker.kotak_neo.recording.recorder import FORMAT
from broker.kotak_neo.reply import parsed, reply
from broker.kotak_neo.wire import Answer
from broker.simulator import Simulator
from broker.simulator.login import LoginCodes
from domain.clock import VirtualClock

TOKEN = "1485"
DATA = "/script-details/1.0"


@dataclass(frozen=True)
class Recorded:
    """One line that ended in an answer."""

    where: str
    call: CallName
    answer: Answer
    judged: str
    cut: bool

    @property
    def good(self) -> bool:
        """Whether it is what was asked for, and neither an error nor "No Data"."""
        said = reply(parsed(self.answer.body))
        return 200 <= self.answer.status < 300 and not (said is not None and said.text and not said.ok)


@dataclass(frozen=True)
class RecordedFrame:
    """One frame that the order feed said."""

    where: str
    meaning: str
    text: str


@dataclass
class Recordings:
    """All that a folder holds: lines with an answer, frames of the feed, and how many ended otherwise or cannot be
    read."""

    answered: list[Recorded]
    ended: Counter[str]
    unreadable: int = 0
    frames: list[RecordedFrame] = field(default_factory=list)


def read(folder: Path) -> Recordings:
    """Every recording of a folder; a line that was cut by a kill or a full disk is counted."""
    found = Recordings([], Counter())
    for path in sorted(folder.glob("*.jsonl")):
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not text:
                continue
            try:
                line = json.loads(text)
                assert line["format"] == FORMAT, f"{path.name}: recorded by another version, format {line['format']}"
                where = f"{path.name}:{number}"
                if "feed" in line:
                    if line["feed"] == "said" and "cut_from" not in line:
                        found.frames.append(RecordedFrame(where, line["meaning"], line["text"]))
                    continue
                found.ended[line["ended"]] += 1
                if line["ended"] == "answer":
                    found.answered.append(_recorded(where, line))
            except (ValueError, KeyError, TypeError):
                found.unreadable += 1
    return found


def misjudged(found: Recordings) -> list[str]:
    """Where our client makes something else of an answer than it did when the answer came."""
    told = []
    for one in found.answered:
        if one.cut or one.judged == NO_OPINION:
            continue
        now = opinion(one.call, one.answer)
        if now != one.judged:
            told.append(f"{one.where}: {one.call}: taken for {now!r} now, for {one.judged!r} when it came")
    for frame in found.frames:
        means = meaning(frame.text)
        if means != frame.meaning:
            told.append(f"{frame.where}: feed: taken for {means!r} now, for {frame.meaning!r} when it came")
    return told


class FrameComparer:
    """The frames of a simulator of its own, of an order that rests, trades in part, is changed, cancelled, refused."""

    def __init__(self) -> None:
        clock = VirtualClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))
        with Simulator(clock=clock, holdings={SYMBOL: 1000}, rate_limit=0) as simulator:
            client = Client(simulator, simulator.accounts[0], clock.now())
            with FeedClient(simulator.url, client.headers) as feed:
                feed.greet()
                shapes = [shape(feed.frame())]
                number = client.sell("nfcompared")
                clock.advance(1)
                simulator.fill(number, 4, "901.00")
                client.modify(number, "905.00", "10")
                clock.advance(1)
                client.cancel(number)
                clock.advance(1)
                client.sell("nfrefused", pr="5000")
                clock.advance(1)
                sent = simulator.feeds()["frames"][simulator.accounts[0].ucc]
                self._frames = [feed.frame() for _ in range(sent)]
        self._welcome = shapes[0]

    def differing(self, found: Recordings) -> list[str]:
        """One line for each difference, with how many frames show it."""
        told: Counter[str] = Counter()
        for one in found.frames:
            told.update(self._differences(one))
        return [f"{text}{f'  ({count} times)' if count > 1 else ''}" for text, count in sorted(told.items())]

    def _differences(self, one: RecordedFrame) -> Iterator[str]:
        try:
            frame = json.loads(one.text)
        except ValueError:
            yield "feed: a frame that is no JSON"
            return
        if one.meaning == Meaning.WELCOME:
            yield from (f"feed welcome: {text}" for text in map(str, differences(self._welcome, shape(frame))))
        if one.meaning != Meaning.NEWS:
            return
        kind = frame.get("type")
        ours = [shape(known) for known in self._frames if known["type"] == kind]
        if not ours:
            yield f"feed: a frame of the type {kind}, which the simulator does not send"
            return
        # A frame differs from all of ours; what it differs in is told against the one that is nearest.
        nearest = min((differences(known, shape(frame)) for known in ours), key=len)
        yield from (f"feed {kind}: {difference}" for difference in nearest)


class Comparer:
    """Asks a simulator what was asked of the broker, once for each call."""

    def __init__(self, simulator: Simulator, client: Client, clock: VirtualClock) -> None:
        self._client = client
        self._clock = clock
        self._number = client.sell("nfcompared")
        clock.advance(1)
        simulator.fill(self._number, 4, "901.00")
        self._answers: dict[CallName, requests.Response] = {}

    def differing(self, found: Recordings) -> list[str]:
        """One line for each difference, with how many answers show it."""
        told: Counter[str] = Counter()
        for one in found.answered:
            told.update(f"{one.call}: {text}" for text in self._differences(one))
        return [f"{text}{f'  ({count} times)' if count > 1 else ''}" for text, count in sorted(told.items())]

    def _differences(self, one: Recorded) -> Iterator[str]:
        if one.call is CallName.OTHER:
            yield "a call that the client did not make when this was written"
            return
        if not one.good:
            return
        ours = self._ours(one.call)
        if ours.status_code != one.answer.status:
            yield f"status {one.answer.status} instead of {ours.status_code}"
        if one.call is CallName.INSTRUMENTS:
            yield from _columns(ours.content, one.answer.body)
            return
        body = parsed(one.answer.body)
        if body is None:
            yield "no JSON"
            return
        yield from map(str, differences(shape(ours.json()), shape(body)))

    def _ours(self, call: CallName) -> requests.Response:
        if call not in self._answers:
            self._answers[call] = self._asked(call)
        return self._answers[call]

    def _asked(self, call: CallName) -> requests.Response:
        client, number = self._client, self._number
        if call in CHANGES:
            number = client.sell(f"nfcompared{call}")
            self._clock.advance(1)
        if call in (CallName.LOGIN, CallName.VALIDATE):
            return self._logged_in(call)
        if call in _GETS:
            path = _GETS[call].format(number=number, day=date(2026, 11, 20))
            return client.http.get(client.url + path, headers=client.headers)
        if call is CallName.INSTRUMENTS:
            paths = client.get(f"{DATA}/masterscrip/file-paths")["data"]["filesPaths"]
            return client.http.get(paths[-1])
        path, words = _POSTS[call]
        return client.send(path, {key: value.format(number=number) for key, value in words.items()})

    def _logged_in(self, call: CallName) -> requests.Response:
        view = self._client.view(LoginCodes(self._client.account.totp_secret).at(self._clock.now()))
        if call is CallName.LOGIN:
            return view
        return self._client.validate(view.json()["data"], self._client.account.mpin)


_GETS: Mapping[CallName, str] = {
    CallName.CLIENT_IP: "/login/1.0/get-client-ip",
    CallName.ORDERS: "/quick/user/orders",
    CallName.ORDER: "/quick/user/orders/{number}",
    CallName.TRADES: "/quick/user/trades",
    CallName.POSITIONS: "/portfolio/v2/positions",
    CallName.HOLDINGS: "/portfolio/v1/holdings",
    CallName.QUOTES: f"{DATA}/quotes/neosymbol/nse_cm|{TOKEN}/all",
    CallName.CANDLES: (
        "/market-data/1.0/historical/details?neosymbol=nse_cm|1485&interval=D&fromdate={day}&todate={day}"
    ),
    CallName.FILE_PATHS: f"{DATA}/masterscrip/file-paths",
}
_ORDER = {"es": "nse_cm", "ts": SYMBOL, "tt": "S", "pc": "CNC", "pt": "L", "qt": "10", "tp": "0", "dq": "0", "mp": "0"}
_POSTS: Mapping[CallName, tuple[str, Mapping[str, str]]] = {
    CallName.PLACE: ("/quick/order/rule/ms/place", {**_ORDER, "am": "NO", "rt": "DAY", "pr": "899", "ig": "nfplaced"}),
    CallName.MODIFY: ("/quick/order/vr/modify", {**_ORDER, "no": "{number}", "pr": "902", "vd": "DAY", "am": "NO"}),
    CallName.CANCEL: ("/quick/order/cancel", {"on": "{number}", "am": "NO"}),
    CallName.HISTORY: ("/quick/order/history", {"nOrdNo": "{number}"}),
    CallName.LIMITS: ("/quick/user/limits", {"seg": "ALL", "exch": "ALL", "prod": "ALL"}),
    CallName.MARGIN: (
        "/quick/user/check-margin",
        {"exSeg": "nse_cm", "prc": "900", "prcTp": "L", "prod": "CNC", "qty": "10", "tok": TOKEN, "trnsTp": "B",
         "brkName": "KOTAK", "brnchId": "ONLINE"},
    ),
}  # fmt: skip


def _columns(ours: bytes, theirs: bytes) -> Iterator[str]:
    left, right = ([name.strip() for name in text.split(b"\n")[0].decode().split(",")] for text in (ours, theirs))
    yield from (f"column {name}: missing" for name in left if name not in right)
    yield from (f"column {name}: new" for name in right if name not in left)


def _recorded(where: str, line: Mapping[str, Any]) -> Recorded:
    body = line["body"].encode()
    call = CallName.OTHER
    with suppress(ValueError):
        call = CallName(line["call"])
    answer = Answer(line["status"], body, whole=line["whole"])
    return Recorded(where, call, answer, line["judged"], "body_cut_from" in line)
