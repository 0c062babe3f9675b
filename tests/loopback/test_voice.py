"""The user's voice in a call: with a sound system, and on a machine without any."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from engine.sip.line import (
    Answer,
    ConnectVoice,
    Dial,
    HangUpLeg,
    LegEnded,
    LegId,
    LegIncoming,
    LegMedia,
    RecordingState,
    RecordLeg,
    VoiceChanged,
)
from tests.engine.audio.conftest import SoundSystem, no_sound_system, sound_system
from tests.loopback.conftest import MakeLine, WatchedLine, loudest_hertz, tone, until
from tests.loopback.test_recording import channels

__all__ = ["no_sound_system", "sound_system"]

pytestmark = pytest.mark.real_sip

CALL = LegId("call-1")


async def in_a_call(make_line: MakeLine, **settings: object) -> tuple[WatchedLine, WatchedLine, LegId]:
    here = await make_line("here", sound=True, **settings)
    there = await make_line("there", accept_incoming=True)
    here.line.send(Dial(CALL, there.uri))
    far = (await there.hears(LegIncoming)).leg
    there.line.send(Answer(far))
    await asyncio.gather(here.hears(LegMedia, CALL), there.hears(LegMedia, far))
    return here, there, far


async def test_microphone_and_speaker_are_part_of_the_call(
    sound_system: SoundSystem, make_line: MakeLine, tmp_path: object
) -> None:
    here, there, far = await in_a_call(make_line, microphone="mic", speaker="spk")
    here.line.send(ConnectVoice(CALL, on=True))
    voice = await here.hears(VoiceChanged, CALL)
    assert (voice.connected, voice.microphone, voice.speaker) == (True, "mic", "spk")
    path = f"{tmp_path}/call.wav"
    here.line.send(RecordLeg(CALL, path))
    await here.hears(RecordingState, CALL)

    there.line.talk(far).write(tone(1000, 8))
    speech = (8000 * np.sin(2 * np.pi * 600 * np.arange(48000 * 8) / 48000)).astype(np.int16)
    player = sound_system.speak(speech)
    try:
        out = await asyncio.to_thread(sound_system.hear, 1.0, "spk", 1.0)
        assert loudest_hertz(out, 48000) == pytest.approx(1000, abs=10)
        tap = there.line.tap(far)
        start = tap.written
        await until(lambda: tap.written > start + 16000, "a second of the voice")
        assert loudest_hertz(tap.read(start, 16000)) == pytest.approx(600, abs=10)

        here.line.send(ConnectVoice(CALL, on=True, muted=True))
        await here.hears(VoiceChanged, CALL, count=2)
        start = tap.written + 8000
        await until(lambda: tap.written > start + 16000, "a second, muted")
        assert np.abs(tap.read(start, 16000)).max() < 50
    finally:
        player.kill()
        player.wait()
    here.line.send(RecordLeg(CALL, ""))
    await here.hears(RecordingState, CALL, path="")
    theirs, ours = channels(path)
    assert loudest_hertz(theirs[16000:32000]) == pytest.approx(1000, abs=10)
    assert loudest_hertz(ours[16000:32000]) == pytest.approx(600, abs=10)

    here.line.send(ConnectVoice(CALL, on=False))
    assert not (await here.hears(VoiceChanged, CALL, count=3)).connected


async def test_the_voice_leaves_with_its_leg_and_can_come_again(
    sound_system: SoundSystem, make_line: MakeLine
) -> None:
    here, there, _ = await in_a_call(make_line, microphone="mic", speaker="spk")
    here.line.send(ConnectVoice(CALL, on=True))
    await here.hears(VoiceChanged, CALL)
    here.line.send(HangUpLeg(CALL))
    await here.hears(LegEnded, CALL)
    again = LegId("call-2")
    here.line.send(Dial(again, there.uri))
    there.line.send(Answer((await there.hears(LegIncoming, count=2)).leg))
    await here.hears(LegMedia, again)
    here.line.send(ConnectVoice(again, on=True))
    assert (await here.hears(VoiceChanged, again)).connected


async def test_a_device_that_goes_away_is_told_and_the_call_goes_on(
    sound_system: SoundSystem, make_line: MakeLine
) -> None:
    here, there, far = await in_a_call(make_line, microphone="mic", speaker="spk")
    here.line.send(ConnectVoice(CALL, on=True))
    await here.hears(VoiceChanged, CALL)
    sound_system.kill()
    lost = await here.hears(VoiceChanged, CALL, connected=False)
    assert "disconnected" in lost.error
    there.line.send(HangUpLeg(far))
    await here.hears(LegEnded, CALL)


@pytest.mark.usefixtures("no_sound_system")
async def test_without_a_device_the_call_goes_on_and_the_user_is_told(make_line: MakeLine) -> None:
    here, there, far = await in_a_call(make_line)
    here.line.send(ConnectVoice(CALL, on=True))
    voice = await here.hears(VoiceChanged, CALL)
    assert not voice.connected
    assert "audio device" in voice.error.lower()
    tap = here.line.tap(CALL)
    start = tap.written
    there.line.talk(far).write(tone(1000, 3))
    await until(lambda: tap.written > start + 16000, "the call goes on")
    assert loudest_hertz(tap.read(tap.written - 4000, 4000)) == pytest.approx(1000, abs=10)


async def test_a_line_without_sound_says_so(make_line: MakeLine) -> None:
    here, there = await make_line("here"), await make_line("there", accept_incoming=True)
    here.line.send(Dial(CALL, there.uri))
    await there.hears(LegIncoming)
    here.line.send(ConnectVoice(CALL, on=True))
    assert "may not use" in (await here.hears(VoiceChanged, CALL)).error
