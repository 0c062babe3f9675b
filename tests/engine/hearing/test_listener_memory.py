"""What the listener remembers for the next call, and what the user's word changes of it while the call is on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from engine.audio.memory_ring import MemoryRing
from engine.call import CallId
from engine.hearing.listener import Listener
from engine.hearing.perceptions import Perception, Span, SpeechEnded, Voiced
from engine.hearing.prints import Prints
from tests.engine.hearing.sound import clip, silence
from tests.engine.hearing.test_listener import ring_of, until

A, B = CallId("a"), CallId("b")
NOTICE = "recording_flite-rms_hold_1"


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    made = Listener(asyncio.get_running_loop(), None)
    made.start()
    yield made
    await asyncio.to_thread(made.stop)


async def listen(
    listener: Listener, call: CallId, known: Prints | None = None
) -> tuple[list[Perception], MemoryRing]:
    told: list[Perception] = []
    ring = ring_of(np.concatenate([silence(0.5), clip(NOTICE), silence(2.0)]))
    listener.attach(call, ring, told.append, known)
    await until(lambda: any(isinstance(p, SpeechEnded) for p in told))
    return told, ring


async def leave(listener: Listener, call: CallId, *spans: Span, drop: tuple[Span, ...] = ()) -> Prints:
    learned: list[Prints] = []
    listener.detach(call, learned.append, spans, drop)
    await until(lambda: bool(learned))
    return learned[0]


def span_of(told: list[Perception]) -> Span:
    return next(p.span for p in told if isinstance(p, SpeechEnded))


def surest(told: list[Perception]) -> float:
    return max(p.heard_before for p in told if isinstance(p, Voiced))


async def test_an_announcement_is_known_in_the_next_call(listener: Listener) -> None:
    told, _ = await listen(listener, A)
    assert surest(told) == 0.0
    learned = await leave(listener, A, span_of(told))
    assert len(learned.utterances) == 1
    again, _ = await listen(listener, B, Prints.from_text(learned.to_text()))
    assert surest(again) >= 0.9
    assert len((await leave(listener, B, span_of(again))).utterances) == 1


async def test_what_a_person_said_is_not_learned(listener: Listener) -> None:
    told, _ = await listen(listener, A)
    assert await leave(listener, A, span_of(told), drop=(span_of(told),)) == Prints()
    told, _ = await listen(listener, A)
    assert await leave(listener, A) == Prints(), "nobody said that it was a recording"


async def test_the_users_word_teaches_at_once_and_is_taken_back(listener: Listener) -> None:
    told, _ = await listen(listener, A)
    found: list[Prints] = []
    listener.judge(A, (span_of(told),), True, found.append)
    await until(lambda: len(found) == 1)
    assert len(found[0].utterances) == 1
    listener.judge(A, (span_of(told),), None)
    assert await leave(listener, A) == Prints()


async def test_a_wrong_print_is_found_and_dropped_when_it_was_a_person(listener: Listener) -> None:
    told, _ = await listen(listener, A)
    wrong = await leave(listener, A, span_of(told))
    told, _ = await listen(listener, B, wrong)
    found: list[Prints] = []
    listener.judge(B, (span_of(told),), False, found.append)
    await until(lambda: len(found) == 1)
    assert found[0] == wrong
    listener.judge(B, (span_of(told),), None)
    assert await leave(listener, B) == wrong


async def test_a_call_that_never_made_a_sound_keeps_what_was_known(listener: Listener) -> None:
    told, _ = await listen(listener, A)
    known = await leave(listener, A, span_of(told))
    listener.attach(B, MemoryRing(1.0), told.append, known)
    assert await leave(listener, B) == known
    listener.judge(B, (Span(0.0, 1.0),), True)  # over: nobody minds
