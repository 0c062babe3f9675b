"""The hold stays armed after pick-up: put back on hold, the program offers to wait; somebody back, it rings again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pretend import PretendCall, on_hold

from engine.call import Phase
from engine.deciding import policy
from engine.deciding.decisions import HandedBack, OfferOver, OfferToWait, UserStays

MOMENT = "one moment please i will put you on hold"


def talking() -> PretendCall:
    call = on_hold(10).silence(0.4)
    call.person("hello this is anna speaking how can i help you")
    assert call.phase is Phase.ALERTING
    call.situation = replace(policy.moved(call.situation, Phase.TALKING), acting=False)
    return call.wait(1.0)


def offers(call: PretendCall) -> list[str]:
    return [offer.because for offer in call.of(OfferToWait)]


def test_hold_music_is_offered_once() -> None:
    call = talking()
    call.person(MOMENT)
    began = call.now
    call.music(30.0)
    assert offers(call) == ["hold music"]
    at = next(at for at, action in call.log if isinstance(action, OfferToWait))
    assert at - began <= 5.0
    assert call.phase is Phase.TALKING


def test_a_hold_notice_and_silence_after_a_moment_are_offered_too() -> None:
    call = talking()
    call.says("your call is important to us please hold for the next available representative").silence(2.0)
    assert offers(call)[0].startswith("a hold notice")
    quiet = talking()
    quiet.person(MOMENT).silence(20.0)
    assert offers(quiet)[0].startswith("silence after")


@pytest.mark.parametrize("said", ["and then i said no", "could you give me your name"])
def test_a_pause_in_a_conversation_is_no_hold(said: str) -> None:
    call = talking()
    call.person(said).silence(40.0)
    call.person("right so what we can do is this").silence(10.0)
    assert offers(call) == []


def test_somebody_who_speaks_again_ends_the_offer() -> None:
    call = talking()
    call.music(10.0)
    call.silence(0.5)
    call.person("thank you for waiting so i have your file here").silence(1.0)
    assert [over.because for over in call.of(OfferOver)] == ["somebody speaks again"]
    call.music(10.0)
    assert len(offers(call)) == 2


def test_who_stays_is_not_asked_again_for_this_hold() -> None:
    call = talking()
    call.music(10.0)
    call.put(UserStays(call.now))
    call.says("your call is important to us please hold for the next available representative")
    call.music(30.0)
    assert len(offers(call)) == 1
    assert len(call.of(OfferOver)) == 1
    call.silence(0.5)
    call.person("right i am back with you now").silence(1.0)
    call.music(10.0)
    assert len(offers(call)) == 2


def test_given_back_it_waits_and_rings_again() -> None:
    call = talking()
    call.person(MOMENT)
    call.music(15.0)
    call.situation = replace(call.situation, acting=True)
    call.put(HandedBack(call.now))
    assert call.phase is Phase.HOLDING
    assert len(call.of(OfferOver)) == 1
    rang = len(call.rings)
    call.music(20.0)
    call.says("your call is important to us please hold for the next available representative").music(10.0)
    assert len(call.rings) == rang
    call.silence(0.5)
    call.person("hello are you still there sorry about the wait").silence(1.0)
    assert call.phase is Phase.ALERTING and len(call.rings) == rang + 1
