"""The headset on a real sound system: tones out of the speaker and into the microphone, gaps, loss, no device."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.audio import devices
from engine.audio.devices import Device, Devices
from engine.audio.headset import SILENCE_DBFS, Headset, NoAudioDevice

from .conftest import SoundSystem

RATE = 48_000
FRAME = 960
PLAYED_HZ, SPOKEN_HZ = 600, 480  # whole numbers of samples a period: 80 and 100
PATIENCE_S = 40.0


def _tone(hz: int, amplitude: float, count: int, start: int = 0) -> np.ndarray:
    n = np.arange(start, start + count)
    return np.rint(amplitude * np.sin(2 * np.pi * hz * n / RATE)).astype(np.int16)


class Clock:
    """The sound clock of a call, 50 frames a second: plays a tone, keeps what it captures."""

    def __init__(self, headset: Headset) -> None:
        self.headset = headset
        self.captured = bytearray()
        self.reserves: list[tuple[float, float]] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        began, frames = time.perf_counter(), 0
        while not self._end.is_set():
            self.headset.play(_tone(PLAYED_HZ, 8000, FRAME, frames * FRAME).tobytes())
            self.captured += self.headset.capture(FRAME)
            ours, theirs = self.headset.microphone_buffer, self.headset.speaker_buffer
            if ours and theirs:
                self.reserves.append((ours.depth_s, theirs.depth_s))
            frames += 1
            self._end.wait(max(0.0, began + frames * 0.02 - time.perf_counter()))

    def stop(self) -> None:
        self._end.set()
        self._thread.join()


@pytest.fixture
def clock(sound_system: SoundSystem) -> Iterator[Clock]:
    headset = Headset("mic", "spk")
    headset.open()
    running = Clock(headset)
    yield running
    running.stop()
    headset.close()


def _longest_clean_run(samples: np.ndarray, hz: int, amplitude: float) -> int:
    """Length of the longest stretch in which every sample continues the tone: it equals the one a period before."""
    period = RATE // hz
    now, before = samples[period:].astype(np.int32), samples[:-period].astype(np.int32)
    # A sample more or less (the elastic buffer at work) shifts the phase by 2 pi / period: at most 8 percent.
    continues = np.abs(now - before) < 0.12 * amplitude
    loud = np.convolve(np.abs(now) > 0.5 * amplitude, np.ones(period), "same") > 0
    broken = np.flatnonzero(~(continues & loud))
    edges = np.concatenate([[-1], broken, [len(now)]])
    return int(np.diff(edges).max())


def _until(condition, what: str) -> None:  # type: ignore[no-untyped-def]
    give_up_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_at, f"waited in vain: {what}"
        time.sleep(0.05)


def _frequency_hz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE / len(samples))


def test_a_tone_comes_out_of_the_speaker_without_a_gap(sound_system: SoundSystem, clock: Clock) -> None:
    heard = bytearray()
    with sound_system.listening("spk") as out:

        def clean() -> bool:
            heard.extend(out.read1())
            samples = np.frombuffer(bytes(heard[: len(heard) // 2 * 2]), np.int16)[-6 * RATE :]
            return len(samples) > RATE and _longest_clean_run(samples, PLAYED_HZ, 8000) >= 2 * RATE

        _until(clean, "two seconds of clean tone at the speaker")
    late = np.frombuffer(bytes(heard[: len(heard) // 2 * 2]), np.int16)[-RATE:]
    assert _frequency_hz(late) == pytest.approx(PLAYED_HZ, abs=2)
    assert np.abs(late.astype(np.int32)).max() == pytest.approx(8000, rel=0.02)
    assert clock.headset.speaker_level_dbfs == pytest.approx(-15.26, abs=0.1)
    assert clock.headset.speaker_name == "spk"
    assert clock.headset.lost == clock.headset.text == ""


def test_a_tone_into_the_microphone_is_captured_without_a_gap(
    sound_system: SoundSystem, clock: Clock
) -> None:
    speaking = sound_system.speak(_tone(SPOKEN_HZ, 6000, 60 * RATE))
    try:

        def clean() -> bool:
            samples = np.frombuffer(bytes(clock.captured), np.int16)[-6 * RATE :]
            return len(samples) > RATE and _longest_clean_run(samples, SPOKEN_HZ, 6000) >= 2 * RATE

        _until(clean, "two seconds of clean tone from the microphone")
        assert clock.headset.microphone_level_dbfs == pytest.approx(-17.76, abs=0.3)
        # What a person hears as delay: small, in both directions, for most of the time on a busy machine.
        ours, theirs = np.median(clock.reserves[-100:], axis=0)
        assert 0.0 < ours < 0.1 and 0.0 < theirs < 0.1

        clock.headset.muted = True
        _until(lambda: not any(clock.captured[-FRAME * 10 :]), "silence when muted")
        assert (
            clock.headset.microphone_level_dbfs > -30
        )  # the meter shows that one speaks into a muted microphone
        clock.headset.muted = False
        _until(lambda: any(clock.captured[-FRAME:]), "sound when unmuted")
    finally:
        speaking.kill()
        speaking.wait()


LOSING = """
import time
from engine.audio.headset import Headset

headset = Headset("mic", "spk", on_lost=lambda sentence: print("lost:", sentence, flush=True))
headset.open()
print("open", flush=True)
while not headset.lost:
    headset.play(bytes(1920))
    headset.capture(960)
    time.sleep(0.02)
headset.close()
assert headset.capture(960) == bytes(1920)
print("closed", flush=True)
time.sleep(3600)
"""


def test_a_sound_system_that_dies_is_noticed_and_said(sound_system: SoundSystem) -> None:
    """In a process of its own: PortAudio may never again let go of streams to a dead server."""
    child = subprocess.Popen(
        [sys.executable, "-c", LOSING],
        cwd=Path(__file__).parents[3],
        env=sound_system.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child, child.stdout as lines:  # type: ignore[union-attr]
        try:
            assert lines.readline() == "open\n"
            time.sleep(1.0)
            sound_system.kill()
            told = lines.readline()
            assert told.startswith(("lost: The microphone 'mic' was", "lost: The speaker 'spk' was"))
            assert "disconnected. Connect it again, or choose another one." in told
            assert lines.readline() == "closed\n"  # told once, and not stuck in closing
        finally:
            child.kill()


def test_open_and_close_any_number_of_times(sound_system: SoundSystem) -> None:
    headset = Headset("mic", "no such speaker")
    for _ in range(5):
        headset.open()
        headset.open()
        assert headset.is_open and headset.microphone_name == "mic"
        assert headset.text.startswith("The speaker 'no such speaker' is not connected; using '")
        headset.play(bytes(FRAME * 2))
        assert len(headset.capture(FRAME)) == FRAME * 2
        headset.close()
        headset.close()
        assert not headset.is_open and headset.speaker_name == ""
    assert headset.lost == ""


def test_a_device_that_cannot_do_our_rate_is_used_at_its_own(
    sound_system: SoundSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sounddevice

    def only_44100(device: int, channels: int, dtype: str, samplerate: int) -> None:
        if samplerate != 44_100 or channels != 2:
            raise sounddevice.PortAudioError("Invalid sample rate")

    monkeypatch.setattr(sounddevice, "check_input_settings", only_44100)
    monkeypatch.setattr(sounddevice, "check_output_settings", only_44100)
    speaking = sound_system.speak(_tone(SPOKEN_HZ, 6000, 60 * RATE))
    headset = Headset("mic", "spk")
    headset.open()
    clock = Clock(headset)
    try:

        def captured_right() -> bool:
            late = np.frombuffer(bytes(clock.captured), np.int16)[-RATE // 2 :]
            return bool(late.any()) and abs(_frequency_hz(late) - SPOKEN_HZ) < 3

        _until(captured_right, "the tone from the microphone at the right pitch")

        def heard_right() -> bool:
            return abs(_frequency_hz(sound_system.hear(0.5)) - PLAYED_HZ) < 3

        _until(heard_right, "the tone at the speaker at the right pitch")
    finally:
        clock.stop()
        headset.close()
        speaking.kill()
        speaking.wait()


@pytest.mark.usefixtures("no_sound_system")
def test_without_any_device_opening_is_an_error_and_the_clock_goes_on() -> None:
    headset = Headset()
    with pytest.raises(NoAudioDevice, match="No audio device: connect a headset"):
        headset.open()
    assert not headset.is_open
    headset.play(bytes(FRAME * 2))
    assert headset.capture(FRAME) == bytes(FRAME * 2)
    assert headset.microphone_level_dbfs == SILENCE_DBFS
    headset.close()


def test_without_a_microphone_one_can_still_listen(
    sound_system: SoundSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = devices.find()
    monkeypatch.setattr(
        devices, "find", lambda: Devices((), real.outputs, None, real.default_output, real.problem)
    )
    headset = Headset(speaker="spk")
    headset.open()
    assert (headset.microphone_name, headset.speaker_name) == ("", "spk")
    assert headset.text == devices.NO_MICROPHONE
    assert headset.capture(FRAME) == bytes(FRAME * 2)
    headset.close()


def test_devices_that_do_not_open_are_an_error_with_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Device(77, "Unplugged", "ALSA", 2, 48_000)
    monkeypatch.setattr(devices, "find", lambda: Devices((gone,), (gone,), gone, gone))
    headset = Headset()
    with pytest.raises(
        NoAudioDevice, match=r"The microphone 'Unplugged' does not open .*The speaker 'Unplugged'"
    ):
        headset.open()
    assert not headset.is_open
