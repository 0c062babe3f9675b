"""``holdslayer practice`` for real: two programs, SIP and RTP on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.compose import Core
from app.practising import OnDemand
from app.timeline import NAMES
from engine.call import LineState
from engine.events import LineChanged
from engine.settings import Deciding, Hearing, Settings
from tests.app.conftest import Ran

pytestmark = pytest.mark.real_sip
Holdslayer = Callable[..., Ran]


@pytest.fixture
def deaf(home: Path) -> None:
    """Settings without models: these companies need no ears."""
    (home / "config").mkdir(parents=True)
    deaf = {"version": 1, "hearing": {"embedded": False}, "deciding": {"matcher": False}}
    (home / "config" / "settings.json").write_text(json.dumps(deaf))


@pytest.mark.usefixtures("deaf")
@pytest.mark.parametrize(("company", "outcome"), [("corner-pizza", "busy"), ("private-line", "busy")])
def test_a_call_that_is_refused(holdslayer: Holdslayer, home: Path, company: str, outcome: str) -> None:
    ran = holdslayer("practice", company, "--json")
    assert ran.code == 0
    events = [line["event"] for line in ran.lines]
    assert events[-1] == "summary"
    assert set(events) <= set(NAMES)
    assert "human" not in events
    summary = ran.lines[-1]
    assert (summary["company"], summary["outcome"], summary["false_rings"]) == (company, outcome, 0)
    assert (summary["person_at"], summary["rang_at"], summary["latency_s"]) == (None, None, None)
    kept = json.loads((home / "data" / "calls" / "calls.json").read_text())
    (record,) = kept["_default"].values()
    assert record["outcome"] == outcome
    assert not list((home / "data" / "calls" / "running").iterdir())


@pytest.mark.usefixtures("deaf")
def test_the_timeline(holdslayer: Holdslayer) -> None:
    ran = holdslayer("practice", "corner-pizza", "--headless", "--no-flow", "--for", "order a pizza")
    assert ran.code == 0
    assert "calling Corner Pizza" in ran.out
    assert "corner-pizza: busy" in ran.out.splitlines()[-1]


@pytest.mark.usefixtures("deaf")
def test_a_scenario_that_expects_something_else(holdslayer: Holdslayer, tmp_path: Path) -> None:
    from engine.practice import scenario

    text = (Path(scenario.__file__).parents[2] / "resources/practice/companies/corner-pizza.toml").read_text()
    path = tmp_path / "hopeful.toml"
    path.write_text(text.replace('outcome = "busy"', 'outcome = "human"'))
    ran = holdslayer("practice", str(path), "--json")
    assert ran.code == 1
    assert "should have ended with 'human'" in ran.err
    assert ran.lines[-1]["outcome"] == "busy"


async def test_the_company_of_the_window_opens_when_it_is_asked_for(home: Path) -> None:
    bare = Settings(hearing=Hearing(embedded=False), deciding=Deciding(matcher=False))
    practice = OnDemand()
    core = Core(settings=bare, guest=practice, look_for_devices=False)
    await core.start()
    try:
        wish, again = await asyncio.gather(practice.call(), practice.call())
        assert wish == again
        assert (wish.company, wish.flow) == ("Harbor Bank", "harbor-bank")
        answered = asyncio.Event()
        core.bus.subscribe(
            LineChanged, lambda event: answered.set() if event.state is LineState.CONFIRMED else None
        )
        core.do(wish)
        async with asyncio.timeout(30):
            await answered.wait()
    finally:
        await core.stop()
