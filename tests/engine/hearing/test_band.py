"""What lies above the telephone's band is gone, what lies within passes, and chunking changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hearing.band import TAPS, TelephoneBand

RATE = 16_000


def gain_db(hertz: float) -> float:
    time_s = np.arange(RATE) / RATE
    tone = (8000 * np.sin(2 * np.pi * hertz * time_s)).astype(np.int16)
    out = TelephoneBand().feed(tone)[2 * TAPS :].astype(float)
    return float(20 * np.log10(np.sqrt(np.mean(out**2)) / (8000 / np.sqrt(2)) + 1e-9))


@pytest.mark.parametrize("hertz", [300.0, 1000.0, 2500.0, 3600.0])
def test_the_band_passes(hertz: float) -> None:
    assert abs(gain_db(hertz)) < 0.3


@pytest.mark.parametrize("hertz", [4400.0, 5000.0, 6500.0, 7800.0])
def test_what_is_above_is_gone(hertz: float) -> None:
    assert gain_db(hertz) < -40.0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=8), st.integers(0, 2**16))
def test_chunking_changes_nothing(lengths: list[int], seed: int) -> None:
    sound = np.random.default_rng(seed).integers(-32768, 32767, sum(lengths)).astype(np.int16)
    whole = TelephoneBand().feed(sound)
    band, at, parts = TelephoneBand(), 0, []
    for length in lengths:
        parts.append(band.feed(sound[at : at + length]))
        at += length
    assert np.array_equal(np.concatenate(parts), whole)
