"""Recording a leg on the line: both sides, aligned, closed before the leg's last word."""

from __future__ import annotations

import asyncio
import os
import signal
import wave
from pathlib import Path

import numpy as np
import pytest

from engine.sip.line import (
    Answer,
    HangUpLeg,
    LegEnded,
    LegId,
    LegMedia,
    LineDown,
    RecordingState,
    RecordLeg,
)
from tests.loopback.conftest import WatchedLine, dial, loudest_hertz, tone, until

pytestmark = pytest.mark.real_sip

Pair = tuple[WatchedLine, WatchedLine]
CALL = LegId("call-1")


def channels(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Left (them) and right (us) of a recording."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 16000)
        both = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    return both[:, 0], both[:, 1]


async def talking(pair: Pair, seconds: float = 6.0) -> LegId:
    """A call in which both sides send tones."""
    here, there = pair
    far = await dial(here, there)
    there.line.send(Answer(far))
    await asyncio.gather(here.hears(LegMedia, CALL), there.hears(LegMedia, far))
    there.line.talk(far).write(tone(1000, seconds))
    here.line.talk(CALL).write(tone(600, seconds))
    return far


async def test_both_sides_are_recorded_and_aligned(pair: Pair, tmp_path: Path) -> None:
    here, _ = pair
    await talking(pair)
    path = tmp_path / "call.wav"
    here.line.send(RecordLeg(CALL, str(path)))
    assert (await here.hears(RecordingState, CALL)).path == str(path)
    talk = here.line.talk(CALL)
    start = talk.played
    await until(lambda: talk.played > start + 32000, "two seconds of recording")
    here.line.send(RecordLeg(CALL, ""))
    assert (await here.hears(RecordingState, CALL, path="")).error == ""
    theirs, ours = channels(path)
    assert len(theirs) >= 24000
    assert loudest_hertz(theirs[4000:20000]) == pytest.approx(1000, abs=5)
    assert loudest_hertz(ours[4000:20000]) == pytest.approx(600, abs=5)
    for side in (theirs, ours):  # one or two of the fifty frames may come late on a busy machine
        assert np.mean(np.abs(side[4000:20000]).reshape(-1, 320).max(axis=1) > 4000) > 0.95


async def test_a_recording_ends_with_its_leg_and_before_its_last_word(pair: Pair, tmp_path: Path) -> None:
    here, _ = pair
    await talking(pair)
    path = tmp_path / "calls" / "call.wav"
    here.line.send(RecordLeg(CALL, str(path)))
    await here.hears(RecordingState, CALL)
    await asyncio.sleep(0.5)
    here.line.send(HangUpLeg(CALL))
    ended = await here.hears(LegEnded, CALL)
    closed = here.said(RecordingState, CALL)[-1]
    assert closed.path == ""
    assert here.events.index(closed) < here.events.index(ended)
    theirs, ours = channels(path)
    assert len(theirs) == len(ours) >= 4000


async def test_recordings_one_after_the_other(pair: Pair, tmp_path: Path) -> None:
    here, _ = pair
    await talking(pair)
    for number in (1, 2):
        here.line.send(RecordLeg(CALL, str(tmp_path / f"{number}.wav")))
        await here.hears(RecordingState, CALL, path=str(tmp_path / f"{number}.wav"))
        await asyncio.sleep(0.4)
    here.line.send(HangUpLeg(CALL))
    await here.hears(LegEnded, CALL)
    for number in (1, 2):
        assert len(channels(tmp_path / f"{number}.wav")[0]) >= 3200


async def test_wishes_that_overtake_the_disk(pair: Pair, tmp_path: Path) -> None:
    here, _ = pair
    await talking(pair)
    for name in ("1.wav", "", "2.wav"):
        here.line.send(RecordLeg(CALL, str(tmp_path / name) if name else ""))
    await here.hears(RecordingState, CALL, path=str(tmp_path / "2.wav"))
    await asyncio.sleep(0.3)
    here.line.send(RecordLeg(CALL, ""))
    await here.hears(RecordingState, CALL, path="")
    assert len(here.said(RecordingState, CALL)) == 2
    assert len(channels(tmp_path / "2.wav")[0]) >= 1600
    assert len(channels(tmp_path / "1.wav")[0]) == 0


async def test_a_recording_that_cannot_be_made_is_told(pair: Pair, tmp_path: Path) -> None:
    here, there = pair
    far = await talking(pair)
    (tmp_path / "file").write_text("in the way")
    here.line.send(RecordLeg(CALL, str(tmp_path / "file" / "call.wav")))
    state = await here.hears(RecordingState, CALL)
    assert state.path == ""
    assert "cannot be recorded" in state.error
    here.line.send(HangUpLeg(CALL))
    await there.hears(LegEnded, far)


async def test_a_killed_line_leaves_a_playable_recording(pair: Pair, tmp_path: Path) -> None:
    here, _ = pair
    await talking(pair)
    path = tmp_path / "call.wav"
    here.line.send(RecordLeg(CALL, str(path)))
    await here.hears(RecordingState, CALL)
    await asyncio.sleep(1.5)
    assert here.up is not None
    os.kill(here.up.pid, signal.SIGKILL)
    await here.hears(LineDown)
    theirs, _ = channels(path)
    assert len(theirs) > 8000
    assert loudest_hertz(theirs[-4000:]) == pytest.approx(1000, abs=10)
