"""When a seed has come to rest: each thing that is still under way is said, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cli.day.rows import Picture
from cli.proof.crew import Death
from cli.proof.settling import unsettled
from cli.proof.watch import Wound, served
from domain.coverage import Coverage, CoverState
from domain.orders import Reason
from domain.tenancy import TenantStatus

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
TENANT = TenantStatus(1, "user1", True, 1, 3, 2, "host", 99, True, "TRADING", "", NOW, NOW, 0.1)
COVER = Coverage(
    1, "user1", 1, "ITC-EQ", 6, 6, CoverState.PROTECTED, NOW, NOW, None, "6 rest", "", "11", Decimal(400), Decimal(0)
)  # fmt: skip
ORDER = {"id": 1, "symbol": "ITC-EQ", "status": "OPEN", "broker_order_id": "11", "filled": 4}
SEND = {"id": 1, "order_id": 1, "kind": "place", "outcome": "accepted"}
LEDGER: dict[str, Any] = {"orders": [{"order": "11", "api": True, "filled": 4}]}
REST = Picture((TENANT,), (COVER,), (), (ORDER,), (SEND,))
DEATH = Death("before_ack", NOW, 5.0)


def test_at_rest_there_is_nothing_to_say() -> None:
    assert unsettled(REST, LEDGER, [Wound(DEATH, frozenset(), 6.0, 7.0)]) == []


@pytest.mark.parametrize(
    ("picture", "word"),
    [
        (replace(REST, tenants=(replace(TENANT, alive=False),)), "user1 is TRADING"),
        (replace(REST, tenants=(replace(TENANT, state="HELD"),)), "user1 is HELD"),
        (replace(REST, orders=(ORDER | {"status": "ACCEPTED"},)), "is ACCEPTED"),
        (replace(REST, orders=(ORDER | {"filled": 3},)), "its row says 3"),
        (replace(REST, orders=()), "its row says 0"),
        (replace(REST, sends=(SEND | {"outcome": None},)), "unanswered"),
        (replace(REST, covered=(replace(COVER, state=CoverState.PLACING),)), "is PLACING"),
        (replace(REST, covered=(replace(COVER, state=CoverState.UNPROTECTED, reason=Reason.RETRYING),)), "UNPROTECTED"),
    ],
)
def test_what_is_under_way_is_said(picture: Picture, word: str) -> None:
    said = unsettled(picture, LEDGER, [])
    assert [word in sentence for sentence in said] == [True]


def test_a_kill_that_is_not_recovered_from_is_under_way() -> None:
    assert unsettled(REST, LEDGER, [Wound(DEATH)]) == ["the kill before_ack is not recovered from"]


def test_who_has_not_spoken_since_the_kill_does_not_serve_yet() -> None:
    assert served(REST)
    assert not served(REST, DEATH)
    later = replace(TENANT, beat_at=NOW + timedelta(seconds=1))
    assert served(replace(REST, tenants=(later,)), DEATH)
    assert not served(replace(REST, tenants=(replace(later, state="STARTING"),)), DEATH)
