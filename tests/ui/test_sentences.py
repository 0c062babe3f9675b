"""States in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.call import CallId, EndReason, LineState, Mode, Phase
from engine.events import AudioState, RecogniserState, Sound, Tone
from ui import sentences
from ui.callview import Alarm, Call
from ui.sentences import Face
from ui.viewstate import Trunk, WindowState

NOW = 1000.0
CALL = Call(
    CallId("a"), NOW - 300, number="+15550100", company="Acme", intent="cancel", line=LineState.CONFIRMED
)
ENDED = replace(CALL, ended_at=NOW, phase=Phase.DONE)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-3, "0 s"), (45.9, "45 s"), (60, "1 min"), (185, "3 min"), (3600, "1 h 00 min"), (7500, "2 h 05 min")],
)
def test_duration(seconds: float, words: str) -> None:
    assert sentences.duration(seconds) == words.replace(" ", sentences.NO_BREAK)


@pytest.mark.parametrize(("seconds", "words"), [(7, "0:07"), (754, "12:34"), (3723, "1:02:03")])
def test_clock(seconds: float, words: str) -> None:
    assert sentences.clock(seconds) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd"), (112, "112th")],
)
def test_ordinal(number: int, words: str) -> None:
    assert sentences.ordinal(number) == words


@pytest.mark.parametrize(
    ("changes", "sentence", "face"),
    [
        ({"line": LineState.DIALING}, "Calling Acme", Face.NAVIGATING),
        ({"line": LineState.EARLY}, "Ringing at Acme", Face.NAVIGATING),
        ({"line": LineState.EARLY, "early_media": True}, "Calling Acme", Face.NAVIGATING),
        (
            {"line": LineState.EARLY, "early_media": True, "tone": Tone.RINGBACK},
            "Ringing at Acme",
            Face.NAVIGATING,
        ),
        ({"line": LineState.EARLY, "incoming": True}, "Acme is calling", Face.NAVIGATING),
        ({}, "Walking the menu", Face.NAVIGATING),
        (
            {"phase": Phase.HOLDING, "hold_since": NOW - 185},
            "Waiting on hold with Acme · 3 min",
            Face.HOLDING,
        ),
        (
            {"phase": Phase.HOLDING, "hold_since": NOW - 5, "company": ""},
            "Waiting on hold with +15550100 · 5 s",
            Face.HOLDING,
        ),
        ({"phase": Phase.HOLDING, "alarm": Alarm.MAYBE}, "Maybe a person…", Face.MAYBE),
        ({"phase": Phase.ALERTING, "alarm": Alarm.PERSON}, "A person is speaking!", Face.RINGING),
        ({"alarm": Alarm.QUESTION}, "Your help is needed", Face.RINGING),
        ({"phase": Phase.TALKING}, "You are talking with Acme", Face.TALKING),
        ({"phase": Phase.MANUAL}, "You have taken over", Face.TALKING),
        ({"phase": Phase.MANUAL, "mode": Mode.DIRECT}, "You are on the line with Acme", Face.TALKING),
    ],
)
def test_a_live_call(changes: dict[str, object], sentence: str, face: Face) -> None:
    call = replace(CALL, **changes)  # type: ignore[arg-type]
    assert sentences.phase_sentence(call, NOW).replace(sentences.NO_BREAK, " ") == sentence
    assert sentences.face(call) is face


@pytest.mark.parametrize("reason", list(EndReason))
def test_every_end_has_a_sentence(reason: EndReason) -> None:
    sentence = sentences.phase_sentence(replace(ENDED, end_reason=reason), NOW)
    assert sentence[0].isupper()
    assert "{" not in sentence


@pytest.mark.parametrize(
    ("outcome", "sentence"), [("closed", "Acme is closed"), ("voicemail", "Acme sent you to voicemail")]
)
def test_an_outcome_says_more_than_the_end(outcome: str, sentence: str) -> None:
    call = replace(ENDED, end_reason=EndReason.COMPLETED, outcome=outcome)
    assert sentences.phase_sentence(call, NOW) == sentence


@pytest.mark.parametrize(
    ("position", "wait_min", "said_ago_s", "sentence"),
    [
        (4, None, 0, "You are 4th in line"),
        (1, None, 0, "You are next in line"),
        (None, 6.0, 0, "About 6 min left"),
        (4, 6.0, 60, "You are 4th in line · about 5 min left"),
        (None, 2.0, 600, "Any moment now"),
        (None, None, 0, ""),
    ],
)
def test_the_queue(position: int | None, wait_min: float | None, said_ago_s: float, sentence: str) -> None:
    call = replace(
        CALL, phase=Phase.HOLDING, position=position, wait_min=wait_min, queue_news_at=NOW - said_ago_s
    )
    assert sentences.queue_sentence(call, NOW) == sentence
    assert sentences.queue_sentence(replace(call, phase=Phase.TALKING), NOW) == ""


@pytest.mark.parametrize(
    ("sound", "tone", "words"),
    [
        (None, None, ""),
        (Sound.MUSIC, None, "Music"),
        (Sound.SPEECH, None, "A voice"),
        (Sound.SILENCE, None, "Silence"),
        (Sound.TONE, None, "A tone"),
        (Sound.TONE, Tone.BUSY, "Busy tone"),
    ],
)
def test_what_is_heard_now(sound: Sound | None, tone: Tone | None, words: str) -> None:
    assert sentences.sound_words(replace(CALL, sound=sound, tone=tone)) == words


def test_whom_and_what_for() -> None:
    assert sentences.subtitle(CALL) == "Acme · +15550100 · “cancel”"
    assert sentences.subtitle(replace(CALL, company="", intent="")) == "+15550100"


@pytest.mark.parametrize(
    ("state", "text", "good"),
    [
        (WindowState(), "Starting the telephone line…", None),
        (WindowState(starting=False), "No account: only direct SIP addresses can be called", None),
        (WindowState(trunks=(Trunk("one", True, ""),)), "Line ready · one", True),
        (WindowState(trunks=(Trunk("one", False, "Wrong password."),)), "Wrong password.", False),
        (
            WindowState(lines_down=(("line0", "killed"),)),
            "The telephone line is being restarted: killed",
            False,
        ),
    ],
)
def test_the_line_in_words(state: WindowState, text: str, good: bool | None) -> None:
    assert sentences.trunk_status(state) == sentences.Status(text, good)


@pytest.mark.parametrize(
    ("audio", "text", "good"),
    [
        (None, "Looking for sound devices…", None),
        (AudioState(0, "", "", ""), "No audio device: you will hear nothing", False),
        (AudioState(0, "", "speaker", ""), "No microphone: you will not be heard", False),
        (AudioState(0, "mic", "", ""), "No speaker: you will hear nothing", False),
        (AudioState(0, "mic", "speaker", "", "Headset"), "Headset", True),
    ],
)
def test_the_sound_in_words(audio: AudioState | None, text: str, good: bool | None) -> None:
    assert sentences.sound_status(WindowState(audio=audio)) == sentences.Status(text, good)


@pytest.mark.parametrize(
    ("recogniser", "text", "good"),
    [
        (None, "Loading the speech recogniser…", None),
        (RecogniserState(0, "sphinx", True), "Understands speech · sphinx", True),
        (RecogniserState(0, "whisper", False, "Loading"), "Loading", None),
        (RecogniserState(0, "", False, "loading"), "Loading", None),
        (RecogniserState(0, "", False), "The speech recogniser is not ready yet", None),
    ],
)
def test_the_recogniser_in_words(recogniser: RecogniserState | None, text: str, good: bool | None) -> None:
    assert sentences.recogniser_status(WindowState(recogniser=recogniser)) == sentences.Status(text, good)


def test_no_recogniser_is_trouble_once_everything_has_started() -> None:
    state = WindowState(recogniser=RecogniserState(0, "", False), starting=False)
    assert sentences.recogniser_status(state) == sentences.Status("No speech recogniser: no captions", False)


def test_the_most_urgent_call_gives_the_program_its_face() -> None:
    holding = replace(CALL, phase=Phase.HOLDING, hold_since=NOW)
    ringing = replace(CALL, id=CallId("b"), phase=Phase.ALERTING, alarm=Alarm.PERSON, alarm_at=NOW)
    assert sentences.program_face(WindowState()) is Face.IDLE
    assert sentences.program_face(WindowState(lines_down=(("l", ""),))) is Face.TROUBLE
    assert sentences.program_face(WindowState(calls=(holding,))) is Face.HOLDING
    assert sentences.program_face(WindowState(calls=(holding, ringing))) is Face.RINGING
    assert (
        sentences.program_sentence(WindowState(calls=(holding, ringing)), NOW)
        == "A person is speaking! (and 1 more)"
    )


@pytest.mark.parametrize(
    ("reason", "face"), [(EndReason.COMPLETED, Face.IDLE), (EndReason.LINE_LOST, Face.TROUBLE)]
)
def test_the_face_of_an_ended_call(reason: EndReason, face: Face) -> None:
    assert sentences.face(replace(ENDED, end_reason=reason)) is face
