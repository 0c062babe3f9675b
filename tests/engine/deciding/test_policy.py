"""The policy as a whole: total, deterministic, fast, and right where no practice company goes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pretend import PretendCall, on_hold

from engine.call import PHASE_TRANSITIONS, Phase
from engine.deciding import policy
from engine.deciding.decisions import (
    OUTCOMES,
    Answered,
    Ask,
    Finish,
    HandedBack,
    Input,
    LeaveFlow,
    LineAnswered,
    Move,
    NeedUser,
    Press,
    UserSaid,
)
from engine.hearing.perceptions import (
    Heard,
    Sound,
    SoundBegan,
    Span,
    SpeechBegan,
    SpeechEnded,
    Tick,
    Tone,
    ToneHeard,
    Unheard,
    Voiced,
)
from flows.model import DIGITS, Choice, Dtmf, Flow, HangUp, Hold, Listen, Speak, Transfer

MENU = "for sales press one for billing press two for technical support press three"


def answered(intent: str = "billing question", **how: object) -> PretendCall:
    return PretendCall(intent, **how).wait(2.0).answered()  # type: ignore[arg-type]


# --- any input ---------------------------------------------------------------------------------------------------

TIMES = st.floats(-10, 4000) | st.sampled_from([0.0, float("inf"), float("nan")])
SPANS = st.builds(Span, TIMES, TIMES)
SHARES = st.floats(0, 1)
WORDS = st.sampled_from(
    [
        "",
        "hello",
        MENU,
        "press",
        "to stay on the line press one",
        "please enter your account number followed by the pound key",
        "leave a message after the tone",
        "how can i help you",
        "your call is important",
        "say billing or sales",
        "in a few words tell me why you're calling",
        "that is not a valid option",
        "ok \x00 ünïcode 漢字 | . ? *#",
        "one two three " * 400,
    ]
)
INPUTS: st.SearchStrategy[Input] = st.one_of(
    st.builds(SoundBegan, TIMES, st.sampled_from(Sound), TIMES),
    st.builds(ToneHeard, TIMES, st.sampled_from(Tone), SPANS),
    st.builds(SpeechBegan, TIMES, TIMES, st.booleans()),
    st.builds(SpeechEnded, TIMES, SPANS),
    st.builds(Heard, TIMES, WORDS | st.text(max_size=60), SPANS, SHARES, st.booleans()),
    st.builds(Unheard, TIMES, SPANS, st.text(max_size=10)),
    st.builds(Voiced, TIMES, TIMES, TIMES, st.none() | SHARES, SHARES, SHARES),
    st.builds(Tick, TIMES),
    st.builds(LineAnswered, TIMES),
    st.builds(
        Answered,
        TIMES,
        st.sampled_from(["menu-1", "flow-1", "x"]),
        st.none() | st.integers(-2, 9),
        SHARES,
        st.just(""),
    ),
    st.builds(UserSaid, TIMES, st.booleans()),
    st.builds(HandedBack, TIMES),
)
FLOW = Flow(
    id="f",
    name="F",
    start="ask",
    steps=(
        Speak(id="ask", text="{intent}", next="keys"),
        Dtmf(id="keys", digits="12", next="menu"),
        Listen(
            id="menu",
            choices=(
                Choice(label="billing", digits="2", next="prompted"),
                Choice(label="sales", say="sales", next="end"),
                Choice(label="again", digits="*", next="menu"),
            ),
        ),
        Dtmf(id="prompted", digits="1", prompt="press one to go on", next="hold"),
        Hold(id="hold", next="person"),
        Transfer(id="person"),
        HangUp(id="end"),
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(INPUTS, max_size=40),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "billing", "talk to a person"]),
)
def test_any_sequence_gives_legal_verdicts(
    inputs: list[Input], acting: bool, with_flow: bool, intent: str
) -> None:
    situation = policy.begin(intent, FLOW if with_flow else None, acting=acting)
    for what in inputs:
        verdict = policy.decide(situation, what)
        assert repr(policy.decide(situation, what)) == repr(verdict)
        phase = situation.phase
        for action in verdict.actions:
            if isinstance(action, Move):
                assert action.phase in PHASE_TRANSITIONS[phase]
                phase = action.phase
            if isinstance(action, Press):
                assert DIGITS.match(action.digits)
            if isinstance(action, Finish):
                assert action.outcome in OUTCOMES
            if not acting:
                assert not isinstance(action, Press | Ask | NeedUser | Finish | LeaveFlow)
        assert verdict.situation.phase is phase
        situation = verdict.situation
    assert policy.if_dropped(situation) in OUTCOMES


# --- menus ---------------------------------------------------------------------------------------------------------


def test_presses_once_per_menu() -> None:
    call = answered().says(MENU).silence(4.0)
    assert call.keys == "2"
    call.music(5)
    assert call.keys == "2" and call.phase is Phase.HOLDING


def test_presses_again_when_the_entry_was_not_taken_then_asks_the_operator_then_the_user() -> None:
    call = answered()
    for _ in range(4):
        call.says(MENU).silence(2.0).says("that is not a valid option please try again")
    assert call.keys.startswith("22") and call.keys.count("2") == 2 and call.keys.count("0") == 1
    assert call.of(NeedUser)


def test_asks_when_rules_cannot_tell_and_takes_the_answer() -> None:
    asked: list[Ask] = []

    def choose(ask: Ask) -> int | None:
        asked.append(ask)
        return 2

    call = answered("my gizmo is weird", chooser=choose).says(MENU).silence(3.0)
    assert call.keys == "3" and len(asked) == 1
    assert [o.label for o in asked[0].options] == ["sales", "billing", "technical support"]


def test_none_of_these_falls_back_to_the_operator_by_name() -> None:
    call = answered("my gizmo is weird", chooser=lambda ask: None)
    call.says(MENU + " to speak with an operator press nine").silence(3.0)
    assert call.keys == "9"


def test_no_way_on_tries_zero_once_then_needs_the_user() -> None:
    call = answered("my gizmo is weird", chooser=lambda ask: None)
    for _ in range(6):
        call.says(MENU).silence(6.0)
    assert call.keys == "0"
    assert len(call.of(NeedUser)) >= 1


def test_a_silent_line_needs_nothing_pressed() -> None:
    call = answered().silence(120)
    assert call.keys == "" and call.rings == []


def test_language_first() -> None:
    call = (
        answered()
        .says("welcome for english press one para espanol oprima el dos")
        .silence(1.0)
        .says(MENU)
        .silence(2)
    )
    assert call.keys == "12"


def test_an_open_question_is_answered_with_the_intent() -> None:
    call = (
        answered("dispute a late fee")
        .says("in a few words please tell me why you're calling today")
        .silence(1.0)
    )
    assert call.said == ["dispute a late fee"]


def test_identification_is_asked_of_the_user() -> None:
    call = answered().says("please enter your account number followed by the pound key").silence(1.0)
    assert call.keys == "" and len(call.of(NeedUser)) == 1


def test_a_number_given_with_the_wish_is_entered() -> None:
    call = answered("make a claim, my policy number is 4 4 7 1 9 0 2")
    call.says("please enter your policy number followed by the pound key").silence(1.0)
    assert call.keys == "4471902#"
    other = answered("make a claim, my policy number is 4471902")
    other.says("please enter your card number followed by the pound key").silence(1.0)
    assert other.keys == ""


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("no one is available to take your call please leave a message after the tone", "voicemail"),
        ("our office is currently closed please call back during normal business hours", "closed"),
        (
            "the number you have dialed is not in service please check the number and try again",
            "not_in_service",
        ),
        ("we can not take your call at this time to be called back press nine", "callback_offered"),
    ],
)
def test_ends_that_are_heard(text: str, outcome: str) -> None:
    assert answered().says(text).silence(4.0).outcome == outcome


@pytest.mark.parametrize(
    ("tone", "outcome"),
    [(Tone.BUSY, "busy"), (Tone.REORDER, "busy"), (Tone.FAX, "failed"), (Tone.SIT, "not_in_service")],
)
def test_ends_that_are_tones(tone: Tone, outcome: str) -> None:
    assert answered().tone(tone).silence(5.0).outcome == outcome


def test_not_in_service_before_the_answer() -> None:
    call = PretendCall("anything").wait(1.0).tone(Tone.SIT)
    call.says("the number you have dialed is not in service").silence(4.0)
    assert call.outcome == "not_in_service"


def test_a_busy_tone_on_hold_means_dropped() -> None:
    assert on_hold().tone(Tone.BUSY).silence(1.0).outcome == "dropped"


@pytest.mark.parametrize(
    "text",
    [
        "hello this is dana from lakeside plumbing how can i help you",
        "lakeside plumbing this is dana how can i help",
        "good morning dana speaking how can i help you",
    ],
)
def test_a_person_may_answer_at_once(text: str) -> None:
    call = answered().silence(0.3)
    began = call.now
    call.says(text, distance=None).silence(2.5)
    assert len(call.rings) == 1 and call.rings[0] - began < 5.0, call.show()


@pytest.mark.parametrize(
    "text",
    [
        "thank you for calling harbor bank please listen carefully as our menu options have changed",
        "welcome to the home of the best coffee in town",
        "you have reached the smith family",
        "chapters big mean one in all",
        "the boy ran down to the harbor and looked at the ships",
    ],
)
def test_a_greeting_is_no_person(text: str) -> None:
    call = answered().silence(0.3)
    call.says(text, distance=None).silence(1.0)
    assert call.rings == [], call.show()


def test_stays_on_the_line_when_asked_on_hold() -> None:
    call = on_hold(10).silence(0.3)
    call.says("are you still there to stay on the line press one", distance=0.1).music(5)
    call.silence(0.3).says("to continue holding please press two", distance=0.1).music(5)
    assert call.keys == "212" and call.phase is Phase.HOLDING and call.rings == []


def test_presses_one_to_stay_when_the_key_was_not_understood() -> None:
    call = on_hold(10).silence(0.3)
    call.says("are you still there to stay on the line if it at and", distance=0.1).music(5)
    assert call.keys == "21" and call.phase is Phase.HOLDING and call.rings == []


def test_a_menu_after_the_hold_is_navigated() -> None:
    call = on_hold(10).silence(0.3)
    call.says("for a new invoice press four for a billing question press five", distance=0.1).silence(2.0)
    assert call.keys == "25"


# --- flows ----------------------------------------------------------------------------------------------------------


def flow(*choices: tuple[str, str], take: str = "", prompt: str = "") -> Flow:
    return Flow(
        id="bank",
        name="Bank",
        start="main",
        steps=(
            Listen(
                id="main",
                prompt=prompt,
                take=take,
                choices=tuple(Choice(label=label, digits=digits, next="queue") for label, digits in choices),
            ),
            Hold(id="queue", next="person"),
            Transfer(id="person"),
        ),
    )


def test_a_flow_is_followed_to_the_person() -> None:
    call = answered(flow=flow(("sales", "1"), ("billing", "2"), ("technical support", "3")))
    call.says(MENU).silence(0.5)
    assert call.keys == "2" and call.phase is Phase.HOLDING
    call.music(10).silence(0.5).person("hello this is dana how can i help")
    assert call.rings and call.situation.cursor is not None and call.situation.cursor.at == "person"


def test_a_misheard_prompt_still_fits_the_flow() -> None:
    call = answered(
        flow=flow(("billing", "2"), take="billing", prompt="for sales press one for billing press two")
    )
    call.says("four sails dress won four billing dress to").silence(2.5)
    assert call.keys == "2" and not call.of(LeaveFlow)


def test_a_changed_menu_is_left_and_explored() -> None:
    call = answered(flow=flow(("sales", "1"), ("billing", "3"), take="billing"))
    call.says(MENU).silence(3.0)
    assert call.of(LeaveFlow) and call.keys == "2", call.show()


def test_another_menu_is_left_and_explored() -> None:
    call = answered("reserve a table", flow=flow(("red", "7"), ("green", "8"), take="red"))
    call.says("for reservations press one for takeaway press two").silence(3.0)
    assert call.of(LeaveFlow)


def test_a_menu_that_does_not_come_is_given_up() -> None:
    call = answered(flow=flow(("billing", "2"), take="billing"))
    call.silence(35)
    assert call.of(LeaveFlow)


def test_keys_and_words_of_a_flow() -> None:
    call = answered("billing", flow=FLOW)
    call.says("what can we do for you please tell me why you are calling").silence(1.0)
    assert call.said == ["billing"] and call.keys == "12"
    call.says("for billing press two").silence(2.0).says("press one to go on").silence(2.0)
    assert call.keys == "1221" and call.phase is Phase.HOLDING
