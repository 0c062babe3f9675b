"""Levels and the telling of digits."""

from __future__ import annotations

import numpy as np
import pytest

from engine.speaking.voice import active_level_dbfs, levelled, spell_digits


def _sine(amplitude: float, seconds: float = 0.5, rate: int = 16_000) -> np.ndarray:
    t = np.arange(int(seconds * rate)) / rate
    return np.rint(amplitude * np.sin(2 * np.pi * 500 * t)).astype(np.int16)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("4025", "4, 0, 2, 5"),
        ("pin 402#", "pin 4, 0, 2, pound"),
        ("*9 please", "star, 9 please"),
        ("no digits here", "no digits here"),
        ("", ""),
    ],
)
def test_digits_are_told_one_by_one(text: str, told: str) -> None:
    assert spell_digits(text) == told


def test_active_level_leaves_pauses_out() -> None:
    tone = _sine(3276.8)  # 0.1 of full scale: -20 dB peak, -23 dB RMS
    with_pauses = np.concatenate([np.zeros(8000, np.int16), tone, np.zeros(32_000, np.int16)])
    assert active_level_dbfs(tone, 16_000) == pytest.approx(-23.01, abs=0.02)
    assert active_level_dbfs(with_pauses, 16_000) == pytest.approx(-23.01, abs=0.02)


def test_silence_has_no_level_and_stays_silence() -> None:
    silence = np.zeros(1600, np.int16)
    assert active_level_dbfs(silence, 16_000) == -np.inf
    assert active_level_dbfs(silence[:0], 16_000) == -np.inf
    assert not levelled(silence, 16_000).any()


@pytest.mark.parametrize("amplitude", [200.0, 32_000.0])
def test_levelled_brings_loud_and_quiet_to_the_same_level(amplitude: float) -> None:
    assert active_level_dbfs(levelled(_sine(amplitude), 16_000), 16_000) == pytest.approx(-26.0, abs=0.1)


def test_a_spike_does_not_clip() -> None:
    quiet = _sine(30.0, 5.0)
    quiet[1234] = 12_000  # would be far above full scale at the active level asked for
    louder = levelled(quiet, 16_000)
    assert np.abs(louder.astype(np.int32)).max() == 29_205  # -1 dBFS
