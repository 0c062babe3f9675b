"""Lines of output: names, fields, words."""

from __future__ import annotations

import inspect
import json
import typing

import pytest

from app import heard, timeline
from app.timeline import NAMES, Line, as_json, as_text
from engine import events
from engine.call import CallId, EndReason, LineState, Mode, Phase
from engine.deciding import decisions
from engine.deciding.decisions import Option
from engine.hearing import perceptions
from engine.hearing.perceptions import Sound, Span, Tone

CALL = CallId("c1")
SPAN = Span(1.0, 2.0004999)

PIECE = decisions.Piece("words", 2.12345, 4.56789, "a greeting")
WEIGHED = [{"kind": "words", "weight": 2.123, "at_s": 4.568, "because": "a greeting"}]

FACTS: list[tuple[events.Event, str, dict[str, object]]] = [
    (events.CallBegan(5.0, CALL, "+1", "Bank", "card", Mode.HOLD_SLAYER), "call", {"company": "Bank"}),
    (events.LineChanged(5.0, CALL, LineState.EARLY), "line", {"state": "early"}),
    (
        events.CallEnded(5.0, CALL, EndReason.BUSY, "It is busy.", False, 486),
        "ended",
        {"reason": "busy", "sip_code": 486},
    ),
    (events.PhaseChanged(5.0, CALL, Phase.HOLDING, Phase.CONFIRMING, "b"), "phase", {"phase": "confirming"}),
    (events.SoundHeard(5.0, CALL, Sound.MUSIC, 3.0), "hold_music", {"since_s": 3.0}),
    (events.SoundHeard(5.0, CALL, Sound.SILENCE, 3.0), "silence", {"since_s": 3.0}),
    (events.SoundHeard(5.0, CALL, Sound.SPEECH, 3.0), "speech", {"since_s": 3.0}),
    (events.ProgressTone(5.0, CALL, Tone.SIT, SPAN), "tone", {"tone": "sit", "start_s": 1.0}),
    (events.Caption(5.0, CALL, "hi", SPAN, 0.5, False), "hearing", {"text": "hi"}),
    (events.Caption(5.0, CALL, "hi", SPAN, 0.5, True), "words", {"text": "hi", "end_s": 2.0}),
    (events.Caption(5.0, CALL, "hi", SPAN, 0.5, True, "recording"), "recording", {"text": "hi"}),
    (events.Caption(5.0, CALL, "hi", SPAN, 0.5, True, "person"), "person", {"text": "hi"}),
    (events.MenuHeard(5.0, CALL, (("1", "cards"),)), "menu", {"options": [{"key": "1", "label": "cards"}]}),
    (events.DigitsPressed(5.0, CALL, "20", "b"), "pressed", {"keys": "20"}),
    (events.Spoken(5.0, CALL, "yes", "b"), "said", {"text": "yes"}),
    (events.StepEntered(5.0, CALL, "f", "s"), "step", {"flow": "f", "step": "s"}),
    (events.FlowLeft(5.0, CALL, "f", "b"), "flow_left", {"because": "b"}),
    (events.HoldBegan(5.0, CALL, 4.0, "b"), "hold", {"since_s": 4.0}),
    (events.QueueNews(5.0, CALL, 3, None), "queue", {"position": 3, "wait_min": None}),
    (
        events.QueueEstimate(5.0, CALL, 360.0, 240.0, "b"),
        "estimate",
        {"left_s": 360.0, "back_in_s": 240.0, "because": "b"},
    ),
    (events.QueueWarning(5.0, CALL, "closing", "It closes."), "queue_warning", {"kind": "closing"}),
    (events.HoursAnnounced(5.0, CALL, "9 to 5"), "hours", {"text": "9 to 5"}),
    (events.BackOnHold(5.0, CALL, 4.0, "music"), "back_on_hold", {"since_s": 4.0, "because": "music"}),
    (events.OfferEnded(5.0, CALL, "b"), "offer_ended", {"because": "b"}),
    (events.Learned(5.0, CALL, False, "Learned: that was a recording."), "learned", {"person": False}),
    (events.LearningUndone(5.0, CALL), "learning_undone", {}),
    (events.MemoryDamaged(5.0, CALL, "Kept aside."), "memory_damaged", {"text": "Kept aside."}),
    (
        events.PersonSuspected(5.0, CALL, "hi", ("a",), (PIECE,)),
        "maybe_human",
        {"because": ["a"], "evidence": WEIGHED},
    ),
    (
        events.PersonFound(5.0, CALL, "hi", 4.0, ("a", "b"), pieces=(PIECE,)),
        "human",
        {"because": ["a", "b"], "at": 5.0, "evidence": WEIGHED},
    ),
    (
        events.PersonDismissed(5.0, CALL, "b", pieces=(PIECE,)),
        "stand_down",
        {"because": "b", "by_user": False, "evidence": WEIGHED},
    ),
    (events.UserNeeded(5.0, CALL, "which?"), "need_user", {"question": "which?"}),
    (events.OutcomeKnown(5.0, CALL, "busy", "b"), "outcome", {"outcome": "busy"}),
    (events.VoiceConnected(5.0, CALL, True), "voice", {"connected": True}),
    (events.RecordingChanged(5.0, CALL, "x.wav"), "recorder", {"path": "x.wav"}),
    (events.LineProcess(5.0, "line0", False, "it died"), "line_process", {"up": False}),
    (events.AccountState(5.0, "trunk", True, "registered"), "account", {"registered": True}),
    (events.AudioState(5.0, "", "", "", "no audio device"), "audio", {"text": "no audio device"}),
    (events.RecogniserState(5.0, "sphinx", True), "recogniser", {"recogniser": "sphinx"}),
]


@pytest.mark.parametrize(("event", "name", "fields"), FACTS, ids=lambda x: type(x).__name__)
def test_facts(event: events.Event, name: str, fields: dict[str, object]) -> None:
    told = json.loads(as_json(12.34567, timeline.of_event(event)))
    assert list(told)[:2] == ["t", "event"]
    assert told["t"] == 12.346
    assert told["event"] == name
    assert fields.items() <= told.items()


def test_every_fact_has_a_line() -> None:
    assert {type(event) for event, _, _ in FACTS} == set(typing.get_args(events.Event))
    assert {name for _, name, _ in FACTS} <= set(NAMES)


PERCEIVED: list[tuple[perceptions.Perception, str | None]] = [
    (perceptions.SoundBegan(1.0, Sound.MUSIC, 0.5), "hold_music"),
    (perceptions.SoundBegan(1.0, Sound.TONE, 0.5), "tone"),
    (perceptions.ToneHeard(1.0, Tone.DTMF, SPAN, "5"), "tone"),
    (perceptions.SpeechBegan(1.0, 0.5), None),
    (perceptions.SpeechEnded(1.0, SPAN), "speech_ended"),
    (perceptions.Heard(1.0, "hi", SPAN, 0.5, True), "words"),
    (perceptions.Heard(1.0, "hi", SPAN, 0.5, False), "hearing"),
    (perceptions.Unheard(1.0, SPAN, "too short"), "unheard"),
    (perceptions.Voiced(1.0, 0.5, 0.5, None, 0.0, 0.0), None),
    (perceptions.Tick(1.0), None),
]

JUDGED: list[tuple[decisions.Action, str | None]] = [
    (decisions.Ring("hi", 1.0, ("a",)), "human"),
    (decisions.Suspect("hi", 1.0, ("a",)), "maybe_human"),
    (decisions.StandDown("b"), "stand_down"),
    (decisions.NoteMenu((Option("cards", "1"), Option("loans", say="loans"))), "menu"),
    (decisions.NoteQueue(None, 2.5), "queue"),
    (decisions.NoteEstimate(60.0, 30.0, "b"), "estimate"),
    (decisions.Warn("wait_up", "It takes longer."), "queue_warning"),
    (decisions.NoteHours("9 to 5"), "hours"),
    (decisions.OfferToWait(3.0, "music"), "back_on_hold"),
    (decisions.OfferOver("b"), None),
    (decisions.Teach(False, (SPAN,), ("please hold",)), None),
    (decisions.TakeBack(), None),
    (decisions.NoteSpeaker(SPAN, "recording"), "recording"),
    (decisions.NoteSpeaker(SPAN, "person"), "person"),
    (decisions.NoteSpeaker(SPAN, "us"), None),
    (decisions.Move(Phase.HOLDING, "music"), "hold"),
    (decisions.Move(Phase.CONFIRMING, "b"), "phase"),
    (decisions.NeedUser("which?"), "need_user"),
    (decisions.Finish("busy", "b"), "outcome"),
    (decisions.LeaveFlow("b"), "flow_left"),
    (decisions.EnterStep("s"), None),
    (decisions.Press("1", "b"), None),
    (decisions.Say("x", "b"), None),
    (decisions.Ask("k", "i", (), "h"), None),
]


def test_every_perception_and_action_is_thought_of() -> None:
    for perception, name in PERCEIVED:
        line = heard.of_heard(perception)
        assert (line.event if line else None) == name
    for action, name in JUDGED:
        line = heard.of_judged(action)
        assert (line.event if line else None) == name
    assert {type(p) for p, _ in PERCEIVED} == set(typing.get_args(perceptions.Perception))
    assert {type(a) for a, _ in JUDGED} == set(typing.get_args(decisions.Action))
    assert {name for _, name in PERCEIVED + JUDGED if name} <= set(NAMES)


def test_a_menu_said_or_pressed() -> None:
    line = heard.of_judged(JUDGED[3][0])
    assert line is not None
    assert line.fields["options"] == [{"key": "1", "label": "cards"}, {"key": "loans", "label": "loans"}]
    assert line.text == "menu: 1 = cards, loans = loans"


@pytest.mark.parametrize(
    ("t", "clock"), [(0.0, "0:00.0"), (62.34, "1:02.3"), (59.96, "1:00.0"), (-0.1, "0:00.0")]
)
def test_the_clock_of_a_timeline(t: float, clock: str) -> None:
    assert as_text(t, Line("x", "said")).strip() == f"{clock}  said"
    assert as_text(t, Line("x")) == ""


def test_json_is_one_line_whatever_was_said() -> None:
    told = as_json(1.0, Line("words", fields={"text": "a\nb\u2028“é”\x00"}))
    assert "\n" not in told
    assert json.loads(told)["text"] == "a\nb\u2028“é”\x00"


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (events.Caption(5.0, CALL, "hi", SPAN, 0.4, True), "heard “hi”"),
        (events.Caption(5.0, CALL, "hi", SPAN, 0.39, True), "heard something unclear, perhaps “hi”"),
        (events.PersonFound(5.0, CALL, "hi", 4.0, ("a", "b")), "A PERSON: “hi” (a; b)"),
        (
            events.PersonFound(5.0, CALL, "hi", 4.0, ("a",), 0.1),
            "A PERSON, hard to make out, perhaps “hi” (a)",
        ),
        (events.PersonFound(5.0, CALL, "", 4.0, ()), "A PERSON"),
        (
            events.QueueEstimate(5.0, CALL, 360.0, 250.0, "as announced"),
            "about 6 min left; be back in 4 min (as announced)",
        ),
        (events.QueueEstimate(5.0, CALL, 25.0, 0.0, "b"), "less than a minute left; stay near (b)"),
        (events.OutcomeKnown(5.0, CALL, "not_in_service", "tones"), "not in service (tones)"),
    ],
)
def test_words_for_a_person(event: events.Event, text: str) -> None:
    assert timeline.of_event(event).text == text


def test_names_are_explained() -> None:
    assert all(NAMES.values())
    assert inspect.getdoc(timeline)
