"""The user's word on a voice, and taking it back: belief and memory are as before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pretend import PretendCall, on_hold

from engine.call import Phase
from engine.deciding import policy
from engine.deciding.decisions import Ring, StandDown, TakeBack, Teach, UserSaid, UserTookBack
from engine.deciding.memory import Memory

GREETING = "hello this is anna speaking how can i help you"
NOTICE = "please stay on the line for the next available representative"


def memory_of(call: PretendCall) -> Memory:
    assert isinstance(call.situation.memory, Memory)
    return call.situation.memory


def ringing() -> PretendCall:
    call = on_hold(10).silence(0.4)
    call.person(GREETING)
    assert call.phase is Phase.ALERTING, call.show()
    return call


def test_a_recording_is_taught_at_once_with_its_span_and_words() -> None:
    call = ringing()
    began = call.of(Ring)[0].since_s
    call.put(UserSaid(call.now, person=False))
    assert call.phase is Phase.HOLDING
    (teach,) = call.of(Teach)
    assert not teach.person and GREETING in teach.sentences
    assert any(span.start_s <= began < span.end_s for span in teach.spans)
    assert memory_of(call).said_before(GREETING)


def test_taken_back_it_rings_again() -> None:
    call = ringing()
    call.put(UserSaid(call.now, person=False))
    call.wait(1.0)
    assert call.phase is Phase.HOLDING
    call.put(UserTookBack(call.now))
    assert call.phase is Phase.ALERTING
    assert len(call.of(Ring)) == 2 and len(call.of(TakeBack)) == 1
    assert not memory_of(call).said_before(GREETING)
    call.put(UserTookBack(call.now))  # a second click has nothing to take back
    assert call.phase is Phase.ALERTING and len(call.of(TakeBack)) == 1


def test_a_person_whose_words_were_learned_wrongly_is_one_from_here_on() -> None:
    call = on_hold(10)
    call.situation = policy.recalling(call.situation, (GREETING, "your call is important to us"), ())
    call.silence(0.4)
    # Heard with the very sound of an earlier call it never rings, whatever it says.
    call.says(GREETING, heard_before=1.0).silence(1.5)
    assert call.rings == [] and call.phase is Phase.HOLDING, call.show()
    call.put(UserSaid(call.now, person=True))
    assert call.phase is Phase.ALERTING
    (teach,) = call.of(Teach)
    assert teach.person and teach.sentences == (GREETING,)
    assert GREETING not in memory_of(call).recorded
    assert memory_of(call).recorded[0] == "your call is important to us"
    call.put(UserTookBack(call.now))
    assert call.phase is Phase.HOLDING and isinstance(call.of(StandDown)[-1], StandDown)
    assert memory_of(call).recorded[:2] == (GREETING, "your call is important to us")


def test_what_an_announcement_said_before_the_person_is_not_taken_for_theirs() -> None:
    call = on_hold(10).silence(0.4)
    call.says(NOTICE)
    call.says("yes um", distance=0.9)
    call.put(UserSaid(call.now, person=True))
    (teach,) = call.of(Teach)
    assert NOTICE not in teach.sentences


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("music"), st.floats(0.5, 8.0)),
        st.tuples(st.just("silence"), st.floats(0.5, 8.0)),
        st.tuples(
            st.just("says"), st.sampled_from([NOTICE, "you are number four in line", "all agents busy"])
        ),
        st.tuples(st.just("person"), st.sampled_from([GREETING, "hello", "sorry for the wait who am i"])),
        st.tuples(st.just("word"), st.booleans()),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.booleans(), st.sampled_from(["", "talking"]))
def test_taken_back_at_once_nothing_has_changed(
    steps: list[tuple[str, object]], person: bool, where: str
) -> None:
    call = on_hold(3)
    for kind, value in steps:
        if kind == "word":
            call.put(UserSaid(call.now, person=bool(value)))
        else:
            getattr(call, kind)(value)
    if where == "talking" and call.phase is Phase.ALERTING:
        call.situation = policy.moved(call.situation, Phase.TALKING)
        call.wait(0.4)
    before, phase = replace(memory_of(call), correction=None), call.phase
    call.put(UserSaid(call.now, person=person))
    call.put(UserTookBack(call.now))
    after = replace(memory_of(call), correction=None)
    assert call.phase is phase
    assert after.recorded == before.recorded
    assert after.utterances == before.utterances
    assert after == replace(before, now_s=after.now_s)


@pytest.mark.parametrize("person", [True, False])
def test_what_is_learned_after_the_word_stays_when_it_is_taken_back(person: bool) -> None:
    call = on_hold(10)
    call.situation = policy.recalling(call.situation, ("thank you for your patience today",), ())
    call.silence(0.4)
    call.person(GREETING)
    call.put(UserSaid(call.now, person=person))
    before = memory_of(call).recorded
    call.music(5.0)
    call.says("you may also visit our web site at any time of the day").music(3.0)
    later = set(memory_of(call).recorded) - set(before)
    assert later
    call.put(UserTookBack(call.now))
    assert later <= set(memory_of(call).recorded)
    assert not memory_of(call).said_before(GREETING)
    assert memory_of(call).said_before("thank you for your patience today")
