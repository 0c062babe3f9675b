"""Never ring for a recording, soon for a person: sentences on hold, in virtual time."""

from __future__ import annotations

import pytest
from pretend import PretendCall, on_hold
from sentences import FROM_PROMPTS, LIVE, READ, WRITTEN

from engine.call import Phase
from engine.deciding.decisions import HandedBack, NoteQueue, NoteSpeaker, Ring, StandDown, Suspect, UserSaid
from engine.hearing.perceptions import Heard, Sound, SoundBegan, Span, SpeechBegan, SpeechEnded, Tone

RECORDED = FROM_PROMPTS + WRITTEN


def waiting() -> PretendCall:
    call = on_hold(20)
    assert call.phase is Phase.HOLDING and call.keys == "2" and not call.rings
    return call


@pytest.mark.parametrize("text", RECORDED)
def test_never_rings_for_a_recording_heard_for_the_first_time(text: str) -> None:
    call = waiting().silence(0.4)
    call.says(text, distance=None).silence(2.0)
    assert call.rings == [], call.show()
    call.music(3.0)
    assert call.phase is Phase.HOLDING


@pytest.mark.parametrize("text", RECORDED)
def test_never_rings_for_the_announcers_voice(text: str) -> None:
    call = waiting().silence(0.4)
    call.says(text, distance=0.1).silence(2.0)
    assert call.rings == [], call.show()


@pytest.mark.parametrize("text", RECORDED)
def test_never_rings_over_music(text: str) -> None:
    call = waiting()
    call.says(text, distance=0.9, music_bed=0.9)
    call.music(3.0)
    assert call.rings == [] and call.phase is Phase.HOLDING, call.show()


@pytest.mark.parametrize("text", LIVE)
def test_rings_for_somebody_who_takes_the_call(text: str) -> None:
    call = waiting().silence(0.4)
    began = call.now
    call.person(text, distance=None, confidence=0.8).silence(2.0)
    assert len(call.rings) == 1, call.show()
    # Who begins like a recording ("thank you for calling ...") is known by the name or the question that follows.
    assert call.rings[0] - began <= 5.3
    assert call.phase is Phase.ALERTING


def test_most_people_are_known_at_once() -> None:
    delays = []
    for text in LIVE:
        call = waiting().silence(0.4)
        began = call.now
        call.person(text, confidence=0.6).silence(2.0)
        delays.append(call.rings[0] - began)
    delays.sort()
    assert delays[len(delays) // 2] <= 2.2
    assert sum(delay <= 2.5 for delay in delays) >= 26


@pytest.mark.parametrize("text", READ)
def test_rings_for_a_voice_that_just_talks(text: str) -> None:
    call = waiting().silence(0.4)
    began = call.now
    call.person(text).silence(2.0)
    assert len(call.rings) == 1, call.show()
    assert call.rings[0] - began <= 2.3, call.show()


def test_rings_within_two_seconds_and_a_half_without_knowing_voices() -> None:
    late = []
    for text in READ:
        call = waiting().silence(0.4)
        began = call.now
        call.person(text, distance=None).silence(2.0)
        if not call.rings or call.rings[0] - began > 2.3:
            late.append(text)
    assert len(late) <= 1, late


def test_a_ring_says_why_and_since_when() -> None:
    call = waiting().silence(0.4)
    began = call.now
    call.person("hello this is dana how can i help you")
    (ring,) = call.of(Ring)
    assert isinstance(ring, Ring)
    assert ring.since_s == pytest.approx(began)
    assert ring.words.startswith("hello") and ring.because
    assert NoteSpeaker in {type(action) for _, action in call.log}


def test_a_person_is_suspected_first() -> None:
    call = waiting().silence(0.4)
    call.person("well now the thing is that nobody told me")
    kinds = [type(action) for _, action in call.log if isinstance(action, Suspect | Ring)]
    assert kinds == [Suspect, Ring]


def test_the_same_sentence_never_rings_again() -> None:
    odd = "all the fish of the blue river are yours to eat when the summer wind sings your name"
    call = waiting()
    call.says(odd, distance=None, music_bed=0.9).music(20)
    call.silence(0.4)
    call.put(UserSaid(call.now, person=False))
    call.silence(0.4)
    call.says(odd, distance=None)
    call.put(UserSaid(call.now, person=False))
    rings = len(call.rings)
    call.music(20).silence(0.4)
    call.says(odd, distance=None).silence(2.0)
    assert len(call.rings) == rings, call.show()


def test_a_word_that_an_announcement_began_with_rings_only_when_nothing_follows() -> None:
    call = waiting().silence(0.4)
    call.says("hello all of our representatives are busy please stay on the line", distance=None)
    call.music(20).silence(0.4)
    began = call.now
    call.person("hello", confidence=0.9).silence(0.5)
    assert call.rings == [], call.show()
    call.silence(2.0)
    assert len(call.rings) == 1 and call.rings[0] - began > 1.0, call.show()


def test_the_same_sound_never_rings() -> None:
    call = waiting().silence(0.4)
    call.person("and then we walked along the river until the sun went down", heard_before=0.9).silence(2.0)
    assert call.rings == []


def test_silence_alone_decides_nothing() -> None:
    call = waiting()
    before = len(call.log)
    call.silence(600)
    assert call.log[before:] == []
    assert call.phase is Phase.HOLDING


def test_a_voice_without_words_may_be_suspected_but_is_no_person_at_once() -> None:
    call = waiting().silence(0.4)
    call.says("mm hm mm", captions=False, distance=None).silence(3.0)
    assert call.rings == []


def test_a_long_hold_never_rings_and_then_it_does() -> None:
    call = waiting()
    for number in range(40):
        text = RECORDED[number]
        if number % 3 == 0:
            call.says(text, music_bed=0.9, distance=0.2).music(25)
        else:
            call.silence(0.5).says(text, distance=0.2).music(25)
        assert call.phase is Phase.HOLDING, f"{text}\n{call.show()}"
    assert call.rings == []
    call.silence(0.8)
    began = call.now
    call.person("good morning this is peter sorry about the wait").silence(2.0)
    assert len(call.rings) == 1 and call.rings[0] - began < 2.3


def test_a_repeated_hello_rings() -> None:
    call = waiting().silence(0.4)
    call.says("hello", distance=None).silence(1.5)
    call.says("hello", distance=None).silence(1.0)
    assert len(call.rings) == 1


def test_music_that_comes_back_stops_the_ringing() -> None:
    call = waiting().silence(0.4)
    call.person("hello this is dana how can i help you")
    assert call.phase is Phase.ALERTING
    call.music(2.5)
    assert call.phase is Phase.ALERTING  # a short bar of music is no hold yet
    call.music(2.0)
    assert call.phase is Phase.HOLDING
    assert isinstance(call.of(StandDown)[-1], StandDown)
    call.silence(0.5)
    call.person("hi thanks for holding this is dana again").silence(1.5)
    assert len(call.rings) == 2


def test_stands_down_when_it_turns_out_a_recording() -> None:
    call = waiting().silence(0.4)
    call.person(
        "the evening light on the water was soft your call is important to us please stay on the line for the next "
        "available representative"
    )
    assert call.phase is Phase.HOLDING, call.show()
    assert call.of(StandDown)


def test_the_user_is_always_right() -> None:
    call = waiting().silence(0.4)
    call.person("well now the thing is that nobody told me")
    assert call.phase is Phase.ALERTING
    call.put(UserSaid(call.now, person=False))
    assert call.phase is Phase.HOLDING
    call.silence(2.0)
    assert len(call.rings) == 1
    call.says("thank you for your patience", distance=0.2, tail=False)
    call.put(UserSaid(call.now, person=True))
    assert call.phase is Phase.ALERTING and len(call.rings) == 2


def test_handed_back_waits_on() -> None:
    from engine.deciding import policy

    call = waiting().silence(0.4)
    call.person("hello this is dana how can i help you")
    call.situation = policy.moved(call.situation, Phase.TALKING)
    call.says("let me put you on hold for a minute", distance=0.9)
    call.put(HandedBack(call.now))
    assert call.phase is Phase.HOLDING
    call.music(20).silence(0.5)
    call.person("hi i am back so what was it again").silence(1.0)
    assert len(call.rings) == 2


def test_ringing_inside_the_call_means_being_put_through() -> None:
    call = waiting().silence(0.4)
    call.says("please hold while i transfer your call", distance=0.1).silence(1.0)
    call.tone(Tone.RINGBACK, 4.0)
    began = call.now
    call.says("parts department", distance=None).silence(1.5)
    call.says("how can i help", distance=None).silence(1.0)
    assert call.rings and call.rings[0] - began < 6.0


def test_queue_news_is_noted_once() -> None:
    call = waiting().silence(0.3)
    call.says("you are number three in line your estimated wait time is four minutes", distance=0.1).music(10)
    call.silence(0.3).says(
        "you are number three in line your estimated wait time is four minutes", distance=0.1
    )
    call.music(10).silence(0.3).says("there is one caller ahead of you", distance=0.1)
    assert call.of(NoteQueue) == [NoteQueue(3, 4.0), NoteQueue(2, None)]


def test_who_only_listens_never_acts() -> None:
    call = PretendCall("billing", acting=False)
    call.says("for sales press one for billing press two to stay on the line press three").music(10)
    call.says("leave a message after the tone").tone(Tone.BEEP).music(10).silence(0.4)
    call.put(SoundBegan(call.now, Sound.SILENCE, call.now))
    call.person("hello this is dana how can i help you")
    assert call.keys == "" and call.said == [] and call.outcome == ""
    assert len(call.rings) == 1


def test_a_notice_that_a_later_caption_rewrites_is_still_no_person() -> None:
    call = waiting().silence(0.4)
    at = call.now
    call.put(SpeechBegan(at + 0.2, at))
    call.until(at + 1.7)
    call.put(Heard(call.now, "you are a needed wait time", Span(at, call.now), 0.6, False))
    call.until(at + 3.4)
    call.put(SpeechEnded(call.now, Span(at, at + 2.6)))
    call.put(Heard(call.now, "you did when i do it", Span(at, at + 2.6), 0.23, True))
    call.silence(3.0)
    assert call.rings == [], call.show()
