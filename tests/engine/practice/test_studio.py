"""The sound that companies are made of, measured."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import soundfile

import resources
from engine.audio.format import RATE_HZ
from engine.practice import clips, scenario, tones
from engine.practice.clips import ClipError
from engine.practice.steps import Announcement, Hold, Part, Person
from engine.practice.studio import DUCKED_DB, AnnouncementStart, BeepStart, FirstWord, PromptStart, Studio
from engine.speaking.voice import active_level_dbfs
from tests.engine.practice.callers import company

HOLD = Hold(
    id="queue",
    music="cold-day",
    length_s=30,
    announcements=(
        Announcement(at_s=5, prompt=(Part(pause_s=3),), music="ducked"),
        Announcement(at_s=15, prompt=(Part(pause_s=3),), music="stopped"),
        Announcement(at_s=23, prompt=(Part(pause_s=3),), music="over"),
    ),
    next="x",
)
"""Announcements of silence, so that the music beneath can be measured."""


def dbfs(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean((samples.astype(float) / 32768) ** 2)) + 1e-9))


def piece(samples: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    return samples[int(start_s * RATE_HZ) : int(end_s * RATE_HZ)]


@pytest.fixture(scope="module")
def studio() -> Studio:
    return company("northwind-telecom")[1]


def test_speech_and_music_are_as_loud_as_on_a_telephone() -> None:
    for id, clip in clips.index().items():
        samples = Studio(scenario.load("corner-pizza")).clip(id)
        if clip.kind in ("music", "vocals"):
            assert dbfs(samples) == pytest.approx(-26, abs=3.5), id
        else:
            # People in the middle of their talk are a little louder or softer than their average.
            tolerance_db = 5.5 if clip.kind == "human" else 3
            assert active_level_dbfs(samples, RATE_HZ) == pytest.approx(-26, abs=tolerance_db), id


def test_sentences_are_as_loud_as_clips(studio: Studio) -> None:
    mix = studio.prompt((Part(text="your call is important to us"),))
    assert active_level_dbfs(mix.read(0, mix.length), RATE_HZ) == pytest.approx(-26, abs=1)


def test_the_music_is_softened_stopped_or_left_beneath_an_announcement(studio: Studio) -> None:
    with_words = studio.hold(HOLD, 30.0)
    plain = studio.hold(HOLD.model_copy(update={"announcements": ()}), 30.0)
    sound, music = (mix.read(0, mix.length) for mix in (with_words, plain))
    ducked = dbfs(piece(sound, 5.3, 7.7)) - dbfs(piece(music, 5.3, 7.7))
    assert ducked == pytest.approx(DUCKED_DB, abs=0.3)
    assert not piece(sound, 15.05, 17.95).any()
    np.testing.assert_array_equal(piece(sound, 22, 27), piece(music, 22, 27))
    np.testing.assert_array_equal(piece(sound, 9, 14), piece(music, 9, 14))
    np.testing.assert_array_equal(piece(sound, 18.5, 22), piece(music, 18.5, 22))


def test_an_announcement_is_the_sum_of_words_and_music(studio: Studio) -> None:
    words = (Part(text="please hold"),)
    hold = HOLD.model_copy(update={"announcements": (Announcement(at_s=4, prompt=words, music="over"),)})
    spoken = studio.prompt(words)
    mix = studio.hold(hold, 10.0)
    music = studio.hold(HOLD.model_copy(update={"announcements": ()}), 10.0)
    assert [(m.at, m.what) for m in mix.marks[:1]] == [
        (4 * RATE_HZ, AnnouncementStart(0, 1, "please hold", spoken.length_s))
    ]
    both = mix.read(4 * RATE_HZ, spoken.length).astype(int) - music.read(4 * RATE_HZ, spoken.length)
    assert np.abs(both - spoken.read(0, spoken.length)).max() <= 1


def test_a_mix_read_in_pieces_is_the_mix_read_at_once(studio: Studio) -> None:
    mix = studio.hold(HOLD, 30.0)
    whole = mix.read(0, mix.length)
    pieces = [mix.read(at, 3217) for at in range(0, mix.length + 3217, 3217)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    assert len(mix.read(mix.length, 100)) == len(mix.read(5, -1)) == 0


def test_music_goes_round_and_begins_where_it_should(studio: Studio) -> None:
    music = studio.clip("cold-day")
    silent = HOLD.model_copy(update={"announcements": (), "music_from_s": 20.0})
    mix = studio.hold(silent, 100.0)
    np.testing.assert_array_equal(mix.read(0, 1000), music[20 * RATE_HZ : 20 * RATE_HZ + 1000])
    turn = len(music) - 20 * RATE_HZ
    np.testing.assert_array_equal(mix.read(turn - 10, 20), np.concatenate([music[-10:], music[:10]]))


def test_a_silent_hold_is_silent_but_for_its_words(studio: Studio) -> None:
    mix = studio.hold(HOLD.model_copy(update={"music": ""}), 30.0)
    assert not mix.read(0, mix.length).any()


def test_what_would_not_be_over_in_time_is_not_begun(studio: Studio) -> None:
    assert len(studio.hold(HOLD, 25.0).marks) == 4
    assert len(studio.hold(HOLD, 27.0).marks) == 6


@pytest.mark.parametrize("clip", [id for id, clip in clips.index().items() if clip.kind == "human"])
def test_the_mark_of_a_first_word_is_where_the_voice_begins(studio: Studio, clip: str) -> None:
    mix = studio.person(clip, -62.0)
    (mark,) = mix.marks
    assert isinstance(mark.what, FirstWord)
    sound = mix.read(0, mix.length)
    loud = active_level_dbfs(sound, RATE_HZ)
    at_s = mark.at / RATE_HZ
    assert dbfs(piece(sound, at_s, at_s + 0.1)) > loud - 26
    assert dbfs(piece(sound, max(0.0, at_s - 0.06), at_s)) < dbfs(piece(sound, at_s, at_s + 0.1)) - 6


def test_a_room_is_hardly_heard(studio: Studio) -> None:
    room = studio.room(2.0, -62.0)
    assert dbfs(room.read(0, room.length)) == pytest.approx(-62, abs=0.7)
    assert room.length == 2 * RATE_HZ


def test_a_prompt_tells_its_words_and_its_beep(studio: Studio) -> None:
    mix = studio.prompt(
        (Part(clip="allison-invalid-option"), Part(pause_s=0.5), Part(tone="beep", length_s=0.4))
    )
    said, beep = mix.marks
    assert said.what == PromptStart("that option is invalid please try again", mix.length_s)
    assert beep.what == BeepStart()
    assert dbfs(mix.read(beep.at, 6400)) == pytest.approx(-19, abs=0.5)
    assert beep.at == len(studio.clip("allison-invalid-option")) + RATE_HZ // 2


def spectrum_peaks(samples: np.ndarray, count: int) -> list[float]:
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 17))
    peaks = []
    for _ in range(count):
        at = int(power.argmax())
        peaks.append(at * RATE_HZ / (1 << 17))
        power[max(0, at - 150) : at + 150] = 0
    return sorted(peaks)


@pytest.mark.parametrize(
    ("name", "pair", "on_s", "off_s"),
    [("ringback", (440, 480), 2, 4), ("busy", (480, 620), 0.5, 0.5), ("reorder", (480, 620), 0.25, 0.25)],
)
def test_progress_tones_have_their_frequencies_and_cadence(
    name: tones.ToneName, pair: tuple[float, float], on_s: float, off_s: float
) -> None:
    tone = tones.make(name, 7.0)
    assert len(tone) == 7 * RATE_HZ
    assert spectrum_peaks(piece(tone, 0, on_s), 2) == pytest.approx(pair, abs=6)
    assert not piece(tone, on_s, on_s + off_s).any()
    assert dbfs(piece(tone, on_s + off_s, on_s + off_s + 0.2)) > -25


def test_special_information_tones_rise() -> None:
    tone = tones.make("sit", 0.0)
    bounds = (0.0, 0.276, 0.552, 0.932)
    hz = [spectrum_peaks(piece(tone, a, b), 1)[0] for a, b in pairwise(bounds)]
    assert hz == pytest.approx([913.8, 1370.6, 1776.7], abs=3)
    assert len(tone) == pytest.approx(0.932 * RATE_HZ, abs=3)


def test_a_damaged_clip_is_said(studio: Studio, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClipError, match="no practice clip called 'nothing'"):
        studio.clip("nothing")
    monkeypatch.setattr(resources, "locate", lambda *_: tmp_path / "gone.flac")
    with pytest.raises(ClipError, match="'robot-dity' is missing or damaged"):
        studio.clip("robot-dity")
    (tmp_path / "gone.flac").write_bytes(b"fLaC and nothing more")
    with pytest.raises(ClipError, match="'robot-dity' is missing or damaged"):
        studio.clip("robot-dity")


def test_warming_makes_every_sound_a_call_needs() -> None:
    for name in ("meridian-air", "super-awesome"):
        loaded = scenario.load(name)
        fresh = Studio(loaded)
        fresh.warm()
        made = len(fresh._takes)
        for _, part in loaded.parts():
            fresh.prompt((part,))
        for step in loaded.steps:
            if isinstance(step, Hold):
                fresh.hold(step, step.length_s)
            elif isinstance(step, Person):
                fresh.person(step.greeting, step.noise_dbfs)
        assert len(fresh._takes) <= made + 1  # the noise of the room


def test_clips_are_what_their_files_hold(studio: Studio) -> None:
    path = resources.locate(*clips.FOLDER, "libri-2136-1.flac")
    info = soundfile.info(path)
    assert len(studio.clip("libri-2136-1")) == info.frames * RATE_HZ // info.samplerate
