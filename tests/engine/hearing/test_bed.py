"""The music detector alone: its numbers, its memory, and what it says of plain cases."""

from __future__ import annotations

import numpy as np
import pytest

from engine.audio.format import RATE_HZ
from engine.hearing import bed
from engine.hearing.bed import BedSense, Estimate
from engine.hearing.features import BLOCK_SAMPLES, Analyser
from engine.hearing.vad import VoiceActivity
from resources import locate
from tests.engine.hearing.sound import Samples, clip, over_the_phone, silence

MUSIC = "music_moh-manolo_camp-morning_coffee"
PERSON = "human_librispeech-1737"
ANNOUNCER = "recording_flite-rms_hold_1"
SONG = "vocals_karissa-hobbs-lets-go-fishin"


def estimates(sound: Samples, sense: BedSense | None = None) -> list[Estimate]:
    sense = sense or BedSense()
    analyser, activity = Analyser(), VoiceActivity()
    return [
        sense.step(analyser.block(part), activity.feed(part))
        for part in np.split(
            sound[: len(sound) // BLOCK_SAMPLES * BLOCK_SAMPLES], len(sound) // BLOCK_SAMPLES
        )
    ]


def mixed(one: Samples, other: Samples) -> Samples:
    length = min(len(one), len(other))
    return (one[:length].astype(int) + other[:length]).clip(-32768, 32767).astype(np.int16)


def middle(found: list[float]) -> float:
    """Median without the first second and a half."""
    return float(np.median(found[15:]))


def test_plain_cases() -> None:
    music, person = clip(MUSIC), clip(PERSON)
    alone, talk, both = estimates(music), estimates(person), estimates(mixed(clip(MUSIC, -8.0), person))
    assert middle([e.music for e in alone]) > 0.9
    assert middle([e.talking for e in alone]) < 0.1
    assert middle([e.music for e in talk]) < 0.1
    assert middle([e.talking for e in talk]) > 0.9
    assert middle([e.music for e in both]) > 0.7
    assert middle([e.talking for e in both]) > 0.6


def test_song_is_music_and_seldom_talk() -> None:
    song = estimates(clip(SONG))
    assert middle([e.music for e in song]) > 0.9
    assert np.mean([e.talking > 0.5 for e in song]) < 0.25


@pytest.mark.parametrize("level_db", [-60.0, -45.0, -30.0])
def test_noise_is_neither(level_db: float) -> None:
    noise = estimates(over_the_phone(np.random.default_rng(8).normal(0, 10 ** (level_db / 20), 8000 * 5)))
    assert max(e.music for e in noise[5:]) < 0.5
    assert max(e.talking for e in noise[5:]) < 0.5


def test_belief_in_music_falls_quickly_when_a_person_speaks_after_it() -> None:
    told = estimates(np.concatenate([clip(MUSIC)[: 6 * RATE_HZ], clip(PERSON)]))
    assert told[58].music > 0.8
    assert max(e.music for e in told[80:100]) < 0.5


def test_forgetting_starts_from_nothing() -> None:
    sense = BedSense()
    first = estimates(clip(ANNOUNCER), sense)
    sense.forget()
    assert estimates(clip(ANNOUNCER), sense) == first


@pytest.mark.parametrize("value", [0, 32767, -32768])
def test_numbers_stay_small_whatever_comes(value: int) -> None:
    analyser = Analyser()
    for sound in (silence(0.1), np.full(BLOCK_SAMPLES, value, np.int16), clip(MUSIC)[:BLOCK_SAMPLES]):
        numbers = bed.inputs(analyser.block(sound), np.zeros(0, np.float32))
        assert numbers.shape == (bed.INPUTS,)
        assert np.abs(numbers).max() <= 4.0


def test_the_weights_are_small() -> None:
    assert locate("models", "music_bed.json").stat().st_size < 300_000
