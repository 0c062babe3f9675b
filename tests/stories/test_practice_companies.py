"""Every practice company that answers, with its real sound, the real ears and the real recogniser, in virtual time.

What SIP and real time add is tested elsewhere (``tests/bench/practice_table.py`` places the calls for real).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from engine.deciding.chooser import Chooser, shipped_matcher
from engine.deciding.decisions import Ask
from engine.hearing.sphinx import SphinxTranscriber
from engine.practice import scenario as scenarios
from engine.practice.studio import Studio
from flows import LIBRARY, codec
from tests.fakes import offline_call

ANSWERING = [name for name in scenarios.names() if not scenarios.load(name).reception.refuse]


@pytest.fixture(scope="module")
def chooser() -> Iterator[tuple[Chooser, asyncio.AbstractEventLoop]]:
    loop = asyncio.new_event_loop()
    made = Chooser(shipped_matcher(), None)
    loop.run_until_complete(made.start())
    yield made, loop
    loop.run_until_complete(made.stop())
    loop.close()


@pytest.mark.parametrize("name", ANSWERING)
def test_company(name: str, chooser: tuple[Chooser, asyncio.AbstractEventLoop]) -> None:
    scenario = scenarios.load(name)
    path = LIBRARY / f"{name}.json"
    flow = codec.load(path) if path.exists() else None
    intent = scenario.intent

    def ask(question: Ask) -> int | None:
        made, loop = chooser
        return loop.run_until_complete(made.choose(question)).choice

    # Of its own for each call: what it read before changes its confidence a little.
    done = offline_call.call(scenario, Studio(scenario), intent.words, flow, SphinxTranscriber(), ask=ask)

    assert done.keys == intent.keys
    assert done.outcome == intent.outcome
    assert done.false_rings == []
    if intent.outcome == "human":
        assert done.person_s is not None
        assert done.rings[0] - done.person_s <= 2.5
    else:
        assert done.rings == []


def test_most_companies_answer() -> None:
    assert len(ANSWERING) >= 12
