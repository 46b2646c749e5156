"""What counts as a difference between two answers, and what does not."""

from typing import Any

import pytest

from broker.kotak_neo.checking.shapes import differences, shape


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        ({"a": "1", "b": 2}, {"a": "x", "b": 2.5}, []),
        ({"a": None}, {"a": "x"}, []),
        ({"a": "x"}, {"a": None}, []),
        ({"a": "x"}, {}, ["a: missing (string)"]),
        ({}, {"a": {"b": [1]}}, ["a: new (object)"]),
        ({"a": "1"}, {"a": 1}, ["a: number instead of string"]),
        ({"a": True}, {"a": 1}, ["a: number instead of boolean"]),
        ({"data": [{"a": 1}]}, {"data": []}, []),
        ({"data": []}, {"data": [{"a": 1}]}, []),
        ({"data": [{"a": 1}]}, {"data": {}}, ["data[]: missing (object)", "data: object instead of list"]),
        ({"data": [{"a": 1}]}, {"data": [{"a": 1}, {"a": 2, "b": ""}]}, ["data[].b: new (string)"]),
        ({"data": [{"a": 1}]}, {"data": [{"a": 1}, {"a": "1"}]}, ["data[].a: number or string instead of number"]),
        ([{"a": 1}], [{"b": {"c": 1}}], ["[].a: missing (number)", "[].b: new (object)"]),
        ([{"a": 1}], {"stat": "Not_Ok"}, ["[]: missing (object)", "stat: new (string)", ".: object instead of list"]),
    ],
)
def test_differences(ours: Any, theirs: Any, told: list[str]) -> None:
    assert [str(one) for one in differences(shape(ours), shape(theirs))] == told
