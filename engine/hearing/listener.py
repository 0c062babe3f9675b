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
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from engine.audio.format import RATE_HZ
from engine.audio.ring import RingReader, SoundLost
from engine.call import CallId
from engine.hearing import bed, vad
from engine.hearing.ear import Ear
from engine.hearing.perceptions import Perception, Span, Unheard
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


@dataclass(slots=True)
class _Attached:
    reader: RingReader
    handler: Handler
    scribe: WorkerScribe
    ear: Ear | None = None  # made by the listener's thread: loading the voice detector takes a moment
    position: int = 0
    lost_samples: int = 0
    gone: bool = field(default=False)


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

    def attach(self, call: CallId, reader: RingReader, handler: Handler) -> None:
        """Listen to a call from the beginning of its ring (or from the oldest sample still there)."""
        scribe = WorkerScribe(self._worker)
        with self._lock:
            self._calls[call] = _Attached(reader, handler, scribe)
        self._wake.set()

    def detach(self, call: CallId) -> None:
        """Stop listening to a call; its handler is not called again. A call not attached is no error."""
        with self._lock:
            attached = self._calls.pop(call, None)
        if attached is not None:
            attached.gone = True
            self._worker.forget(attached.scribe)

    def lost_samples(self, call: CallId) -> int:
        """How much sound of this call was overwritten before it could be heard."""
        with self._lock:
            attached = self._calls.get(call)
        return attached.lost_samples if attached is not None else 0

    def _run(self) -> None:
        self._warm_up()
        while not self._stopping:
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
        ear = attached.ear
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
