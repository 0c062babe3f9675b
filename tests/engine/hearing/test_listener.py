"""One thread hears every call: order, sound lost, an ear that breaks, a recogniser too slow."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import numpy as np
import pytest

from engine.audio.format import RATE_HZ
from engine.audio.memory_ring import MemoryRing
from engine.call import CallId
from engine.hearing import vad
from engine.hearing.ear import Ear
from engine.hearing.listener import Listener
from engine.hearing.perceptions import Heard, Perception, Span, SpeechEnded, Tick, Unheard
from engine.hearing.transcriber import ModelMissing, Samples
from tests.engine.hearing.sound import clip, silence

A, B = CallId("a"), CallId("b")


class Scripted:
    """A recogniser that says the same for everything, and may wait for a signal first."""

    name = "scripted"

    def __init__(self, hold: threading.Event | None = None, fail: bool = False) -> None:
        self._hold = hold
        self._fail = fail

    def begin(self, start_s: float) -> Scripted:
        self._start_s = start_s
        return self

    def accept(self, samples: Samples) -> None:
        if self._fail:
            raise RuntimeError("no more memory")
        if self._hold is not None:
            self._hold.wait(20.0)

    def partial(self, at_s: float) -> Heard | None:
        return Heard(at_s, "your call", Span(self._start_s, at_s), 0.5, final=False)

    def end(self, at_s: float, end_s: float) -> Heard | Unheard:
        return Heard(at_s, "your call is important", Span(self._start_s, end_s), 0.9, final=True)


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not done():
            await asyncio.sleep(0.02)


def ring_of(sound: Samples, seconds: float = 60.0) -> MemoryRing:
    ring = MemoryRing(seconds)
    ring.append(sound)
    return ring


@pytest.fixture
async def made() -> object:
    started: list[Listener] = []

    def make(*arguments: object, **options: object) -> Listener:
        listener = Listener(asyncio.get_running_loop(), *arguments, **options)  # type: ignore[arg-type]
        listener.start()
        started.append(listener)
        return listener

    yield make
    for listener in started:
        listener.stop()


async def test_calls_are_heard_on_the_loops_thread_as_an_ear_in_line_hears_them(made) -> None:  # type: ignore[no-untyped-def]
    sounds = {
        A: np.concatenate([silence(0.5), clip("recording_flite-rms_hold_1"), silence(2.0)]),
        B: silence(3.0),
    }
    told: dict[CallId, list[Perception]] = {A: [], B: []}
    threads = set()

    def handler(call: CallId) -> Callable[[Perception], None]:
        def take(perception: Perception) -> None:
            threads.add(threading.get_ident())
            told[call].append(perception)

        return take

    listener = made(None)
    for call, sound in sounds.items():
        listener.attach(call, ring_of(sound), handler(call))
    ends = {call: len(sound) // (RATE_HZ // 5) for call, sound in sounds.items()}
    await until(lambda: all(sum(isinstance(p, Tick) for p in told[call]) >= ends[call] for call in sounds))
    await until(lambda: any(isinstance(p, Unheard) for p in told[A]))  # the worker's answer may come last
    assert threads == {threading.get_ident()}
    assert told[A] == [*Ear().feed(sounds[A])] or [p for p in told[A] if not isinstance(p, Unheard)] == [
        p for p in Ear().feed(sounds[A]) if not isinstance(p, Unheard)
    ]
    assert [p.reason for p in told[A] if isinstance(p, Unheard)] == ["no speech recogniser"]


async def test_words_come_from_the_worker(made) -> None:  # type: ignore[no-untyped-def]
    told: list[Perception] = []
    listener = made(Scripted())
    listener.attach(
        A, ring_of(np.concatenate([clip("recording_flite-rms_hold_1"), silence(2.0)])), told.append
    )
    await until(lambda: any(isinstance(p, Heard) and p.final for p in told))
    at = [p.at_s for p in told]
    assert at == sorted(at)
    assert [p.text for p in told if isinstance(p, Heard) and p.final] == ["your call is important"]


async def test_a_recogniser_too_slow_is_told_and_does_not_hold_up_the_ears(made) -> None:  # type: ignore[no-untyped-def]
    told: list[Perception] = []
    hold = threading.Event()
    listener = made(Scripted(hold))
    speech = clip("recording_allison_menu_8")
    sound = np.concatenate([speech, speech, silence(2.0)])
    try:
        listener.attach(A, ring_of(sound), told.append)
        await until(lambda: sum(isinstance(p, Tick) for p in told) >= len(sound) // (RATE_HZ // 5))
    finally:
        hold.set()
    reasons = [p.reason for p in told if isinstance(p, Unheard)]
    assert "the speech recogniser fell behind" in reasons
    assert any(isinstance(p, SpeechEnded) for p in told)


async def test_a_recogniser_that_breaks_leaves_the_ear_alone(made, expected_warnings) -> None:  # type: ignore[no-untyped-def]
    told: list[Perception] = []
    listener = made(Scripted(fail=True))
    listener.attach(
        A, ring_of(np.concatenate([clip("recording_flite-rms_hold_1"), silence(2.0)])), told.append
    )
    await until(lambda: any(isinstance(p, SpeechEnded) for p in told))
    await until(lambda: any(isinstance(p, Unheard) and "no more memory" in p.reason for p in told))
    assert expected_warnings.messages[0] == "recognising speech failed"


async def test_lost_sound_is_told_and_the_clock_stays_true(made) -> None:  # type: ignore[no-untyped-def]
    told: list[Perception] = []
    ring = ring_of(silence(10.0), seconds=2.0)
    listener = made(None)
    listener.attach(A, ring, told.append)
    await until(lambda: sum(isinstance(p, Tick) for p in told) >= 50)
    assert [p.at_s for p in told if isinstance(p, Tick)][-1] == pytest.approx(10.0)
    assert listener.lost_samples(A) >= 8 * RATE_HZ
    assert any("gone" in p.reason for p in told if isinstance(p, Unheard))


async def test_an_ear_that_breaks_is_reported_and_the_others_hear_on(made, expected_warnings) -> None:  # type: ignore[no-untyped-def]
    class Broken(Ear):
        def feed(self, samples: Samples) -> list[Perception]:
            raise ValueError("broken ear")

    broken: list[tuple[CallId, str]] = []
    first = [True]

    def make_ear(scribe: object) -> Ear:
        if first:
            first.clear()
            return Broken()
        return Ear(scribe=scribe)  # type: ignore[arg-type]

    told: list[Perception] = []
    listener = made(None, on_error=lambda call, why: broken.append((call, str(why))), make_ear=make_ear)
    listener.attach(A, ring_of(silence(2.0)), told.append)
    await until(lambda: bool(broken))
    listener.attach(B, ring_of(silence(2.0)), told.append)
    await until(lambda: any(isinstance(p, Tick) for p in told))
    assert broken == [(A, "broken ear")]
    assert expected_warnings.messages == ["listening to a call failed"]


async def test_a_detached_call_is_not_heard_any_more(made) -> None:  # type: ignore[no-untyped-def]
    told: list[Perception] = []
    ring = ring_of(silence(1.0))
    listener = made(None)
    listener.attach(A, ring, told.append)
    await until(lambda: bool(told))
    listener.detach(A)
    count = len(told)
    ring.append(silence(1.0))
    await asyncio.sleep(0.3)
    assert len(told) == count
    listener.detach(A)


async def test_a_damaged_voice_detector_is_told_to_each_call_in_a_sentence(
    made, expected_warnings, monkeypatch, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    model = tmp_path / "silero_vad_v6.onnx"
    model.write_bytes(b"rubbish")
    monkeypatch.setattr(vad, "model_path", lambda: model)
    vad.session.cache_clear()
    broken: list[tuple[CallId, Exception]] = []
    try:
        listener = made(None, on_error=lambda call, why: broken.append((call, why)))
        for call in (A, B):
            listener.attach(call, ring_of(silence(1.0)), lambda _: None)
        await until(lambda: len(broken) == 2)
    finally:
        vad.session.cache_clear()
    assert {call for call, _ in broken} == {A, B}
    for _, why in broken:
        assert isinstance(why, ModelMissing)
        assert "silero_vad_v6.onnx is damaged" in str(why)
    assert expected_warnings.messages == ["listening to a call failed"] * 2
