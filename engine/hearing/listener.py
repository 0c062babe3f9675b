"""Hears every call: one thread for all ears, one for all words.

    ring of a call --(every 0.1 s, by index)--> Ear --> call_soon_threadsafe --> the call's handler (loop's thread)
                                                 |  ^
                                          WorkerScribe: words, on the thread "hear"

Handlers get perceptions in order, never from another thread. Sound that was overwritten before it was read is counted,
told as ``Unheard``, and replaced by silence of the same length, so that the call clock stays true. An ear that breaks
is taken off its call and reported; the others go on.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.audio.format import RATE_HZ
from engine.audio.ring import RingReader, SoundLost
from engine.call import CallId
from engine.hearing import bed, vad
from engine.hearing.ear import Ear
from engine.hearing.perceptions import Perception, Span, Unheard
from engine.hearing.prints import Prints
from engine.hearing.scribe import HearingWorker, Scribe, WorkerScribe
from engine.hearing.transcriber import Transcriber

log = logging.getLogger("holdslayer.hearing")

WAKE_S = 0.1
MOST_AT_ONCE = RATE_HZ
"""A call that is behind catches up a second of sound at a time, so that the others are not kept waiting."""

Handler = Callable[[Perception], None]
ErrorHandler = Callable[[CallId, Exception], None]
EarMaker = Callable[[Scribe], Ear]


def _make_ear(scribe: Scribe) -> Ear:
    return Ear(scribe=scribe)


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the user said of the voice in ``spans``: a recording, a person (False), or nothing after all (None)."""

    spans: tuple[Span, ...]
    recorded: bool | None
    then: Callable[[Prints], None] | None


@dataclass(slots=True)
class _Attached:
    reader: RingReader
    handler: Handler
    scribe: WorkerScribe
    ear: Ear | None = None  # made by the listener's thread: loading the voice detector takes a moment
    position: int = 0
    lost_samples: int = 0
    gone: bool = field(default=False)
    known: Prints | None = None
    judged: list[_Judged] = field(default_factory=list)
    persons: list[Span] = field(default_factory=list)
    leaving: Callable[[Prints], None] | None = None
    keep: tuple[Span, ...] = ()
    drop: tuple[Span, ...] = ()


class Listener:
    """Ears for all calls of the program.

    ``on_error(call, exception)`` is called on the loop's thread when an ear broke; that call is not heard any more.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        transcriber: Transcriber | None,
        *,
        on_error: ErrorHandler | None = None,
        make_ear: EarMaker = _make_ear,
    ) -> None:
        self._loop = loop
        self._on_error = on_error
        self._make_ear = make_ear
        self._calls: dict[CallId, _Attached] = {}
        self._leaving: list[_Attached] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._worker = HearingWorker(transcriber, self._wake.set)

    def start(self) -> None:
        """Start both threads."""
        if self._thread is not None:
            return
        self._stopping = False
        self._worker.start()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End both threads; returns when they have ended. No handler is called for sound read after this."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._worker.stop()

    def attach(self, call: CallId, reader: RingReader, handler: Handler, known: Prints | None = None) -> None:
        """Listen to a call from the beginning of its ring (or from the oldest sample still there).

        ``known``: the announcements of earlier calls to that company.
        """
        scribe = WorkerScribe(self._worker)
        with self._lock:
            self._calls[call] = _Attached(reader, handler, scribe, known=known)
        self._wake.set()

    def judge(
        self,
        call: CallId,
        spans: Sequence[Span],
        recorded: bool | None,
        then: Callable[[Prints], None] | None = None,
    ) -> None:
        """The user said what the voice in ``spans`` was; None: they take it back.

        ``then`` gets, on the loop's thread, the prints of a recording that are new, or the known ones that a person's
        voice was wrongly taken for.
        """
        with self._lock:
            attached = self._calls.get(call)
            if attached is not None:
                attached.judged.append(_Judged(tuple(spans), recorded, then))
        self._wake.set()

    def person_spoke(self, call: CallId, span: Span) -> None:
        """A person spoke in ``span``: that voice is no announcer's."""
        with self._lock:
            attached = self._calls.get(call)
            if attached is not None:
                attached.persons.append(span)

    def detach(
        self,
        call: CallId,
        learned: Callable[[Prints], None] | None = None,
        keep: Sequence[Span] = (),
        drop: Sequence[Span] = (),
    ) -> None:
        """Stop listening to a call; its handler is not called again. A call not attached is no error.

        ``learned`` gets, on the loop's thread, all prints known after the call: those of before, and of this call
        those in ``keep`` (recordings) that touch none of ``drop``.
        """
        with self._lock:
            attached = self._calls.pop(call, None)
            if attached is not None and learned is not None:
                attached.keep, attached.drop, attached.leaving = tuple(keep), tuple(drop), learned
                self._leaving.append(attached)
        if attached is not None:
            attached.gone = True
            self._worker.forget(attached.scribe)
            self._wake.set()

    def lost_samples(self, call: CallId) -> int:
        """How much sound of this call was overwritten before it could be heard."""
        with self._lock:
            attached = self._calls.get(call)
        return attached.lost_samples if attached is not None else 0

    def _run(self) -> None:
        self._warm_up()
        while not self._stopping:
            self._let_go()
            with self._lock:
                calls = list(self._calls.items())
            behind = False
            for call, attached in calls:
                try:
                    told, more = self._hear(attached)
                except Exception as problem:
                    self._broke(call, problem)
                    continue
                behind = behind or more
                if told:
                    self._post(attached, told)
            if not behind:
                self._wake.wait(WAKE_S)
            self._wake.clear()
        self._let_go()

    def _let_go(self) -> None:
        """Hand over what calls that are over have taught."""
        with self._lock:
            leaving, self._leaving = self._leaving, []
        for attached in leaving:
            prints = attached.known or Prints()
            if attached.ear is not None:
                self._take_in(attached, attached.ear)
                prints = attached.ear.repeats.learned(attached.keep, attached.drop)
            self._hand(attached.leaving, prints)

    def _take_in(self, attached: _Attached, ear: Ear) -> None:
        """Tell the ear what the user said of voices meanwhile."""
        with self._lock:
            judged, attached.judged = attached.judged, []
            persons, attached.persons = attached.persons, []
        for span in persons:
            ear.voices.drop(span)
        repeats = ear.repeats
        tell = {True: repeats.remember, False: repeats.forget, None: repeats.undo}
        for one in judged:
            before = repeats.learned(())
            for span in one.spans:
                tell[one.recorded](span)
            after = repeats.learned(one.spans if one.recorded else ())
            self._hand(one.then, _only_in(after, before) if one.recorded else _only_in(before, after))

    def _hand(self, then: Callable[[Prints], None] | None, prints: Prints) -> None:
        if then is not None:
            try:
                self._loop.call_soon_threadsafe(then, prints)
            except RuntimeError:  # the loop has been closed: nobody is there to be told
                self._stopping = True

    def _warm_up(self) -> None:
        try:
            vad.session()
            bed.network()
        except Exception as problem:  # every ear will say the same to its call
            log.info("the ears are not ready: %s", problem)

    def _hear(self, attached: _Attached) -> tuple[list[Perception], bool]:
        """Perceptions of the sound that came since the last time, and whether more is waiting."""
        if attached.ear is None:
            attached.ear = self._make_ear(attached.scribe)
            if attached.known is not None:
                attached.ear.recall(attached.known)
        ear = attached.ear
        if attached.judged:
            self._take_in(attached, ear)
        told: list[Perception] = ear.collect()
        available = attached.reader.written - attached.position
        if available <= 0:
            return told, False
        count = min(available, MOST_AT_ONCE)
        try:
            samples = attached.reader.read(attached.position, count)
        except SoundLost as loss:
            missing = loss.first - attached.position
            attached.lost_samples += missing
            start_s = attached.position / RATE_HZ
            log.info("%.1f s of sound were overwritten before they were heard", missing / RATE_HZ)
            while missing > 0:
                part = min(missing, MOST_AT_ONCE)
                told += ear.feed(np.zeros(part, np.int16))
                attached.position += part
                missing -= part
            end_s = attached.position / RATE_HZ
            told.append(
                Unheard(end_s, Span(start_s, end_s), "the listener fell behind and this sound is gone")
            )
            return told, True
        attached.position += len(samples)
        told += ear.feed(samples)
        return told, attached.reader.written - attached.position > 0 and len(samples) == MOST_AT_ONCE

    def _post(self, attached: _Attached, told: list[Perception]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._hand_over, attached, told)
        except RuntimeError:  # the loop has been closed: nobody is there to be told
            self._stopping = True

    def _hand_over(self, attached: _Attached, told: list[Perception]) -> None:
        for perception in told:
            if attached.gone:
                return
            attached.handler(perception)

    def _broke(self, call: CallId, problem: Exception) -> None:
        log.error("listening to a call failed", exc_info=problem)
        self.detach(call)
        if self._on_error is not None:
            try:
                self._loop.call_soon_threadsafe(self._on_error, call, problem)
            except RuntimeError:
                self._stopping = True


def _only_in(these: Prints, others: Prints) -> Prints:
    known = {one.bits for one in others.utterances}
    return Prints(tuple(one for one in these.utterances if one.bits not in known))
