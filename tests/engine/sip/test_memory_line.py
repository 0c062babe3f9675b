"""The line in memory behaves as the real one does, so that what is tested with it can be trusted."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from engine.call import EndReason
from engine.sip.line import (
    Account,
    Answer,
    ConnectVoice,
    Dial,
    DigitReceived,
    DigitsSent,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegId,
    LegIncoming,
    LegMedia,
    LegRinging,
    Line,
    LineDown,
    LineEvent,
    LineUp,
    RecordingState,
    RecordLeg,
    Refuse,
    Registration,
    SendDigits,
    SetAccount,
    VoiceChanged,
)
from tests.fakes.line import MemoryLine

CALL = LegId("call-1")


async def started(**how: object) -> tuple[MemoryLine, list[LineEvent]]:
    line = MemoryLine(**how)  # type: ignore[arg-type]
    events: list[LineEvent] = []
    line.subscribe(events.append)
    await line.start()
    return line, events


async def test_a_call() -> None:
    memory, events = await started()
    line: Line = memory
    line.send(Dial(CALL, "sip:company@example.com"))
    memory.far_rings(CALL)
    memory.far_answers(CALL)
    memory.far_says(CALL, np.full(320, 5, dtype=np.int16))
    memory.far_is_silent(CALL, 0.5)
    assert line.tap(CALL).written == 320 + 8000
    line.talk(CALL).write(np.full(100, 9, dtype=np.int16))
    assert list(memory.far_hears(CALL, 0.01)) == [9] * 100 + [0] * 60
    line.send(SendDigits(CALL, "12"))
    line.send(ConnectVoice(CALL, on=True))
    line.send(RecordLeg(CALL, "x.wav"))
    memory.far_presses(CALL, "#")
    line.send(HangUpLeg(CALL))
    await asyncio.sleep(0)
    kinds = [type(event) for event in events]
    assert kinds == [
        *(LineUp, LegRinging, LegAnswered, LegMedia, DigitReceived, DigitsSent, VoiceChanged, RecordingState),
        LegEnded,
    ]
    assert events[-1].reason is EndReason.COMPLETED  # type: ignore[union-attr]
    await line.stop()


async def test_far_side_refuses_calls_and_line_is_lost() -> None:
    line, events = await started(headset=None)
    line.send(Dial(CALL, "sip:company@example.com"))
    line.far_hangs_up(CALL, 486)
    assert isinstance(events[-1], LegEnded)
    assert events[-1].reason is EndReason.BUSY
    incoming = line.far_calls()
    assert isinstance(events[-1], LegIncoming)
    line.send(Answer(incoming))
    line.send(ConnectVoice(incoming, on=True))
    await asyncio.sleep(0)
    assert isinstance(events[-1], VoiceChanged)
    assert "audio device" in events[-1].error
    other = line.far_calls()
    line.send(Refuse(other, 486))
    await asyncio.sleep(0)
    assert isinstance(events[-1], LegEnded)
    line.lose()
    assert isinstance(events[-1], LineDown)
    assert isinstance(events[-2], LegEnded)
    assert (events[-2].leg, events[-2].reason) == (incoming, EndReason.LINE_LOST)
    line.send(Dial(LegId("late"), "sip:x@y"))
    await asyncio.sleep(0)
    assert isinstance(events[-1], LegEnded)
    with pytest.raises(KeyError):
        line.tap(LegId("never"))


async def test_four_legs_and_accounts() -> None:
    line, events = await started()
    line.send(SetAccount(Account("trunk", "example.com", "me", "pw")))
    for number in range(5):
        line.send(Dial(LegId(str(number)), "sip:x@y"))
    await asyncio.sleep(0)
    assert [type(event) for event in events] == [LineUp, Registration, LegEnded]
    await line.stop()
    assert len([event for event in events if isinstance(event, LegEnded)]) == 5
