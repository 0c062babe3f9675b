"""What the bench of the practice companies calls right and wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.practice import scenario
from tests.bench.practice_table import Row, read_lines, table

BANK = scenario.load("harbor-bank")
PIZZA = scenario.load("corner-pizza")
RIGHT: dict[str, Any] = {
    "event": "summary",
    "keys": "3",
    "outcome": "human",
    "hold_s": 21.3,
    "latency_s": 1.9,
    "false_rings": 0,
}


def row(**different: Any) -> Row:
    return Row(BANK, BANK.intent, {**RIGHT, **different}, rings=1)


def test_a_call_as_it_should_be_passes() -> None:
    assert row().faults == []
    busy = {"keys": "", "outcome": "busy", "hold_s": 0.0, "latency_s": None, "false_rings": 0}
    assert Row(PIZZA, PIZZA.intent, busy).faults == []


@pytest.mark.parametrize(
    ("different", "fault"),
    [
        ({"keys": "2"}, "keys"),
        ({"outcome": "dropped"}, "outcome"),
        ({"hold_s": 0.0}, "hold"),
        ({"latency_s": None}, "ring"),
        ({"latency_s": 2.6}, "ring"),
        ({"latency_s": -0.1}, "ring"),
        ({"false_rings": 1}, "false rings"),
    ],
)
def test_a_call_that_went_otherwise_fails(different: dict[str, Any], fault: str) -> None:
    assert row(**different).faults == [fault]
    assert f"**fail**: {fault}" in table([row(**different)])


def test_a_ring_where_nobody_comes_fails() -> None:
    busy = {"keys": "", "outcome": "busy", "hold_s": 0.0, "latency_s": None, "false_rings": 0}
    assert Row(PIZZA, PIZZA.intent, busy, rings=1).faults == ["rang for nobody"]


def test_the_summary_is_the_last_line() -> None:
    lines = [{"t": 1.0, "event": "human"}, {"t": 2.0, **RIGHT}]
    output = "\n".join(map(json.dumps, lines)) + "\n"
    assert read_lines(output) == ({"t": 2.0, **RIGHT}, 1)
    with pytest.raises(ValueError, match="no summary"):
        read_lines(json.dumps(lines[0]))


def test_the_table_sums_up() -> None:
    text = table([row(), row(latency_s=2.4), Row(BANK, BANK.intent, error="no summary")])
    assert "2 of 3 as they should be" in text
    assert "longest 2.40 s" in text
    assert text.count("\n| harbor-bank |") == 3
