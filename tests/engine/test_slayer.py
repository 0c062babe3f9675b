"""The slayer carries verdicts out, and whatever goes wrong rings the user and never hangs up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from engine import slayer as slayer_module
from engine.call import CallId, Phase
from engine.deciding import policy
from engine.deciding.decisions import (
    Action,
    Answered,
    Ask,
    Finish,
    HandedBack,
    Input,
    Move,
    NoteMenu,
    NoteSpeaker,
    Option,
    Press,
    Ring,
    Say,
    Situation,
    StandDown,
    UserSaid,
    Verdict,
)
from engine.events import (
    Caption,
    DigitsPressed,
    Event,
    HoldBegan,
    MenuHeard,
    PersonDismissed,
    PersonFound,
    PhaseChanged,
    SoundHeard,
    Spoken,
    UserNeeded,
)
from engine.hearing.perceptions import Heard, Sound, SoundBegan, Span, Tick
from engine.hearing.transcriber import ModelMissing
from engine.slayer import Slayer

CALL = CallId("call")


class Hands:
    def __init__(self) -> None:
        self.pressed: list[str] = []
        self.said: list[str] = []
        self.finished: list[tuple[str, str]] = []
        self.voice_fails = False

    def press(self, digits: str) -> None:
        self.pressed.append(digits)

    async def say(self, text: str) -> None:
        if self.voice_fails:
            raise RuntimeError("no voice")
        self.said.append(text)

    def finish(self, outcome: str, because: str) -> None:
        self.finished.append((outcome, because))


class Asker:
    async def choose(self, ask: Ask) -> Answered:
        await asyncio.sleep(0)
        return Answered(0.0, ask.key, 1, 0.9, "the second one")


class Scene:
    """A slayer whose policy says what the test tells it to."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, verdicts: Callable[[Input], Sequence[Action]]
    ) -> None:
        self.inputs: list[Input] = []
        self.hands = Hands()
        self.events: list[Event] = []

        def decide(situation: Situation, perception: Input) -> Verdict:
            self.inputs.append(perception)
            return Verdict(situation, tuple(verdicts(perception)))

        monkeypatch.setattr(slayer_module.policy, "decide", decide)
        self.slayer = Slayer(
            CALL,
            policy.begin("anything", None),
            hands=self.hands,
            asker=Asker(),
            publish=self.events.append,
            now=lambda: 1000.0,
        )

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


def test_actions_become_deeds_and_events(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(
        monkeypatch,
        lambda _: (
            NoteMenu((Option("billing", digits="2"), Option("sales", say="sales"))),
            Press("2", "billing serves the intent"),
            Move(Phase.HOLDING, "music"),
            Ring("hello", 7.5, ("a greeting",)),
        ),
    )
    scene.slayer.feed(Tick(at_s=9.0))
    assert scene.hands.pressed == ["2"]
    assert scene.events == [
        MenuHeard(1000.0, CALL, (("2", "billing"), ("sales", "sales"))),
        DigitsPressed(1000.0, CALL, "2", "billing serves the intent"),
        PhaseChanged(1000.0, CALL, Phase.NAVIGATING, Phase.HOLDING, "music"),
        HoldBegan(1000.0, CALL, 9.0, "music"),
        PersonFound(1000.0, CALL, "hello", 7.5, ("a greeting",)),
    ]
    assert scene.slayer.person_found


def test_hold_begins_once_however_often_it_is_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    phases = iter([Phase.HOLDING, Phase.CONFIRMING, Phase.HOLDING])
    scene = Scene(monkeypatch, lambda _: (Move(next(phases), "as told"),))
    for second in (1.0, 2.0, 3.0):
        scene.slayer.feed(Tick(at_s=second))
    assert len(scene.of(PhaseChanged)) == 3
    assert len(scene.of(HoldBegan)) == 1


def test_a_stand_down_takes_the_person_back(monkeypatch: pytest.MonkeyPatch) -> None:
    actions: list[Action] = [Ring("hi", 1.0, ("x",)), StandDown("music came back")]
    scene = Scene(monkeypatch, lambda _: (actions.pop(0),))
    scene.slayer.feed(Tick(at_s=1.0))
    scene.slayer.feed(Tick(at_s=2.0))
    assert not scene.slayer.person_found
    assert scene.of(PersonDismissed) == [PersonDismissed(1000.0, CALL, "music came back")]


async def test_a_question_goes_out_and_its_answer_comes_back_as_a_perception(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask = Ask("menu 1", "billing", (Option("sales", "1"), Option("accounts", "2")), "press one ...")
    scene = Scene(monkeypatch, lambda p: (ask,) if isinstance(p, Tick) else ())
    scene.slayer.feed(Tick(at_s=5.0))
    for _ in range(5):
        await asyncio.sleep(0)
    assert scene.inputs[1:] == [Answered(5.0, "menu 1", 1, 0.9, "the second one")]


async def test_speech_is_reported_when_it_has_been_said(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, lambda _: (Say("representative", "the menu wants words"),))
    scene.slayer.feed(Tick(at_s=5.0))
    for _ in range(3):
        await asyncio.sleep(0)
    assert scene.hands.said == ["representative"]
    assert scene.of(Spoken) == [Spoken(1000.0, CALL, "representative", "the menu wants words")]


def test_words_are_shown_and_later_labelled_with_who_spoke_them(monkeypatch: pytest.MonkeyPatch) -> None:
    span = Span(2.0, 4.0)
    scene = Scene(
        monkeypatch, lambda p: (NoteSpeaker(span, "recording"),) if isinstance(p, Heard) and p.final else ()
    )
    scene.slayer.feed(Heard(3.0, "please", Span(2.0, 3.0), 0.5, final=False))
    scene.slayer.feed(Heard(5.0, "please hold", span, 0.8, final=True))
    captions = [event for event in scene.events if isinstance(event, Caption)]
    assert [(c.text, c.final, c.speaker) for c in captions] == [
        ("please", False, ""),
        ("please hold", True, ""),
        ("please hold", True, "recording"),
    ]


def test_a_persons_words_are_those_from_their_voice_on(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(
        monkeypatch,
        lambda p: (Ring("one moment please hello", 9.0, ("x",)),) if isinstance(p, Tick) else (),
    )
    scene.slayer.feed(Heard(8.0, "one moment please", Span(5.0, 8.0), 0.9, final=True))
    scene.slayer.feed(Tick(at_s=9.5))
    scene.slayer.feed(Heard(10.0, "hello", Span(8.9, 10.0), 0.2, final=False))
    scene.slayer.feed(Tick(at_s=10.5))
    found = [event for event in scene.events if isinstance(event, PersonFound)]
    assert [(f.words, f.confidence) for f in found] == [("", 1.0), ("hello", 0.2)]


def _fails(_: Input) -> Sequence[Action]:
    raise ZeroDivisionError("a fault of the policy")


@pytest.mark.parametrize(
    "verdicts",
    [
        _fails,
        lambda _: (Press("2x", "a model said so"),),
        lambda _: (Move(Phase.DONE, "ok"), Move(Phase.HOLDING, "impossible")),
    ],
    ids=["policy fails", "no such key", "illegal transition"],
)
def test_trouble_rings_the_user_once_and_never_hangs_up(
    monkeypatch: pytest.MonkeyPatch,
    verdicts: Callable[[Input], Sequence[Action]],
    expected_warnings,  # type: ignore[no-untyped-def]
) -> None:
    scene = Scene(monkeypatch, verdicts)
    if verdicts is not _fails and "DONE" in repr(verdicts(Tick(0.0))):
        # leaving the table's end is refused too, but a call that is done rings nobody
        scene.slayer.feed(Tick(at_s=1.0))
        assert scene.hands.finished == []
        assert expected_warnings.messages
        return
    for second in (1.0, 2.0, 3.0):
        scene.slayer.feed(Tick(at_s=second))
    assert scene.slayer.phase is Phase.ALERTING
    assert len(scene.of(UserNeeded)) == 1
    assert "pick up" in scene.of(UserNeeded)[0].question  # type: ignore[union-attr]
    assert scene.hands.finished == []
    assert scene.hands.pressed == []
    assert expected_warnings.messages


def test_a_model_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, expected_warnings) -> None:  # type: ignore[no-untyped-def]
    scene = Scene(monkeypatch, lambda _: ())
    scene.slayer.trouble(ModelMissing("The voice detector is missing."))
    assert scene.slayer.phase is Phase.ALERTING
    assert [needed.question for needed in scene.of(UserNeeded)] == [  # type: ignore[union-attr]
        "This call cannot be heard. The voice detector is missing. "
        "The call is still on: pick up and go on by hand."
    ]
    assert scene.hands.finished == []
    assert len(expected_warnings.messages) == 1


async def test_a_voice_that_fails_rings_the_user(
    monkeypatch: pytest.MonkeyPatch,
    expected_warnings,  # type: ignore[no-untyped-def]
) -> None:
    scene = Scene(monkeypatch, lambda _: (Say("hello", "asked for"),))
    scene.hands.voice_fails = True
    scene.slayer.feed(Tick(at_s=1.0))
    for _ in range(3):
        await asyncio.sleep(0)
    assert scene.slayer.phase is Phase.ALERTING
    assert len(scene.of(UserNeeded)) == 1
    assert expected_warnings.messages


def test_sound_is_still_shown_after_trouble(
    monkeypatch: pytest.MonkeyPatch,
    expected_warnings,  # type: ignore[no-untyped-def]
) -> None:
    scene = Scene(monkeypatch, _fails)
    scene.slayer.feed(Tick(at_s=1.0))
    scene.slayer.feed(SoundBegan(2.0, Sound.MUSIC, 1.5))
    assert scene.of(SoundHeard) == [SoundHeard(1000.0, CALL, Sound.MUSIC, 1.5)]
    assert len(expected_warnings.messages) == 1


def test_when_the_user_takes_the_call_nothing_more_is_pressed(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, lambda _: ())
    scene.slayer.user_takes(Phase.TALKING, "you picked up")
    assert scene.slayer.phase is Phase.TALKING
    situations: list[Situation] = []

    def decide(situation: Situation, perception: Input) -> Verdict:
        situations.append(situation)
        return Verdict(situation)

    monkeypatch.setattr(slayer_module.policy, "decide", decide)
    scene.slayer.feed(Tick(at_s=1.0))
    assert situations[0].acting is False
    scene.slayer.user_gives_back()
    assert situations[1].acting is True


def test_the_users_corrections_reach_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, lambda _: ())
    scene.slayer.feed(Tick(at_s=4.0))
    scene.slayer.user_says(person=False)
    scene.slayer.user_takes(Phase.TALKING, "you picked up")
    scene.slayer.user_gives_back()
    assert scene.inputs[1:] == [UserSaid(4.0, person=False), HandedBack(4.0)]


def test_nothing_happens_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, lambda _: (Press("1", "x"),))
    scene.slayer.done()
    scene.slayer.feed(Tick(at_s=4.0))
    assert scene.hands.pressed == []
    assert scene.slayer.phase is Phase.DONE


def test_finish_is_left_to_the_hands(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, lambda _: (Finish("closed", "the office is closed"),))
    scene.slayer.feed(Tick(at_s=4.0))
    assert scene.hands.finished == [("closed", "the office is closed")]


def test_a_verdict_cannot_smuggle_in_a_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, lambda _: ())

    def decide(situation: Situation, perception: Input) -> Verdict:
        return Verdict(replace(situation, phase=Phase.DONE))

    monkeypatch.setattr(slayer_module.policy, "decide", decide)
    scene.slayer.feed(Tick(at_s=1.0))
    assert scene.slayer.phase is Phase.NAVIGATING
