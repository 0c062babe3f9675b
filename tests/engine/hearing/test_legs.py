"""The leg of a line is known by its noise floor and its level; music and fresh talk are not compared."""

from __future__ import annotations

import numpy as np

from engine.hearing.features import BLOCK_SAMPLES, Analyser
from engine.hearing.legs import Legs
from tests.engine.hearing.sound import RATE_HZ, Samples, clip, silence

ANNOUNCER, PERSON = "recording_allison_hold_2", "human_librispeech-1737"


def noisy(samples: Samples, level_db: float, seed: int = 1) -> Samples:
    noise = np.random.default_rng(seed).normal(0.0, 32768.0 * 10 ** (level_db / 20), len(samples))
    return np.clip(samples + noise, -32768, 32767).astype(np.int16)


class Call:
    """A line on which voices come one after the other."""

    def __init__(self) -> None:
        self.analyser, self.legs, self.at_s = Analyser(), Legs(), 0.0

    def hear(self, samples: Samples, voice: float) -> None:
        for at in range(0, len(samples) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
            block = self.analyser.block(samples[at : at + BLOCK_SAMPLES])
            loud = voice if float(np.median(block.level_db)) > -45.0 else 0.0
            self.legs.listen(block, np.full(3, loud, np.float32))
            self.at_s += 0.1

    def speak(
        self, samples: Samples, *, floor_db: float, music: bool = False
    ) -> tuple[float | None, float | None]:
        """Quiet, then the voice; what was said of it."""
        self.hear(noisy(silence(8.0), floor_db), 0.0)
        self.legs.begin(self.at_s)
        self.hear(noisy(samples[: 4 * RATE_HZ], floor_db, seed=2), 0.9)
        found = self.legs.floor_change_db(), self.legs.level_change_db()
        self.legs.end(music)
        return found


def test_nothing_is_said_of_the_first_voice() -> None:
    assert Call().speak(clip(ANNOUNCER), floor_db=-60.0) == (None, None)


def test_the_same_leg_again_and_another_one() -> None:
    call = Call()
    call.speak(clip(ANNOUNCER), floor_db=-60.0)
    floor, level = call.speak(clip(ANNOUNCER), floor_db=-60.0)
    assert floor is not None and level is not None
    assert floor < 1.5 and abs(level) < 1.0
    floor, level = call.speak(clip(PERSON, -8.0), floor_db=-38.0)
    assert floor is not None and level is not None
    assert floor > 3.0 and level < -4.0


def test_music_hides_the_floor_but_not_the_level() -> None:
    call = Call()
    call.speak(clip(ANNOUNCER), floor_db=-60.0, music=True)
    floor, level = call.speak(clip(ANNOUNCER), floor_db=-60.0)
    assert floor is None and level is not None


def test_who_has_just_spoken_is_no_recording_to_compare_with() -> None:
    call = Call()
    call.speak(clip(ANNOUNCER), floor_db=-60.0)
    call.hear(noisy(silence(1.0), -60.0), 0.0)
    call.legs.begin(call.at_s)
    call.hear(clip(ANNOUNCER)[: 2 * RATE_HZ], 0.9)
    assert call.legs.floor_change_db() is None and call.legs.level_change_db() is None
