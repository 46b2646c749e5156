"""What the recorder keeps of the order feed: every frame's shape and no secret, at the price of a queue.

Mutations to try: write the greeting as it was sent; learn nothing from the session; keep every frame of a flood.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from feed_client import until
from recordings import FrameComparer, read
from simulator_client import SYMBOL, Client
from test_order_feed import FAST, credentials

from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from broker.kotak_neo.feed.feeds import KotakFeeds
from broker.kotak_neo.feed.notes import FRAMES_AT_ONCE
from broker.kotak_neo.recording.line import KEPT_OF_A_FRAME
from broker.kotak_neo.recording.recorder import Recorder
from broker.kotak_neo.tap import Frame, FrameKind
from broker.simulator import Simulator
from domain.clock import SystemClock, VirtualClock
from domain.tenure import Tenure
from domain.users import Credentials


class Studio:
    """A simulator whose account is followed and recorded."""

    def __init__(self, clock: VirtualClock, folder: Path) -> None:
        self.clock = clock
        self.folder = folder
        self.recorder = Recorder(folder)
        self.broker = Simulator(clock=clock, rate_limit=0, holdings={SYMBOL: 100}).start()
        person = self.broker.accounts[0]
        settings = KotakSettings(self.broker.url, reads_per_second=0)
        self.tenure = Tenure(1, 1, "asha")
        self.account = KotakAccount(credentials(person), settings, clock, tap=self.recorder.tap(credentials(person)))
        with closing(KotakNeo(self.account, self.tenure, clock, settings, lambda: None)) as client:
            client.login()
        session = self.account.session()
        assert session is not None
        self.secrets = [session.token, session.sid, person.consumer_key, person.ucc, person.totp_secret]
        self.feeds = KotakFeeds(FAST, SystemClock())

    def follow(self) -> None:
        """Connect; returns when connected."""
        feed = self.feeds.follow(self.tenure, self.account)
        until(lambda: feed.text == "order feed connected")

    def trade(self) -> str:
        """An order by another door that rests and fills in part; its number."""
        self.clock.advance(60)
        wire = Client(self.broker, self.broker.accounts[0], self.clock.now())
        number = wire.sell("nf7abc")
        self.clock.advance(1)
        self.broker.fill(number, 4, "901.00")
        return number

    def frames(self) -> int:
        """How many frames the broker has sent."""
        return int(self.broker.feeds()["frames"].get(self.broker.accounts[0].ucc, 0))

    def text(self) -> str:
        """Everything that is written by now."""
        return "".join(path.read_text() for path in self.folder.iterdir())

    def lines(self) -> list[dict[str, Any]]:
        """What was written about the feed; ends the recording."""
        self.end()
        text = self.text()
        assert not [secret for secret in self.secrets if secret.lower() in text.lower()]
        return [line for line in map(json.loads, text.splitlines()) if "feed" in line]

    def end(self) -> None:
        """End everything; may be repeated."""
        self.feeds.close()
        self.broker.stop()
        self.recorder.close()


@pytest.fixture
def studio(clock: VirtualClock, tmp_path: Path) -> Iterator[Studio]:
    made = Studio(clock, tmp_path / "recording")
    yield made
    made.end()


def heard(studio: Studio, count: int) -> None:
    """Wait until so many events of the feed are in the file."""

    until(lambda: studio.text().count('"feed": ') >= count)


def test_what_the_feed_says_is_recorded_without_secrets_and_is_as_the_simulator_says_it(studio: Studio) -> None:
    studio.follow()
    studio.trade()
    sent = studio.frames()
    heard(studio, sent + 2)
    lines = studio.lines()
    assert [line["feed"] for line in lines[:2]] == ["greeted", "said"]
    assert (lines[0]["text"], lines[1]["meaning"]) == ("raw", "welcome")
    told = [json.loads(line["text"])["type"] for line in lines if line["feed"] == "said" and line["meaning"] == "news"]
    assert (told.count("order"), told.count("position")) == (sent - 1, 1)
    found = read(studio.folder)
    assert len(found.frames) == sent + 1
    assert FrameComparer().differing(found) == []


def test_where_the_brokers_frames_differ_is_listed(studio: Studio) -> None:
    studio.follow()
    studio.trade()
    heard(studio, studio.frames() + 2)
    studio.end()
    path = next(path for path in studio.folder.iterdir() if '"feed": ' in path.read_text())
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line.get("meaning") == "news":
            frame = json.loads(line["text"])
            if frame["type"] == "position":
                frame["type"] = "holding"
            else:
                del frame["data"]["rejRsn"]
                frame["data"]["qty"] = str(frame["data"]["qty"])
                frame["seq"] = 7
            line["text"] = json.dumps(frame)
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    count = sum(line.get("meaning") == "news" for line in lines) - 1
    assert FrameComparer().differing(read(studio.folder)) == [
        f"feed order: data.qty: string instead of number  ({count} times)",
        f"feed order: data.rejRsn: missing (string)  ({count} times)",
        f"feed order: seq: new (number)  ({count} times)",
        "feed: a frame of the type holding, which the simulator does not send",
    ]


def test_what_is_no_json_too_long_or_repeats_the_greeting_shows_no_secret(studio: Studio) -> None:
    """Catches: a token that no exchange has shown yet, since the session was taken over from an earlier process."""
    session = studio.account.session()
    assert session is not None
    token, sid = "opaque+token/of.no-known-looks", "sid-of-no-known-looks"
    tap = studio.account.tap
    assert tap is not None
    studio.secrets += [token, sid]
    echo = f"{{type:cn,Authorization:{token},Sid:{sid},src:WEB}}"
    long = '{"type":"order","data":{"rmk":"' + "x" * KEPT_OF_A_FRAME + f'","a":"{token}"}}}}'
    for text in (echo, json.dumps({"you said": echo}), long, f"<p>{sid}", json.dumps({"data": {"actId": "ABC12"}})):
        tap.told(Frame(FrameKind.SAID, studio.clock.now(), text, "nonsense", (token, sid)))
    tap.told(Frame(FrameKind.ENDED, studio.clock.now(), f"closed over {token}", "", (token, sid)))
    lines = studio.lines()
    assert len(lines) == 6
    assert (lines[2]["cut_from"], "cut_from" in lines[0]) == (len(long), False)
    assert len(lines[2]["text"]) <= KEPT_OF_A_FRAME
    assert "ABC12" not in lines[4]["text"]


def test_of_a_flood_a_few_frames_are_kept_and_the_others_are_counted(studio: Studio) -> None:
    studio.follow()
    studio.broker.fault("feed", "duplicate_frame", rows=1000)
    studio.trade()
    sent = studio.frames()
    assert sent > 1000
    wire = Client(studio.broker, studio.broker.accounts[0], studio.clock.now())

    def told() -> bool:
        wire.sell()
        return '"unheard": ' in studio.text()

    until(told)
    lines = studio.lines()
    said = [line for line in lines if line["feed"] == "said"]
    assert FRAMES_AT_ONCE <= len(said) < sent / 2
    assert sum(line.get("unheard", 0) for line in lines) + len(said) >= sent


def test_a_feed_that_ends_says_how(studio: Studio) -> None:
    studio.follow()
    studio.broker.fault("feed", "lost_reply")
    studio.trade()
    heard(studio, 4)
    assert "ended" in [line["feed"] for line in studio.lines()]


def test_a_recorder_that_is_stuck_holds_up_no_feed(clock: VirtualClock, tmp_path: Path) -> None:
    """A tap may not wait: what the recorder cannot take at once is counted."""
    gate = threading.Event()

    class Slow(Recorder):
        def _write(self, *_: Any) -> None:
            gate.wait(10)

    recorder = Slow(tmp_path / "recording")
    tap = recorder.tap(Credentials("k" * 36, "+919876543210", "AB123", "654321", "JBSW" * 4))
    began = SystemClock().monotonic()
    for _ in range(3000):
        tap.told(Frame(FrameKind.SAID, clock.now(), "{}", "news"))
    assert SystemClock().monotonic() - began < 2.0
    gate.set()
    recorder.close()
