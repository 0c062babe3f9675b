"""What is kept of a hearing is what a fresh hearing gives, and no words are what an ear without a recogniser hears."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.hearing.perceptions import Heard, Span, Unheard
from tests.bench.hearing import ears
from tests.bench.hearing.channel import Channel, Samples, through
from tests.bench.hearing.clips import sound
from tests.bench.hearing.judge import judge
from tests.bench.hearing.rivals import phrases_alone, rules_on_windows, voice_alone
from tests.hold_bench.library import CLIPS


class CountingUtterance:
    """Says how much sound it was given; the first second is too little."""

    def __init__(self, start_s: float) -> None:
        self._start_s = start_s
        self._samples = 0

    def accept(self, samples: Samples) -> None:
        self._samples += len(samples)

    def partial(self, at_s: float) -> Heard | None:
        if self._samples < 16000:
            return None
        return Heard(at_s, f"hello {self._samples}", Span(self._start_s, at_s), 0.5, False)

    def end(self, at_s: float, end_s: float) -> Heard | Unheard:
        span = Span(self._start_s, end_s)
        if self._samples % 3:
            return Unheard(at_s, span, "no words in it")
        return Heard(at_s, f"hello {self._samples}", span, 0.9, True)


class CountingTranscriber:
    """Counts the utterances it opened."""

    name = "counting"

    def __init__(self) -> None:
        self.begun = 0

    def begin(self, start_s: float) -> CountingUtterance:
        self.begun += 1
        return CountingUtterance(start_s)


def a_call() -> Samples:
    parts = [
        sound(CLIPS / "music_singularity-Awakening.flac")[: 8000 * 3],
        sound(CLIPS / "recording_flite-rms_hold_1.flac"),
        np.zeros(8000, np.float32),
        sound(CLIPS / "human_so762-0739.flac")[: 8000 * 4],
        np.zeros(8000 * 2, np.float32),
    ]
    return through(np.concatenate(parts), Channel(noise="white", snr_db=35.0))


def test_kept_hearings_and_kept_words_are_the_same_as_fresh_ones(tmp_path: Path) -> None:
    call = a_call()
    asked = CountingTranscriber()
    fresh = ears.heard(call, asked, tmp_path)
    assert asked.begun > 0
    assert any(isinstance(what, Heard) for _, what in fresh.perceptions)
    again = CountingTranscriber()
    assert ears.heard(call, again, tmp_path).perceptions == fresh.perceptions
    assert again.begun == 0
    for whole in tmp_path.glob("*.hearing"):
        whole.unlink()
    words_only = CountingTranscriber()
    assert ears.heard(call, words_only, tmp_path).perceptions == fresh.perceptions
    assert words_only.begun == 0
    assert ears.heard(call, CountingTranscriber(), None).perceptions == fresh.perceptions


def test_without_words_is_what_an_ear_without_a_recogniser_hears() -> None:
    call = a_call()
    with_words = ears.heard(call, CountingTranscriber(), None)
    alone = ears.heard(call, None, None)
    assert with_words.without_words().perceptions == alone.perceptions
    assert judge(alone.perceptions) == judge(with_words.without_words().perceptions)


def test_rivals_ring_for_a_recording_as_for_a_person() -> None:
    hearing = ears.heard(a_call(), CountingTranscriber(), None)
    assert len(voice_alone(hearing)) >= 1
    assert 3.0 < voice_alone(hearing)[0] < 6.0
    assert len(phrases_alone(hearing)) >= 1
    assert all(ring > 5.0 for ring in rules_on_windows(hearing))
