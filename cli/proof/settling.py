"""What has not come to rest yet, in words: the end of a seed waits until there is nothing left to say."""

from collections.abc import Iterator, Mapping
from typing import Any

from cli.day.rows import Picture
from cli.proof.evidence import doubts
from cli.proof.judgement import rests_well
from cli.proof.watch import Wound
from domain.tenancy import TenantState

MOVING = ("REQUESTED", "SUBMITTING", "ACCEPTED", "CANCELLING")


def unsettled(picture: Picture, ledger: Mapping[str, Any], wounds: list[Wound]) -> list[str]:
    """Everything that has to come yet, as sentences."""
    return [*_tenants(picture), *_orders(picture, ledger), *_positions(picture), *_wounds(wounds)]


def _tenants(picture: Picture) -> Iterator[str]:
    for one in picture.tenants:
        if not (one.alive and one.state == TenantState.TRADING):
            yield f"{one.name} is {one.state or 'not served'}: {one.text or ''}"


def _orders(picture: Picture, ledger: Mapping[str, Any]) -> Iterator[str]:
    for row in picture.orders:
        if row["status"] in MOVING:
            yield f"order {row['id']} of {row['symbol']} is {row['status']}"
    for order, send in doubts(picture.orders, picture.sends):
        yield f"the {send['kind']} of order {order['id']} is unanswered"
    rows = {row["broker_order_id"]: row for row in picture.orders}
    for order in ledger["orders"]:
        row = rows.get(order["order"], {"filled": 0, "status": ""})
        if order["api"] and (row["filled"] != order["filled"] or not row["status"]):
            yield f"order {order['order']} filled {order['filled']}, its row says {row['filled']}"


def _positions(picture: Picture) -> Iterator[str]:
    for one in picture.covered:
        if not rests_well(one):
            yield f"{one.user} {one.symbol} is {one.state}: {one.text}"


def _wounds(wounds: list[Wound]) -> Iterator[str]:
    for wound in wounds:
        if not wound.healed:
            yield f"the kill {wound.death.point} is not recovered from"
