"""Who writes down the words: in line (deterministic, for recordings) or on the one worker thread (live calls).

An ``Ear`` never waits for words. It tells its scribe where an utterance begins, hands it the sound, asks for the words
so far now and then, and says where it ended; what the scribe has found out since is fetched with ``results``.

    Ear --begin/accept/ask/end--> InlineScribe  --> Transcriber        (same thread, at once)
    Ear --begin/accept/ask/end--> WorkerScribe  --> queue of the call --> HearingWorker thread --> Transcriber

When the worker falls behind, questions for partial words are dropped first (only the newest counts); an utterance
whose sound waits longer than ``PATIENCE_S`` is given up, and its end yields an ``Unheard`` that says so.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from engine.audio.format import RATE_HZ
from engine.hearing.perceptions import Heard, Span, Unheard
from engine.hearing.transcriber import KeepsCalls, Samples, Transcriber, Utterance

log = logging.getLogger("holdslayer.hearing")

PATIENCE_S = 12.0
"""Seconds of sound that may wait for the recogniser in one call before the utterance is given up."""
NO_RECOGNISER = "no speech recogniser"
KNOWN = "heard before"
FELL_BEHIND = "the speech recogniser fell behind"


class Scribe(Protocol):
    """Writes down the utterances of one call."""

    def begin(self, start_s: float) -> None:
        """An utterance begins here on the call clock; its sound follows."""
        ...

    def accept(self, samples: Samples) -> None:
        """The next sound of the utterance."""
        ...

    def ask(self, at_s: float) -> None:
        """Wanted: the words so far."""
        ...

    def known(self) -> None:
        """The sound was heard before: no more words are wanted of this utterance (it ends ``Unheard``, ``KNOWN``)."""
        ...

    def end(self, at_s: float, end_s: float) -> None:
        """The utterance is over; its final words will come as a result."""
        ...

    def drop(self) -> None:
        """The utterance was none: forget it."""
        ...

    def results(self) -> list[Heard | Unheard]:
        """What was found since the last time."""
        ...


class InlineScribe:
    """Does the work at once, in the caller's thread. Without a transcriber every utterance ends ``Unheard``.

    A recogniser that breaks costs the utterance, not the call: its end says why. ``raising``: exceptions are let
    through instead (the worker thread tells of them itself).
    """

    def __init__(self, transcriber: Transcriber | None, *, raising: bool = False) -> None:
        self._transcriber = transcriber.for_call() if isinstance(transcriber, KeepsCalls) else transcriber
        self._raising = raising
        self._utterance: Utterance | None = None
        self._start_s = 0.0
        self._last = ""
        self._none = NO_RECOGNISER  # why there is no utterance
        self._found: list[Heard | Unheard] = []

    def begin(self, start_s: float) -> None:
        """See ``Scribe``."""
        self._start_s, self._last, self._none = start_s, "", NO_RECOGNISER
        self._utterance = None
        if self._transcriber is not None:
            with self._guarded():
                self._utterance = self._transcriber.begin(start_s)

    def accept(self, samples: Samples) -> None:
        """See ``Scribe``."""
        if self._utterance is not None:
            with self._guarded():
                self._utterance.accept(samples)

    def ask(self, at_s: float) -> None:
        """See ``Scribe``. The same words are not told twice."""
        if self._utterance is None:
            return
        with self._guarded():
            heard = self._utterance.partial(at_s)
            if heard is not None and heard.text != self._last:
                self._last = heard.text
                self._found.append(heard)

    def known(self) -> None:
        """See ``Scribe``."""
        self._utterance, self._none = None, KNOWN

    def end(self, at_s: float, end_s: float) -> None:
        """See ``Scribe``."""
        if self._utterance is not None:
            with self._guarded():
                self._found.append(self._utterance.end(at_s, end_s))
                self._none = ""
        if self._none:
            self._found.append(Unheard(at_s, Span(self._start_s, end_s), self._none))
        self._utterance = None

    def drop(self) -> None:
        """See ``Scribe``."""
        self._utterance = None

    def results(self) -> list[Heard | Unheard]:
        """See ``Scribe``."""
        found, self._found = self._found, []
        return found

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except Exception as problem:
            if self._raising:
                raise
            log.info("recognising speech failed", exc_info=problem)
            self._utterance, self._none = None, f"the speech recogniser failed: {problem}"


@dataclass(frozen=True, slots=True)
class _Job:
    """One thing to do for one call: kind is begin, accept, ask, known, end or drop."""

    kind: str
    at_s: float = 0.0
    end_s: float = 0.0
    samples: Samples | None = None


class WorkerScribe:
    """The side of the listener: puts jobs in the call's queue, takes results out. Thread-safe."""

    def __init__(self, worker: HearingWorker) -> None:
        self._worker = worker
        self._lock = threading.Lock()
        self._jobs: deque[_Job] = deque()
        self._waiting_samples = 0
        self._lost = False
        self._found: list[Heard | Unheard] = []
        self._begun_s = 0.0
        self.inline = InlineScribe(worker.transcriber, raising=True)  # used by the worker thread only

    def begin(self, start_s: float) -> None:
        """See ``Scribe``."""
        with self._lock:
            self._lost, self._begun_s = False, start_s
        self._put(_Job("begin", start_s))

    def accept(self, samples: Samples) -> None:
        """See ``Scribe``. Sound that waited too long is given up with its utterance."""
        with self._lock:
            if self._lost:
                return
            if self._waiting_samples > PATIENCE_S * RATE_HZ:
                self._lost = True
                self._jobs.clear()
                self._waiting_samples = 0
                self._jobs.append(_Job("drop"))
                return
            self._waiting_samples += len(samples)
        self._put(_Job("accept", samples=samples))

    def ask(self, at_s: float) -> None:
        """See ``Scribe``. Only the newest question counts."""
        with self._lock:
            if self._lost:
                return
            for job in list(self._jobs):
                if job.kind == "ask":
                    self._jobs.remove(job)
        self._put(_Job("ask", at_s))

    def known(self) -> None:
        """See ``Scribe``. Sound that still waits is not recognised any more either."""
        with self._lock:
            if self._lost:
                return
            while self._jobs and self._jobs[-1].kind in ("accept", "ask"):
                sound = self._jobs.pop().samples
                self._waiting_samples -= len(sound) if sound is not None else 0
        self._put(_Job("known"))

    def end(self, at_s: float, end_s: float) -> None:
        """See ``Scribe``."""
        with self._lock:
            lost = self._lost
            if lost:
                self._found.append(Unheard(at_s, Span(self._begun_s, end_s), FELL_BEHIND))
        if not lost:
            self._put(_Job("end", at_s, end_s))

    def drop(self) -> None:
        """See ``Scribe``."""
        self._put(_Job("drop"))

    def results(self) -> list[Heard | Unheard]:
        """See ``Scribe``."""
        with self._lock:
            found, self._found = self._found, []
        return found

    def _put(self, job: _Job) -> None:
        with self._lock:
            self._jobs.append(job)
        self._worker.wake(self)

    def work(self) -> bool:
        """Do the oldest job (worker thread). False when there is none."""
        with self._lock:
            if not self._jobs:
                return False
            job = self._jobs.popleft()
            if job.samples is not None:
                parts = [job.samples]
                self._waiting_samples -= len(job.samples)
                while self._jobs and self._jobs[0].samples is not None:
                    more = self._jobs.popleft().samples
                    assert more is not None
                    parts.append(more)
                    self._waiting_samples -= len(more)
                job = replace(job, samples=np.concatenate(parts))
        if job.samples is not None:
            self.inline.accept(job.samples)
        elif job.kind == "begin":
            self.inline.begin(job.at_s)
        elif job.kind == "ask":
            self.inline.ask(job.at_s)
        elif job.kind == "known":
            self.inline.known()
        elif job.kind == "end":
            self.inline.end(job.at_s, job.end_s)
        else:
            self.inline.drop()
        found = self.inline.results()
        with self._lock:
            self._found += found
        return True

    def failed(self, problem: Exception) -> None:
        """The recogniser broke in this call: the utterance is lost, and the user is told why."""
        self.inline.drop()
        with self._lock:
            self._jobs.clear()
            self._waiting_samples = 0
            self._found.append(
                Unheard(
                    self._begun_s,
                    Span(self._begun_s, self._begun_s),
                    f"the speech recogniser failed: {problem}",
                )
            )


class HearingWorker:
    """The one thread that recognises speech for every call, a job at a time, calls in turn."""

    def __init__(self, transcriber: Transcriber | None, on_result: Callable[[], None]) -> None:
        self.transcriber = transcriber
        self._on_result = on_result
        self._turn: deque[WorkerScribe] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="hear", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; jobs not done are dropped. Returns when it has ended."""
        with self._changed:
            self._stopping = True
            self._turn.clear()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def wake(self, scribe: WorkerScribe) -> None:
        """A scribe has work."""
        with self._changed:
            if scribe not in self._turn:
                self._turn.append(scribe)
                self._changed.notify()

    def forget(self, scribe: WorkerScribe) -> None:
        """Its call is over."""
        with self._changed:
            if scribe in self._turn:
                self._turn.remove(scribe)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._turn and not self._stopping:
                    self._changed.wait()
                if self._stopping:
                    return
                scribe = self._turn.popleft()
            try:
                worked = scribe.work()
            except Exception as problem:
                log.exception("recognising speech failed")
                scribe.failed(problem)
                worked = True
            if worked:
                self.wake(scribe)
                self._on_result()
