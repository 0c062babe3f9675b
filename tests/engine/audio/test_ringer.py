"""The ringer on a real sound system, and its sounds."""

from __future__ import annotations

import sys
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.audio import ringer as ringer_module
from engine.audio.ringer import Ringer
from resources import locate

from .conftest import SoundSystem

PATIENCE_S = 30.0


def _until(condition, what: str) -> None:  # type: ignore[no-untyped-def]
    give_up_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_at, f"waited in vain: {what}"
        time.sleep(0.02)


def _loud(samples: np.ndarray) -> bool:
    return bool(np.abs(samples.astype(np.int32)).max() > 5000)


def _samples(name: str) -> np.ndarray:
    with wave.open(str(locate("sounds", name))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 48_000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def _peak_dbfs(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.abs(samples.astype(np.int32)).max() / 32768))


@pytest.fixture
def ringer() -> Iterator[Ringer]:
    one = Ringer(["bell"])
    yield one
    one.close()


def test_it_rings_on_the_ring_device_until_stopped(sound_system: SoundSystem, ringer: Ringer) -> None:
    ringer.ring()
    ringer.ring()
    assert ringer.ringing
    _until(lambda: _loud(sound_system.hear(0.5, "bell")), "the ring at the ring device")
    assert ringer.playing_on == ("bell",)
    assert ringer.problem == ""
    assert not sound_system.hear(1.0, "spk").any()
    _until(lambda: _loud(sound_system.hear(0.5, "bell")), "it goes on ringing")
    ringer.stop()
    ringer.stop()
    _until(lambda: not ringer.ringing, "the thread ends")
    assert ringer.playing_on == ()
    _until(lambda: not sound_system.hear(0.5, "bell").any(), "silence after stop")


def test_the_cue_is_quiet_and_once(sound_system: SoundSystem, ringer: Ringer) -> None:
    with sound_system.listening("bell") as out:
        heard = bytearray()

        def cued() -> bool:
            """A null sink may swallow the first sound: once more, until it comes."""
            ringer.ring(quiet=True)
            while ringer.ringing:  # ends by itself
                heard.extend(out.read1())
            return any(heard)

        _until(cued, "the cue at the ring device")
    peak = np.abs(np.frombuffer(bytes(heard[: len(heard) // 2 * 2]), np.int16).astype(np.int32)).max()
    assert 1000 < peak < 3400  # -20 dBFS


def test_a_ring_takes_over_from_a_cue_but_not_the_other_way_round(
    sound_system: SoundSystem, ringer: Ringer
) -> None:
    ringer.ring(quiet=True)
    ringer.ring()
    ringer.ring(quiet=True)
    _until(lambda: _loud(sound_system.hear(0.5, "bell")), "the loud ring")


def test_a_ring_device_that_is_gone_is_replaced_and_said_so(sound_system: SoundSystem) -> None:
    told: list[str] = []
    ringer = Ringer(["kitchen"], on_problem=told.append)
    ringer.ring()
    _until(lambda: ringer.playing_on, "it rings somewhere")
    assert ringer.problem.startswith("The ring device 'kitchen' is not connected; using '")
    assert told == [ringer.problem]
    ringer.close()


def test_two_ring_devices_ring_both(sound_system: SoundSystem) -> None:
    ringer = Ringer(["bell", "spk"])
    ringer.ring()
    _until(lambda: set(ringer.playing_on) == {"bell", "spk"}, "both devices are open")
    _until(lambda: _loud(sound_system.hear(0.5, "bell")), "the first")
    _until(lambda: _loud(sound_system.hear(0.5, "spk")), "the second")
    ringer.close()


@pytest.mark.usefixtures("no_sound_system")
def test_without_a_device_it_says_so_and_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ringer_module, "LOOK_AGAIN_S", 0.01)
    told: list[str] = []
    ringer = Ringer(on_problem=told.append)
    ringer.ring()
    _until(lambda: ringer.problem, "the problem is told")
    assert ringer.problem.startswith("No audio device")
    assert ringer.ringing  # it keeps looking
    ringer.close()
    assert len(told) == 1
    ringer.ring(quiet=True)
    _until(lambda: not ringer.ringing, "a cue does not wait for a device")
    ringer.close()


def test_a_missing_sound_file_is_a_problem_not_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ringer_module, "locate", lambda *names: tmp_path / "gone.wav")
    ringer = Ringer()
    ringer.ring()
    _until(lambda: ringer.problem, "the problem is told")
    assert "its sound file does not open" in ringer.problem
    ringer.close()
    assert not any(thread.name == "ringer" for thread in threading.enumerate())


def test_the_ring_is_loud_but_does_not_clip_and_loops_without_a_click() -> None:
    ring = _samples("ring.wav")
    assert _peak_dbfs(ring) == pytest.approx(-4.0, abs=0.1)
    assert 2.0 < len(ring) / 48_000 < 4.0
    assert max(abs(int(ring[0])), abs(int(ring[-1]))) < 40
    spectrum = np.abs(np.fft.rfft(ring[: 48_000 // 5].astype(float), 48_000))  # the first note, 1 Hz a bin
    assert np.argmax(spectrum) == pytest.approx(659, abs=6)
    assert (spectrum[4000:] ** 2).sum() < 0.01 * (spectrum**2).sum()  # warm: next to nothing above 4 kHz


def test_the_cue_is_quiet() -> None:
    cue = _samples("cue.wav")
    assert _peak_dbfs(cue) == pytest.approx(-20.0, abs=0.1)
    assert 0.4 < len(cue) / 48_000 < 1.0
    assert max(abs(int(cue[0])), abs(int(cue[-1]))) < 40


def test_the_sounds_are_what_the_script_makes(tmp_path: Path) -> None:
    import subprocess

    script = Path(__file__).parents[3] / "packaging" / "make_sounds.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    for name in ("ring.wav", "cue.wav"):
        with wave.open(str(tmp_path / name)) as file:
            made = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int32)
        # Another numpy may round a sine otherwise.
        assert np.abs(made - _samples(name)).max() <= 1
