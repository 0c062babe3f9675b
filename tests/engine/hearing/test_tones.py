"""Call progress tones as telephone exchanges make them, through G.711, loud and faint."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hearing.ear import Ear
from engine.hearing.features import BLOCK_SAMPLES, Analyser
from engine.hearing.perceptions import Tone, ToneHeard
from engine.hearing.tones import ToneEar
from tests.engine.hearing.sound import cadence, clip, gap, over_the_phone, tone


def heard(sound: np.ndarray, voiced: bool = False) -> list[ToneHeard]:
    samples = over_the_phone(np.concatenate([gap(0.5), sound]))
    analyser, ear = Analyser(), ToneEar()
    told: list[ToneHeard] = []
    for start in range(0, len(samples) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
        told += ear.step(analyser.block(samples[start : start + BLOCK_SAMPLES]), voiced)
    return told


def names(sound: np.ndarray) -> list[str]:
    return [told.tone.value + told.digit for told in heard(sound)]


@pytest.mark.parametrize("level_db", [-10.0, -25.0, -40.0])
@pytest.mark.parametrize(
    ("hz", "on_off_s", "times", "expected"),
    [
        ((440, 480), (2.0, 4.0), 2, ["ringback", "ringback"]),  # North America
        ((400, 450), (0.4, 0.2, 0.4, 2.0), 2, ["ringback", "ringback"]),  # United Kingdom
        ((425,), (1.0, 4.0), 2, ["ringback", "ringback"]),  # Europe
        ((440,), (1.5, 3.5), 2, ["ringback", "ringback"]),  # France
        ((400, 425, 450), (0.4, 0.2, 0.4, 2.0), 2, ["ringback", "ringback"]),  # Australia: 425 Hz times 25 Hz
        ((480, 620), (0.5, 0.5), 5, ["busy"]),
        ((425,), (0.5, 0.5), 5, ["busy"]),
        ((400,), (0.375, 0.375), 6, ["busy"]),
        ((425,), (0.375, 0.375), 6, ["busy"]),  # Australia
        ((480, 620), (0.25, 0.25), 8, ["reorder"]),
        ((425,), (0.25, 0.25), 8, ["reorder"]),
        ((1100,), (0.5, 3.0), 1, ["fax"]),
        ((2100,), (2.6, 0.5), 1, ["fax"]),
        ((1000,), (0.4, 1.0), 1, ["beep"]),
        ((1400,), (0.2, 1.0), 1, ["beep"]),
        ((440,), (0.5, 1.7), 1, ["beep"]),
        ((350, 440), (4.0, 0.5), 1, ["steady"]),  # dial tone
    ],
)
def test_tone(
    hz: tuple[float, ...], on_off_s: tuple[float, ...], times: int, expected: list[str], level_db: float
) -> None:
    assert names(cadence(hz, *on_off_s, times=times, level_db=level_db)) == expected


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("hz", "on_off_s", "times", "expected"),
    [
        ((440, 480), (2.0, 4.0), 2, ["ringback", "ringback"]),
        ((425,), (1.0, 4.0), 2, ["ringback", "ringback"]),
        ((440,), (1.5, 3.5), 2, ["ringback", "ringback"]),
        ((1100,), (0.5, 3.0), 1, ["fax"]),
        ((2100,), (2.6, 0.5), 1, ["fax"]),
    ],
)
def test_a_tone_goes_on_where_packets_are_lost(
    hz: tuple[float, ...], on_off_s: tuple[float, ...], times: int, expected: list[str], seed: int
) -> None:
    sound = cadence(hz, *on_off_s, times=times)
    lost = np.random.default_rng(seed).random(len(sound) // 160) < 0.03
    for packet in np.flatnonzero(lost)[1:]:
        sound[packet * 160 : packet * 160 + 160] = sound[packet * 160 - 160 : packet * 160]
    assert names(sound) == expected


@pytest.mark.parametrize("level_db", [-10.0, -40.0])
@pytest.mark.parametrize(
    "code", [(914, 0.274, 1371, 0.274), (985, 0.38, 1429, 0.274), (985, 0.38, 1429, 0.38)]
)
def test_special_information_tones(code: tuple[float, ...], level_db: float) -> None:
    first_hz, first_s, second_hz, second_s = code
    sound = np.concatenate(
        [
            tone((first_hz,), first_s, level_db),
            tone((second_hz,), second_s, level_db),
            tone((1777,), 0.38, level_db),
            gap(1.0),
        ]
    )
    assert names(sound) == ["sit"]


@pytest.mark.parametrize(
    ("pair", "digit"), [((697, 1209), "1"), ((941, 1336), "0"), ((852, 1477), "9"), ((941, 1477), "#")]
)
def test_digit(pair: tuple[float, ...], digit: str) -> None:
    assert names(cadence(pair, 0.12, 0.5)) == ["dtmf" + digit]


def test_a_ring_is_known_within_a_second_and_each_ring_is_told() -> None:
    rings = heard(cadence((440, 480), 2.0, 4.0, times=3))
    assert [round(ring.at_s - ring.span.start_s, 1) for ring in rings] == pytest.approx([0.9] * 3, abs=0.15)
    assert [ring.span.start_s for ring in rings] == pytest.approx([0.5, 6.5, 12.5], abs=0.1)


@pytest.mark.parametrize("partials", [4, 10, 19])
@pytest.mark.parametrize("level_db", [-10.0, -25.0])
def test_a_sound_of_many_harmonics_that_stands_still_is_steady(partials: int, level_db: float) -> None:
    told = heard(tone([150.0 * k for k in range(2, 2 + partials)], 4.0, level_db))
    assert [t.tone for t in told] == [Tone.STEADY]


@pytest.mark.parametrize("level_db", [-50.0, -35.0, -20.0])
def test_noise_is_no_tone(level_db: float) -> None:
    noise = np.random.default_rng(3).normal(0, 10 ** (level_db / 20), 8000 * 6)
    assert heard(noise) == []


def test_silence_is_no_tone() -> None:
    assert heard(gap(4.0)) == []


def test_speech_and_song_hold_no_tones() -> None:
    for name in ("human_librispeech-1737", "recording_allison_menu_8", "vocals_karissa-hobbs-lets-go-fishin"):
        told = Ear().feed(clip(name))
        assert [t for t in told if isinstance(t, ToneHeard)] == [], name
