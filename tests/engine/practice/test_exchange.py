"""The practice companies on real SIP, called by a plain line."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from engine.audio.format import RATE_HZ
from engine.call import EndReason
from engine.practice.exchange import Exchange
from engine.practice.report import (
    AnnouncementPlayed,
    AnsweredCall,
    CallArrived,
    CallerSpoke,
    HoldEnded,
    HoldStarted,
    HungUp,
    KeyReceived,
    MenuTaken,
    PersonSpoke,
    PromptPlayed,
    RefusedCall,
    Report,
    Ringing,
)
from engine.practice.scenario import ScenarioError
from engine.sip.line import Dial, LegEnded, LegId, LegRinging, LineError, LineEvent, LineSettings, SendDigits
from engine.sip.process import LineProcess

pytestmark = pytest.mark.real_sip

SHOP = """
name = "Corner Shop"
story = "a menu, a short hold, a person"
start = "main"
[reception]
ringing_s = 0.3
[[steps]]
id = "main"
kind = "menu"
prompt = [{ clip = "awb-welcome-to-springfield-utilities" }]
options = { 1 = "queue" }
invalid = [{ clip = "allison-invalid-option" }]
give_up = "bye"
[[steps]]
id = "queue"
kind = "hold"
music = "morning-coffee"
length_s = 4
announcements = [{ at_s = 0.5, prompt = [{ clip = "allison-hold-while-connecting" }], music = "stopped" }]
next = "through"
[[steps]]
id = "through"
kind = "transfer"
silence_s = 0.5
next = "agent"
[[steps]]
id = "agent"
kind = "person"
speaker = "libri-3259"
greeting = "libri-3259-1"
reply = ["libri-3259-2"]
[[steps]]
id = "bye"
kind = "hangup"
because = "nothing was chosen"
[[intents]]
words = "talk to the operator"
keys = "1"
outcome = "human"
hold = true
"""


class Caller:
    """A plain line, and what it and the companies said."""

    def __init__(self) -> None:
        self.line = LineProcess(LineSettings(name="caller", bind="127.0.0.1"))
        self.events: list[LineEvent] = []
        self.line.subscribe(self.events.append)

    async def ended(self, leg: LegId) -> LegEnded:
        async with asyncio.timeout(60):
            while True:
                for event in self.events:
                    if isinstance(event, LegEnded) and event.leg == leg:
                        return event
                await asyncio.sleep(0.02)


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    made = Caller()
    await made.line.start()
    yield made
    await made.line.stop()


async def told(exchange: Exchange, kind: type[Report], company: str) -> Report:
    async with asyncio.timeout(60):
        while True:
            for found in exchange.reports():
                if isinstance(found, kind) and found.company == company:
                    return found
            await asyncio.sleep(0.02)


def heard_onset(sound: np.ndarray, near: int) -> int:
    """Sample where the voice begins, looked for from 0.4 s before ``near`` to 1 s after it: the first loud 5 ms."""
    frame = RATE_HZ // 200
    first = near - int(0.4 * RATE_HZ)
    window = sound[first : near + RATE_HZ].astype(float)
    level = np.sqrt(np.mean(window[: len(window) // frame * frame].reshape(-1, frame) ** 2, axis=1))
    return first + int(np.argmax(level > 0.1 * np.percentile(level, 95))) * frame


async def test_two_companies_at_once_do_what_they_report(caller: Caller, tmp_path: Path) -> None:
    shop = tmp_path / "corner-shop.toml"
    shop.write_text(SHOP, encoding="utf-8")
    exchange = Exchange([str(shop), "old-number"])
    live: list[Report] = []
    exchange.subscribe(live.append)
    uris = await exchange.start()
    assert set(uris) == {"corner-shop", "old-number"}
    one, other, nobody = LegId("one"), LegId("other"), LegId("nobody")
    caller.line.send(Dial(one, uris["corner-shop"]))
    caller.line.send(Dial(other, uris["old-number"].replace("@", "+7@")))
    caller.line.send(Dial(nobody, uris["old-number"].replace("old-number", "no-such-company")))

    prompt = await told(exchange, PromptPlayed, "corner-shop")
    await asyncio.sleep(prompt.at + 1.0 - time.time())
    caller.line.send(SendDigits(one, "1"))
    person = await told(exchange, PersonSpoke, "corner-shop")
    tap = caller.line.tap(one)
    while tap.written < RATE_HZ or time.time() < person.at + 1.5:
        await asyncio.sleep(0.02)
    now, written = time.time(), tap.written
    sound = tap.read(0, written)
    expected = written - int((now - person.at) * RATE_HZ)
    late_s = (heard_onset(sound, expected) - expected) / RATE_HZ
    # The way through RTP and the jitter buffer takes some 20 ms on an idle machine, and more on a busy one.
    assert -0.05 <= late_s <= 0.5

    await asyncio.sleep(1.0)
    caller.line.talk(one).write((3000 * np.sin(np.arange(RATE_HZ) * 0.2)).astype(np.int16))
    assert (await told(exchange, CallerSpoke, "corner-shop")).at > person.at
    async with asyncio.timeout(10):
        while len([r for r in live if isinstance(r, PersonSpoke)]) < 2:
            await asyncio.sleep(0.02)

    gone, refused = await caller.ended(nobody), await caller.ended(other)
    assert (gone.reason, gone.sip_code) == (EndReason.NOT_IN_SERVICE, 404)
    assert (refused.reason, refused.sip_code) == (EndReason.NOT_IN_SERVICE, 404)
    assert any(isinstance(e, LegRinging) and e.leg == other and e.early_media for e in caller.events)

    await exchange.stop()
    await caller.ended(one)
    await exchange.stop()  # twice does no harm

    assert exchange.reports() == tuple(live)
    of_shop = [r for r in live if r.company == "corner-shop"]
    assert [type(r) for r in of_shop][:5] == [CallArrived, Ringing, AnsweredCall, PromptPlayed, KeyReceived]
    order = [
        r
        for r in of_shop
        if isinstance(r, MenuTaken | HoldStarted | AnnouncementPlayed | HoldEnded | PersonSpoke)
    ]
    assert [type(r) for r in order][:5] == [
        MenuTaken,
        HoldStarted,
        AnnouncementPlayed,
        HoldEnded,
        PersonSpoke,
    ]
    assert [r.at for r in of_shop] == sorted(r.at for r in of_shop)
    assert {r.uri for r in of_shop} == {uris["corner-shop"]}
    assert {r.uri for r in live if r.company == "old-number"} == {uris["old-number"].replace("@", "+7@")}
    assert [r.code for r in live if isinstance(r, RefusedCall)] == [404]
    assert len({r.call for r in live}) == 2
    hold = next(r for r in order if isinstance(r, HoldStarted))
    end = next(r for r in order if isinstance(r, HoldEnded))
    assert end.at - hold.at == pytest.approx(4.0, abs=0.5)


async def test_a_caller_who_hangs_up_is_reported(caller: Caller) -> None:
    exchange = Exchange(["smith-household"], lines=2)
    await exchange.start()
    first, second = exchange.uris(0), exchange.uris(1)
    assert first != second
    leg = LegId("one")
    caller.line.send(Dial(leg, second["smith-household"]))
    await told(exchange, AnnouncementPlayed, "smith-household")
    await caller.line.stop()
    over = await told(exchange, HungUp, "smith-household")
    assert isinstance(over, HungUp) and not over.by_company
    await exchange.stop()


async def test_a_port_in_use_is_a_sentence() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        exchange = Exchange(["corner-pizza"], port=port)
        with pytest.raises(LineError) as caught:
            await exchange.start()
    assert str(port) in caught.value.text
    await exchange.stop()


async def test_an_unknown_company_is_a_sentence_and_starts_nothing() -> None:
    with pytest.raises(ScenarioError, match="no practice company called 'no-such'"):
        await Exchange(["no-such"]).start()
    with pytest.raises(ScenarioError, match="Two of the practice companies are called 'corner-pizza'"):
        await Exchange(["corner-pizza", "corner-pizza"]).start()


def test_companies_whose_program_was_killed_go_too() -> None:
    program = textwrap.dedent(
        """
        import asyncio
        from engine.practice.exchange import Exchange
        async def main():
            print((await Exchange(["corner-pizza"]).start())["corner-pizza"], flush=True)
            await asyncio.sleep(60)
        asyncio.run(main())
        """
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().startswith("sip:corner-pizza@127.0.0.1:")
        family = psutil.Process(parent.pid).children(recursive=True)
        assert len(family) >= 2
        parent.kill()
    _, alive = psutil.wait_procs(family, timeout=15)
    assert alive == []
