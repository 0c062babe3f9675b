"""A call in the terminal: real gateway, ears and records on a line in memory."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app import headless
from app.compose import Core
from app.headless import Headless
from app.output import Output
from app.paths import find
from engine.commands import Command, PlaceCall, SlayHold
from engine.events import AudioState, CallBegan, Event, LineChanged, PersonDismissed, PersonFound
from engine.practice.report import PersonSpoke, Report
from engine.settings import Deciding, Hearing, Settings
from engine.sip.line import ConnectVoice, Dial, HangUpLeg, LegId
from engine.storage.records import Records
from tests.fakes.line import MemoryLine

BARE = Settings(hearing=Hearing(embedded=False), deciding=Deciding(matcher=False), region="US")
SLAY = SlayHold("sip:bank@127.0.0.1:5062", "my card", "Bank")

pytestmark = pytest.mark.usefixtures("home")


class Story:
    """Runs one command headless on a memory line, and does things when events come."""

    def __init__(self, headset: tuple[str, str] | None = ("Mic", "Speaker"), **options: object) -> None:
        self.line = MemoryLine(headset=headset)
        self.core = Core(settings=BARE, make_line=lambda index: self.line, look_for_devices=False)
        self.out, self.remarks = io.StringIO(), io.StringIO()
        self.call = Headless(self.core, Output(True, self.out, self.remarks), **options)  # type: ignore[arg-type]
        self.reports: list[Report] = []

    @property
    def leg(self) -> LegId:
        return next(command.leg for command in self.line.sent if isinstance(command, Dial))

    def when(self, kind: type[Event], act: Callable[[Event], None]) -> None:
        self.core.bus.subscribe(kind, lambda event: asyncio.get_running_loop().call_later(0.02, act, event))

    def answers(self) -> None:
        self.when(CallBegan, lambda event: self.line.far_answers(self.leg))

    def confirmed(self, act: Callable[[LineChanged], None]) -> None:
        self.when(LineChanged, lambda event: act(event) if event.state == "confirmed" else None)  # type: ignore[union-attr]

    async def run(self, command: Command = SLAY) -> int:
        async with asyncio.timeout(20):
            self.summary, code = await self.call.run(lambda: command, lambda: self.reports)
        return code

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    def events(self, name: str) -> list[dict[str, object]]:
        return [line for line in self.lines if line["event"] == name]


async def test_busy() -> None:
    story = Story(company="bank")
    story.when(CallBegan, lambda event: story.line.far_hangs_up(story.leg, 486))
    assert await story.run() == 0
    summary = story.lines[-1]
    assert (summary["event"], summary["company"], summary["outcome"]) == ("summary", "bank", "busy")
    assert story.events("ended")[0]["reason"] == "busy"
    assert not story.line.up


async def test_a_reason_is_told_once() -> None:
    story, out = Story(), io.StringIO()
    story.call = Headless(story.core, Output(False, out))
    story.when(CallBegan, lambda event: story.line.far_hangs_up(story.leg, 486))
    assert await story.run() == 0
    told = out.getvalue()
    assert told.count("busy. Try again") == 1
    assert "the call is over\n" in told


async def test_a_person_is_rung_for_and_let_go(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(headless, "MOMENT_S", 0.05)
    story = Story()
    story.answers()

    def person(event: LineChanged) -> None:
        now = time.time()
        story.reports.append(PersonSpoke(now - 1.25, "x", "bank", "uri", "p", "dana", "hi", 1))
        story.core.bus.publish(PersonFound(now, event.call, "hi", 3.0, ("a live cue",)))

    story.confirmed(person)
    assert await story.run() == 0
    assert story.events("human")[0]["because"] == ["a live cue"]
    assert any(isinstance(command, HangUpLeg) for command in story.line.sent)
    summary = story.lines[-1]
    assert summary["latency_s"] == pytest.approx(1.25, abs=0.001)
    assert summary["false_rings"] == 0
    records = Records(find().calls)
    await records.start()
    (record,) = await records.recent()
    await records.stop()
    assert record.status == "ended"
    assert ("a live cue",) in [piece.because for piece in record.evidence]


async def test_a_ring_taken_back_does_not_end_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headless, "MOMENT_S", 0.3)
    story = Story()
    story.answers()

    def false_alarm(event: LineChanged) -> None:
        story.core.bus.publish(PersonFound(time.time(), event.call, "hi", 3.0, ("cue",)))
        story.core.bus.publish(PersonDismissed(time.time(), event.call, "heard before"))
        asyncio.get_running_loop().call_later(0.6, story.line.far_hangs_up, story.leg)

    story.confirmed(false_alarm)
    assert await story.run() == 0
    assert not any(isinstance(command, HangUpLeg) for command in story.line.sent)
    assert story.lines[-1]["outcome"] == "dropped"
    assert story.lines[-1]["false_rings"] == 1


async def test_an_everyday_call_without_an_audio_device_says_so() -> None:
    story = Story(headset=None)
    story.answers()
    story.when(AudioState, lambda event: story.line.far_hangs_up(story.leg))
    assert await story.run(PlaceCall("sip:911@127.0.0.1:5062")) == 0
    assert story.events("call")[0]["mode"] == "direct"
    assert any(isinstance(command, ConnectVoice) and command.on for command in story.line.sent)
    assert "No audio device" in story.remarks.getvalue()
    assert story.lines[-1]["outcome"] == "completed"


async def test_too_long() -> None:
    story = Story(limit_s=0.2)
    story.answers()
    assert await story.run() == 0
    assert "longer than" in story.remarks.getvalue()
    assert story.lines[-1]["outcome"] == "given_up"


@pytest.mark.skipif(sys.platform == "win32", reason="no signal handlers on Windows' loop")
async def test_interrupted() -> None:
    story = Story()
    story.answers()
    story.confirmed(lambda event: os.kill(os.getpid(), signal.SIGINT))
    assert await story.run() == 130
    assert any(isinstance(command, HangUpLeg) for command in story.line.sent)
    assert story.lines[-1]["outcome"] == "given_up"


async def test_what_cannot_be_dialled_leaves_nothing_running() -> None:
    story = Story()
    with pytest.raises(ValueError, match="not a telephone number"):
        await story.run(SlayHold("hello", "x"))
    assert not story.line.up
    assert story.events("summary") == []
