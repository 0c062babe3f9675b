"""Composed calls: the same each time, true to what they say of themselves, dense, and without people in the hold."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from tests.bench.hearing.channel import Channel
from tests.bench.hearing.clips import Clip, Library
from tests.bench.hearing.compose import calls, recipe
from tests.bench.hearing.draft import Draft
from tests.bench.hearing.persons import STAYS_S
from tests.bench.hearing.recipe import RECORDED, Kind, Layer, Leg, Recipe
from tests.bench.hearing.render import render, ringback
from tests.hold_bench.library import library

SEED = 7


@lru_cache(maxsize=1)
def some() -> tuple[Library, list[Recipe]]:
    clips = library()
    return clips, [recipe(number, SEED, clips, "train") for number in range(40)]


def test_a_call_depends_on_its_number_and_the_seed_alone() -> None:
    clips, made = some()
    assert recipe(3, SEED, clips, "train") == made[3]
    assert recipe(3, SEED + 1, clips, "train") != made[3]
    assert np.array_equal(render(made[3], clips), render(made[3], clips))


def test_the_background_covers_the_call_without_a_gap() -> None:
    for made in some()[1]:
        grounds = sorted((t.start_s, t.end_s) for t in made.truth if t.kind not in RECORDED)
        assert grounds[0][0] == 0.0
        assert grounds[-1][1] == pytest.approx(made.length_s, abs=0.01)
        until_s = 0.0
        for start_s, end_s in grounds:
            assert start_s <= until_s + 0.01
            until_s = max(until_s, end_s)


def test_an_announcement_comes_at_least_every_thirty_seconds_of_hold() -> None:
    for made in some()[1]:
        until_s = made.first_word_s if made.first_word_s is not None else made.length_s
        starts = [t.start_s for t in made.voices() if made.hold_from_s <= t.start_s <= until_s]
        assert max(np.diff([made.hold_from_s, *sorted(starts)])) <= 30.0


def test_nobody_is_heard_in_the_hold_and_the_person_where_the_truth_says() -> None:
    clips, every = some()
    for made in every:
        people = [layer for layer in made.layers if layer.sources[0].startswith("human")]
        if made.first_word_s is None:
            assert not people
            assert "nobody" in made.tags
            continue
        first = people[0]
        onset_s = clips.find(first.sources[0]).onset_s
        assert first.at_s + onset_s - first.from_s == pytest.approx(made.first_word_s, abs=0.002)
        assert all(layer.leg == 1 and layer.at_s >= first.at_s for layer in people)
        assert made.person_until_s is not None
        assert made.person_until_s - made.first_word_s >= STAYS_S - 0.01


def test_only_what_was_played_before_counts_as_heard_before() -> None:
    for made in some()[1]:
        seen: set[str] = set()
        for truth in sorted(made.voices(), key=lambda t: t.start_s):
            if truth.kind is Kind.REPEAT:
                assert truth.clip in seen
            seen.add(truth.clip)


def test_every_kind_of_trap_and_arrival_occurs() -> None:
    made = some()[1]
    kinds = {t.kind for call in made for t in call.truth}
    assert kinds >= {
        Kind.RINGBACK,
        Kind.GREETING,
        Kind.MENU,
        Kind.MUSIC,
        Kind.VOCALS,
        Kind.SILENCE,
        Kind.BEEP,
        Kind.TRANSFER,
        Kind.ANNOUNCEMENT,
        Kind.REPEAT,
        Kind.ADVERT,
        Kind.NEWCOMER,
        Kind.HELLO,
        Kind.PERSON,
    }
    tags = {tag for call in made for tag in call.tags}
    assert {"after music", "after transfer", "over music", "nobody", "music stops for nobody"} <= tags
    assert any(tag.startswith("answers for") for tag in tags)


def test_so_many_calls_that_the_hours_are_full() -> None:
    clips = library()
    made = calls(SEED, clips, "train", 0.3)
    assert sum(call.hold_s for call in made) >= 0.3 * 3600
    assert sum(call.hold_s for call in made[:-1]) < 0.3 * 3600


def test_a_library_without_people_is_told() -> None:
    clips = Library(tuple(c for c in library().clips if c.kind != "human"))
    with pytest.raises(ValueError, match="needs announcements, music and persons"):
        recipe(0, 1, clips, "train")


def played(layers: tuple[Layer, ...], length_s: float, clips: Library) -> np.ndarray:
    made = Recipe(0, "train", length_s, 0.0, layers, (Leg(Channel("alaw"), 0.0, length_s),), ())
    return render(made, clips).astype(float) / 32768


def test_sound_lies_where_its_layer_says() -> None:
    clips = library()
    voice: Clip = clips.find("recording_allison_hold_2-hold")
    sound = played((Layer((voice.id,), 2.0, voice.length_s),), voice.length_s + 4.0, clips)
    assert np.abs(sound[: 8000 * 2 - 10]).max() < 0.001
    assert np.abs(sound[8000 * 2 :]).max() > 0.05
    assert np.abs(sound[round((2.0 + voice.length_s) * 8000) + 10 :]).max() < 0.001


def test_hold_music_goes_on_where_it_stopped_without_a_seam() -> None:
    clips = library()
    tracks = ("music_singularity-Awakening",)
    draft = Draft()
    draft.music(tracks, 4.0, 0.0, Kind.MUSIC)
    draft.music(tracks, 4.0, 0.0, Kind.MUSIC)
    joined = played(tuple(draft.layers), 8.0, clips)
    whole = played((Layer(tracks, 0.0, 8.15, fade_s=0.3),), 8.0, clips)
    middle = slice(8000 * 2, 8000 * 6)
    assert np.abs(joined[middle] - whole[middle]).max() < 0.03
    assert draft.truth[0].end_s == 8.0
    assert len(draft.truth) == 1


def test_ringback_keeps_its_cadence() -> None:
    us = np.abs(ringback("us", 8000 * 7))
    assert us[: 8000 * 2].max() > 0.05
    assert us[8000 * 2 : 8000 * 6].max() == 0.0
    assert us[8000 * 6 :].max() > 0.05
