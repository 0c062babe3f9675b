"""Whole calls in virtual time: what a company does for the right keys, the wrong keys, and none."""

from __future__ import annotations

import pytest

from engine.practice import report, scenario
from engine.practice.rehearsal import Rehearsal, rehearse, silent
from engine.practice.report import (
    AnnouncementPlayed,
    AnsweredCall,
    BeepPlayed,
    CallerSpoke,
    DigitsCollected,
    HoldEnded,
    HoldStarted,
    HungUp,
    KeyInvalid,
    MenuTaken,
    NoInput,
    PersonSpoke,
    PromptInterrupted,
    PromptPlayed,
    Stayed,
)
from engine.practice.steps import Hold, Menu
from engine.practice.turns import CallerQuiet, CallerTalks, Pressed
from tests.engine.practice.callers import Knowing, Timed, company

NAMES = scenario.names()
CASES = [(name, intent) for name in NAMES for intent in scenario.load(name).intents]
CODES = {"busy": {486, 600, 603}, "not_in_service": {404, 484, 604}, "no_answer": {480}}


def in_order(call: Rehearsal) -> bool:
    times = [r.at for r in call.reports]
    return times == sorted(times)


@pytest.mark.parametrize(("name", "intent"), CASES, ids=[f"{name}: {intent.words}" for name, intent in CASES])
def test_the_right_keys_lead_to_what_the_scenario_promises(name: str, intent: scenario.Intent) -> None:
    loaded, studio = company(name)
    caller = Knowing(loaded, intent.keys)
    call = rehearse(loaded, studio, caller)
    assert in_order(call)
    assert caller.left == ""
    assert "".join(r.key for r in call.of(report.KeyReceived)) == intent.keys
    assert bool(call.of(HoldStarted)) is intent.hold
    assert bool(call.of(PersonSpoke)) is (intent.outcome == "human")
    assert not call.of(KeyInvalid)
    assert call.length_s < 75
    if intent.outcome in CODES:
        assert call.refused in CODES[intent.outcome]
        assert not call.of(AnsweredCall)
        return
    assert call.of(AnsweredCall)
    last = call.reports[-1]
    assert isinstance(last, HungUp) and last.by_company
    if intent.outcome == "human":
        assert last.because == "nobody answered the person"
        assert call.of(HoldEnded)[0].at < call.of(PersonSpoke)[0].first_word_at
        assert [p.turn for p in call.of(PersonSpoke)] == list(range(1, len(call.of(PersonSpoke)) + 1))
    if intent.outcome == "voicemail":
        assert call.of(BeepPlayed)
    if intent.outcome == "dropped":
        assert last.at == call.of(HoldEnded)[0].at


@pytest.mark.parametrize("name", NAMES)
def test_who_presses_nothing_gets_no_person_unless_there_is_no_menu(name: str) -> None:
    loaded, studio = company(name)
    call = rehearse(loaded, studio, silent)
    menus = [step for step in loaded.steps if isinstance(step, Menu)]
    assert bool(call.of(PersonSpoke)) is (not menus and loaded.intent.outcome == "human")
    if menus:
        asked = [m for m in menus if any(r.step == m.id for r in call.of(PromptPlayed))]
        assert len([r for r in call.of(NoInput) if r.step == asked[0].id]) == asked[0].tries
        assert isinstance(call.reports[-1], HungUp)


@pytest.mark.parametrize(
    "name", [n for n in NAMES if any(isinstance(s, Menu) for s in scenario.load(n).steps)]
)
def test_a_wrong_key_is_refused_and_the_menu_comes_again(name: str) -> None:
    loaded, studio = company(name)
    wrong_once = Knowing(loaded, loaded.intent.keys)
    first = next(step for step in loaded.steps if isinstance(step, Menu))
    wrong = next(key for key in "9876543210" if key not in first.options)
    done: list[str] = []

    def behave(said: report.Report):
        if isinstance(said, PromptPlayed) and said.step == first.id and not done:
            done.append(wrong)
            return (Pressed(said.at + said.length_s + 0.5, wrong),)
        return wrong_once(said) if not isinstance(said, PromptPlayed) or said.text != invalid else ()

    from engine.practice.studio import words

    invalid = words(first.invalid)
    call = rehearse(loaded, studio, behave)
    assert [r.key for r in call.of(KeyInvalid)] == [wrong]
    spoken = [r.text for r in call.of(PromptPlayed)]
    at = spoken.index(invalid)
    assert spoken[at + 1] in (words(first.prompt), words(first.repeat))
    assert call.reports[-1].at < 110
    assert bool(call.of(PersonSpoke)) is (loaded.intent.outcome == "human")


def test_a_key_stops_the_prompt_at_once() -> None:
    loaded, studio = company("super-awesome")
    call = rehearse(loaded, studio, Timed(Pressed(6.0, "2")))
    assert call.of(PromptPlayed)[0].length_s > 20
    assert call.of(PromptInterrupted)[0].at == call.of(MenuTaken)[0].at == 6.0
    assert call.of(PromptPlayed)[1].at == pytest.approx(6.0)


def test_a_key_in_a_greeting_counts_for_the_menu_behind_it() -> None:
    loaded, studio = company("harbor-bank")
    call = rehearse(loaded, studio, Timed(Pressed(3.0, "3")))
    assert call.of(MenuTaken)[0].at == 3.0
    assert [r.step for r in call.of(PromptPlayed)][:2] == ["greeting", "notice"]


def test_a_key_in_a_prompt_that_cannot_be_stopped_does_nothing() -> None:
    loaded, studio = company("city-library")
    call = rehearse(loaded, studio, Timed(Pressed(4.0, "0")))
    assert call.length_s == rehearse(loaded, studio).length_s


def test_star_leads_back_to_the_main_menu() -> None:
    loaded, studio = company("northwind-telecom")
    call = rehearse(loaded, studio, Knowing(loaded, "2*31"))
    assert [(r.step, r.key) for r in call.of(MenuTaken)] == [
        ("main", "2"),
        ("billing", "*"),
        ("main", "3"),
        ("technical", "1"),
    ]
    assert call.of(PersonSpoke)


def test_digits_are_collected_up_to_the_pound_key() -> None:
    loaded, studio = company("pinewood-insurance")
    call = rehearse(loaded, studio, Knowing(loaded, "4471902#1"))
    assert [r.digits for r in call.of(DigitsCollected)] == ["4471902"]
    call = rehearse(loaded, studio, Knowing(loaded, "44#1"))
    assert [r.key for r in call.of(KeyInvalid)] == ["44#"]
    assert not call.of(DigitsCollected)
    assert call.of(PersonSpoke)


def test_three_letters_are_enough_for_the_directory() -> None:
    loaded, studio = company("super-awesome")
    call = rehearse(loaded, studio, Timed(*(Pressed(6.0 + 0.4 * i, key) for i, key in enumerate("4226"))))
    assert [r.digits for r in call.of(DigitsCollected)] == ["226"]


def test_a_caller_who_does_not_press_one_is_let_go() -> None:
    loaded, studio = company("apex-electronics")
    call = rehearse(loaded, studio, Knowing(loaded, "2"))
    asked = call.of(report.StayAsked)[0]
    assert call.of(NoInput)[-1].at == pytest.approx(asked.until)
    assert not call.of(PersonSpoke) and not call.of(Stayed)
    assert rehearse(loaded, studio, Knowing(loaded, "21")).of(Stayed)


def test_who_takes_the_call_back_leaves_the_queue() -> None:
    loaded, studio = company("meridian-air")
    pressed = rehearse(loaded, studio, Knowing(loaded, "2")).of(HoldStarted)[0].at + 8.0
    keys = Knowing(loaded, "2")

    def behave(said: report.Report):
        return (Pressed(pressed, "2"),) if isinstance(said, HoldStarted) else keys(said)

    call = rehearse(loaded, studio, behave)
    assert call.of(HoldEnded)[0].at == pytest.approx(pressed)
    assert call.of(HoldEnded)[0].next == "call-back"
    assert "call you back" in call.of(PromptPlayed)[-1].text
    assert not call.of(PersonSpoke)


def test_a_person_who_is_spoken_to_stays_on_the_line() -> None:
    loaded, studio = company("super-awesome")
    keys = Knowing(loaded, "2")

    def behave(said: report.Report):
        if isinstance(said, PersonSpoke):
            return (CallerTalks(said.at + 5.0), CallerQuiet(said.at + 7.0))
        return keys(said)

    call = rehearse(loaded, studio, behave)
    spoken = call.of(PersonSpoke)
    assert len(spoken) > 4
    assert len(call.of(CallerSpoke)) >= len(spoken) - 1
    assert spoken[1].at - spoken[0].at == pytest.approx(7.0, abs=0.5)
    assert call.reports[-1].because == "the conversation was over"
    assert call.reports[-1].at - spoken[0].at > 55


def test_the_long_variant_holds_for_minutes() -> None:
    loaded, studio = company("harbor-bank")
    call = rehearse(loaded, studio, Knowing(loaded, "3"), long=True)
    held = call.of(HoldEnded)[0].at - call.of(HoldStarted)[0].at
    hold = next(step for step in loaded.steps if isinstance(step, Hold))
    assert held == hold.long_length_s >= 600
    assert max(r.times for r in call.of(AnnouncementPlayed)) > 20


def test_announcements_never_speak_over_each_other_and_end_before_the_hold_does() -> None:
    for name in NAMES:
        loaded, studio = company(name)
        for hold in (step for step in loaded.steps if isinstance(step, Hold)):
            call = rehearse(loaded, studio, Knowing(loaded, loaded.intent.keys), long=True)
            ends = 0.0
            for said in call.of(AnnouncementPlayed):
                assert said.at >= ends
                ends = said.at + said.length_s
            assert ends <= call.of(HoldEnded)[0].at
            assert len(call.of(AnnouncementPlayed)) >= len(hold.announcements)


def test_a_caller_who_hangs_up_ends_it() -> None:
    loaded, studio = company("harbor-bank")
    call = rehearse(loaded, studio, until_s=5.0)
    last = call.reports[-1]
    assert isinstance(last, HungUp) and not last.by_company and last.at == 5.0
