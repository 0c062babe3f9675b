"""What the window shows after which facts."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from engine.call import CallId, EndReason, LineState, Mode, Phase
from engine.events import (
    AccountState,
    AudioState,
    CallBegan,
    CallEnded,
    Caption,
    DigitsPressed,
    Event,
    FlowLeft,
    HoldBegan,
    LineChanged,
    LineProcess,
    MenuHeard,
    OutcomeKnown,
    PersonDismissed,
    PersonFound,
    PersonSuspected,
    PhaseChanged,
    ProgressTone,
    QueueNews,
    RecogniserState,
    RecordingChanged,
    Sound,
    SoundHeard,
    Span,
    Spoken,
    StepEntered,
    Tone,
    UserNeeded,
    VoiceConnected,
)
from tests.ui import replay
from ui import callview, viewstate
from ui.callview import Alarm, Call, Line
from ui.ribbon import Heard, Mark, Stretch
from ui.viewstate import WindowState, reduce

T = 100.0
A = CallId("a")
B = CallId("b")


def began(call: CallId = A, at: float = T, mode: Mode = Mode.HOLD_SLAYER) -> CallBegan:
    return CallBegan(at, call, "+15550100", "Acme", "cancel", mode)


def after(*events: Event, state: WindowState | None = None) -> WindowState:
    state = state or WindowState()
    for event in events:
        state = reduce(state, event)
    return state


def call_after(*events: Event) -> Call:
    call = after(began(), *events).call(A)
    assert call is not None
    return call


def test_a_call_appears_with_what_is_known_of_it() -> None:
    call = call_after()
    assert (call.number, call.company, call.intent, call.name) == ("+15550100", "Acme", "cancel", "Acme")
    assert call.phase is Phase.NAVIGATING
    assert call.live


def test_an_everyday_call_is_the_users_from_the_start() -> None:
    assert after(began(mode=Mode.DIRECT)).calls[0].phase is Phase.MANUAL


def test_events_of_unknown_calls_change_nothing() -> None:
    state = after(began())
    assert reduce(state, HoldBegan(T, B, 3, "music")) is state


@pytest.mark.parametrize(
    ("events", "field", "expected"),
    [
        ([LineChanged(T, A, LineState.EARLY, True)], "early_media", True),
        ([LineChanged(T + 2, A, LineState.CONFIRMED)], "answered_at", T + 2),
        (
            [LineChanged(T + 2, A, LineState.CONFIRMED), LineChanged(T + 3, A, LineState.CONFIRMED)],
            "answered_at",
            T + 2,
        ),
        ([PhaseChanged(T + 5, A, Phase.NAVIGATING, Phase.HOLDING, "music")], "because", "music"),
        ([PhaseChanged(T + 5, A, Phase.NAVIGATING, Phase.HOLDING, "music")], "hold_since", T + 5),
        ([HoldBegan(T + 9, A, 7, "music")], "hold_since", T + 7),
        ([HoldBegan(T + 9, A, 7, "music"), HoldBegan(T + 90, A, 80, "again")], "hold_since", T + 7),
        ([ProgressTone(T, A, Tone.BUSY, Span(0, 2))], "tone", Tone.BUSY),
        ([SoundHeard(T, A, Sound.MUSIC, 4)], "sounds", (Stretch(4, Heard.MUSIC),)),
        (
            [SoundHeard(T, A, Sound.MUSIC, 4), SoundHeard(T, A, Sound.MUSIC, 6)],
            "sounds",
            (Stretch(4, Heard.MUSIC),),
        ),
        ([MenuHeard(T, A, (("1", "sales"),))], "options", (("1", "sales"),)),
        ([MenuHeard(T, A, (("1", "sales"),)), DigitsPressed(T + 3, A, "1", "sales")], "options", ()),
        (
            [DigitsPressed(T + 3, A, "••••", "your PIN")],
            "marks",
            (Mark(3, "key", "••••"),),
        ),
        ([StepEntered(T, A, "acme", "main")], "step", "main"),
        ([StepEntered(T, A, "acme", "main"), FlowLeft(T, A, "acme", "new menu")], "step", ""),
        ([QueueNews(T, A, 4, None), QueueNews(T, A, None, 6.0)], "position", 4),
        ([QueueNews(T, A, 4, None), QueueNews(T, A, None, 6.0)], "wait_min", 6.0),
        ([RecordingChanged(T, A, "/r/a.wav")], "recording", "/r/a.wav"),
        ([VoiceConnected(T, A, True)], "voice", True),
        ([VoiceConnected(T, A, True), VoiceConnected(T, A, False)], "voice", False),
        ([OutcomeKnown(T, A, "closed", "they said so")], "outcome", "closed"),
    ],
)
def test_one_fact(events: list[Event], field: str, expected: object) -> None:
    assert getattr(call_after(*events), field) == expected


SUSPECTED = PersonSuspected(T + 10, A, "hello", ("a new voice",))
FOUND = PersonFound(T + 11, A, "hello, this is Dana", 9.5, ("a new voice", "a greeting"))


@pytest.mark.parametrize(
    ("events", "alarm"),
    [
        ([SUSPECTED], Alarm.MAYBE),
        ([SUSPECTED, FOUND], Alarm.PERSON),
        ([FOUND, SUSPECTED], Alarm.PERSON),
        ([UserNeeded(T, A, "Which one?")], Alarm.QUESTION),
        ([FOUND, UserNeeded(T, A, "Which one?")], Alarm.PERSON),
        ([SUSPECTED, UserNeeded(T, A, "Which one?")], Alarm.QUESTION),
        ([FOUND, PersonDismissed(T, A, "an advert")], None),
        ([FOUND, VoiceConnected(T, A, True)], None),
        ([FOUND, PhaseChanged(T, A, Phase.ALERTING, Phase.TALKING, "picked up")], None),
        ([FOUND, PhaseChanged(T, A, Phase.ALERTING, Phase.HOLDING, "music again")], None),
        ([FOUND, PhaseChanged(T, A, Phase.CONFIRMING, Phase.ALERTING, "a person")], Alarm.PERSON),
        ([SUSPECTED, PhaseChanged(T, A, Phase.HOLDING, Phase.CONFIRMING, "maybe")], Alarm.MAYBE),
        ([FOUND, CallEnded(T, A, EndReason.DROPPED, "Gone.", False)], None),
        # A question stays while the program goes on by itself, until the user acts.
        (
            [UserNeeded(T, A, "Which?"), PhaseChanged(T, A, Phase.NAVIGATING, Phase.HOLDING, "m")],
            Alarm.QUESTION,
        ),
        ([UserNeeded(T, A, "Which?"), PhaseChanged(T, A, Phase.NAVIGATING, Phase.MANUAL, "you")], None),
    ],
)
def test_the_alarm(events: list[Event], alarm: Alarm | None) -> None:
    assert call_after(*events).alarm is alarm


def test_a_found_person_keeps_words_and_reasons() -> None:
    call = call_after(SUSPECTED, FOUND)
    assert call.words == "hello, this is Dana"
    assert call.evidence == ("a new voice", "a greeting")
    assert call.alarm_at == T + 11


def test_the_surest_alarm_then_the_longest_wait_comes_first() -> None:
    maybe_first = after(began(A), began(B), SUSPECTED)
    assert maybe_first.alarm == maybe_first.call(A)
    both = after(PersonFound(T + 20, B, "hi", 15, ()), state=maybe_first)
    assert both.alarm == both.call(B)
    earlier = after(PersonFound(T + 21, A, "hi", 15, ()), state=both)
    assert earlier.alarm == earlier.call(B)


def test_what_was_a_voice_becomes_a_person_on_the_ribbon_and_back() -> None:
    heard = [
        SoundHeard(T, A, Sound.MUSIC, 0),
        SoundHeard(T, A, Sound.SPEECH, 9),
        FOUND,
    ]
    assert call_after(*heard).sounds == (
        Stretch(0, Heard.MUSIC),
        Stretch(9, Heard.VOICE),
        Stretch(9.5, Heard.PERSON),
    )
    back = call_after(*heard, PersonDismissed(T + 12, A, "an advert"))
    assert back.sounds == (Stretch(0, Heard.MUSIC), Stretch(9, Heard.VOICE))


def test_speech_while_talking_is_a_person() -> None:
    call = call_after(
        PhaseChanged(T, A, Phase.ALERTING, Phase.TALKING, "you"), SoundHeard(T + 5, A, Sound.SPEECH, 5)
    )
    assert call.sounds == (Stretch(5, Heard.PERSON),)


def test_a_caption_of_a_person_recasts_its_own_stretch_only() -> None:
    call = call_after(
        SoundHeard(T, A, Sound.SPEECH, 0), Caption(T + 9, A, "hi", Span(4, 6), 0.9, True, "person")
    )
    assert call.sounds == (Stretch(0, Heard.VOICE), Stretch(4, Heard.PERSON), Stretch(6, Heard.VOICE))


def captions(*lines: tuple[float, str, bool, str]) -> Iterable[Caption]:
    for start, text, final, speaker in lines:
        yield Caption(T + start + 2, A, text, Span(start, start + 2), 0.8, final, speaker)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            [(1, "for sales", False, ""), (1, "for sales press one", True, "")],
            [(1, "for sales press one", "")],
        ),
        ([(1, "a", True, ""), (5, "b", False, "")], [(1, "a", ""), (5, "b", "")]),
        # The speaker is learned later, for words that are not the last any more.
        (
            [(1, "a", True, ""), (5, "b", True, ""), (1, "a", True, "recording")],
            [(1, "a", "recording"), (5, "b", "")],
        ),
        # A later text without a speaker does not forget who spoke.
        ([(1, "a", False, "recording"), (1, "a b", True, "")], [(1, "a b", "recording")]),
        # Late words come in where they were spoken.
        ([(9, "late", True, ""), (3, "early", True, "")], [(3, "early", ""), (9, "late", "")]),
    ],
)
def test_captions(said: list[tuple[float, str, bool, str]], shown: list[tuple[float, str, str]]) -> None:
    call = call_after(*captions(*said))
    assert [(line.start_s, line.text, line.speaker) for line in call.captions] == shown


def test_what_the_program_says_is_in_the_captions_as_ours() -> None:
    call = call_after(Spoken(T + 4, A, "cancel my policy", "they asked"))
    assert call.captions == (Line(4, "cancel my policy", "us", True),)
    assert call.marks == (Mark(4, "said", "cancel my policy"),)


def test_the_persons_words_grow_with_the_caption() -> None:
    found = PersonFound(T + 11, A, "hello, this", 9.5, ())
    grown = Caption(T + 12, A, "hello, this is Dana", Span(9.5, 12), 0.9, True, "person")
    assert call_after(found, grown).words == "hello, this is Dana"
    other = Caption(T + 14, A, "are you still there, caller", Span(13, 14), 0.9, True, "person")
    assert call_after(found, grown, other).words == "hello, this is Dana"


def test_the_persons_words_are_not_those_of_the_recording_before() -> None:
    before = Caption(T + 8, A, "one moment please", Span(5, 8), 0.9, True)
    found = PersonFound(T + 11, A, "hello", 9.5, (), 0.2)
    assert (call_after(before, found).words, call_after(before, found).unclear) == ("hello", True)
    nothing_yet = PersonFound(T + 11, A, "", 9.5, ())
    call = call_after(SUSPECTED, before, nothing_yet)
    assert call.words == ""
    grown = Caption(T + 12, A, "hollow this is", Span(9.5, 12), 0.3, False)
    sure = Caption(T + 13, A, "hello this is Dana", Span(9.5, 13), 0.9, True)
    assert (call_after(found, grown).words, call_after(found, grown).unclear) == ("hollow this is", True)
    assert (call_after(found, grown, sure).words, call_after(found, sure).unclear) == (
        "hello this is Dana",
        False,
    )


def test_words_that_never_became_final_are_a_guess() -> None:
    partial = Caption(T + 8, A, "can i do that", Span(5, 8), 0.8, False)
    following = Caption(T + 10, A, "hello", Span(9, 10), 0.9, False)
    assert [(c.final, c.unclear) for c in call_after(partial).captions] == [(False, False)]
    assert [(c.final, c.unclear) for c in call_after(partial, following).captions] == [
        (True, True),
        (False, False),
    ]
    ended = CallEnded(T + 20, A, EndReason.COMPLETED, "", True)
    assert [c.unclear for c in call_after(partial, ended).captions] == [True]
    late = Caption(T + 11, A, "can I do that", Span(5, 8), 0.9, True)
    assert [c.unclear for c in call_after(partial, following, late).captions] == [False, False]


def test_a_voice_that_cannot_be_connected_is_trouble_only_while_the_user_is_on_the_call() -> None:
    talking = PhaseChanged(T + 12, A, Phase.ALERTING, Phase.TALKING, "you picked up")
    refused, back = (
        VoiceConnected(T + 13, A, False),
        PhaseChanged(T + 14, A, Phase.TALKING, Phase.HOLDING, "b"),
    )
    assert not call_after(refused).deaf
    assert call_after(talking, refused).deaf
    assert not call_after(talking, refused, VoiceConnected(T + 14, A, True)).deaf
    assert not call_after(talking, refused, back).deaf


def test_old_captions_are_let_go_many_at_once() -> None:
    most = callview.CAPTIONS_KEPT + callview.CAPTIONS_OVER
    lines = [(float(i), f"line {i}", True, "") for i in range(most + 1)]
    assert len(call_after(*captions(*lines[:-1])).captions) == most
    call = call_after(*captions(*lines))
    assert len(call.captions) == callview.CAPTIONS_KEPT
    assert call.captions[-1].text == f"line {most}"


def test_an_ended_call_stays_until_it_is_forgotten() -> None:
    state = after(began(), CallEnded(T + 9, A, EndReason.BUSY, "Acme is busy.", False, 486))
    call = state.calls[0]
    assert (call.live, call.end_reason, call.end_text) == (False, EndReason.BUSY, "Acme is busy.")
    assert state.live == ()
    assert viewstate.forgotten(state, A).calls == ()


def test_a_live_call_cannot_be_forgotten() -> None:
    state = after(began())
    assert viewstate.forgotten(state, A).calls == state.calls


def test_lines_come_and_go() -> None:
    down = after(LineProcess(T, "line0", False, "it was killed"))
    assert down.lines_down == (("line0", "it was killed"),)
    assert after(LineProcess(T, "line0", True), state=down).lines_down == ()


def test_accounts_audio_and_recogniser_are_the_newest() -> None:
    state = after(
        AccountState(T, "one", False, "no answer"),
        AccountState(T, "two", True, "ready"),
        AccountState(T, "one", True, "ready"),
        AudioState(T, "mic", "", "", "No speaker."),
        RecogniserState(T, "sphinx", True),
    )
    assert [(t.account, t.registered) for t in state.trunks] == [("one", True), ("two", True)]
    assert state.audio is not None and state.audio.text == "No speaker."
    assert state.recogniser is not None and state.recogniser.recogniser == "sphinx"


def test_the_same_notice_twice_is_two_notices() -> None:
    first = viewstate.noticed(WindowState(), "Busy.")
    second = viewstate.noticed(first, "Busy.")
    assert first.notice != second.notice
    assert viewstate.noticed(second, "").notice is None


def test_a_whole_call_is_reduced_to_what_the_user_saw() -> None:
    state = after(*replay.talking(T))
    (call,) = state.calls
    assert call.phase is Phase.TALKING
    assert call.alarm is None
    assert [mark.text for mark in call.marks if mark.kind == "key"] == ["2"]
    assert call.sounds[-1] == Stretch(231.5, Heard.PERSON)
    assert call.captions[-1].speaker == "person"
    assert (call.position, call.wait_min) == (4, 6.0)
