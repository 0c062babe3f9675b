"""The scribe's own duties: what is known needs no words, and a recogniser that breaks does not end the call."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hearing.perceptions import Heard, Span, Unheard
from engine.hearing.scribe import KNOWN, HearingWorker, InlineScribe, WorkerScribe

SECOND = np.zeros(16000, np.int16)


class Utterance:
    """Hears the word "word" in every second."""

    def __init__(self, breaks: str = "") -> None:
        self.seconds, self.breaks = 0, breaks

    def accept(self, samples: np.ndarray) -> None:
        if self.breaks == "accept":
            raise RuntimeError("its model is gone")
        self.seconds += len(samples) // 16000

    def partial(self, at_s: float) -> Heard | None:
        if self.breaks == "partial":
            raise RuntimeError("its model is gone")
        return Heard(at_s, "word " * self.seconds, Span(0.0, at_s), 0.9, False)

    def end(self, at_s: float, end_s: float) -> Heard | Unheard:
        if self.breaks == "end":
            raise RuntimeError("its model is gone")
        return Heard(at_s, "word " * self.seconds, Span(0.0, end_s), 0.9, True)


class Transcriber:
    name = "words"

    def __init__(self, breaks: str = "") -> None:
        self.breaks = breaks
        self.begun: list[Utterance] = []

    def begin(self, start_s: float) -> Utterance:
        if self.breaks == "begin":
            raise RuntimeError("its model is gone")
        self.begun.append(Utterance(self.breaks))
        return self.begun[-1]


@pytest.mark.parametrize("breaks", ["begin", "accept", "partial", "end"])
def test_a_recogniser_that_breaks_costs_the_utterance_and_not_the_call(breaks: str) -> None:
    transcriber = Transcriber(breaks)
    scribe = InlineScribe(transcriber)
    for _ in range(2):
        scribe.begin(1.0)
        scribe.accept(SECOND)
        scribe.ask(2.0)
        scribe.end(3.0, 2.5)
    lost = [found for found in scribe.results() if isinstance(found, Unheard)]
    assert [found.reason for found in lost] == ["the speech recogniser failed: its model is gone"] * 2
    assert lost[0].span == Span(1.0, 2.5)


def test_no_words_are_looked_for_in_what_is_known() -> None:
    transcriber = Transcriber()
    scribe = InlineScribe(transcriber)
    scribe.begin(0.0)
    scribe.accept(SECOND)
    scribe.known()
    scribe.accept(SECOND)
    scribe.ask(2.0)
    scribe.end(2.5, 2.0)
    assert scribe.results() == [Unheard(2.5, Span(0.0, 2.0), KNOWN)]
    assert transcriber.begun[0].seconds == 1
    scribe.begin(5.0)  # the next utterance is listened to again
    scribe.accept(SECOND)
    scribe.end(6.5, 6.0)
    assert [type(found) for found in scribe.results()] == [Heard]


def test_the_worker_skips_what_is_known_and_keeps_what_came_before() -> None:
    transcriber = Transcriber()
    worker = HearingWorker(transcriber, lambda: None)  # not started: jobs are done by hand
    scribe = WorkerScribe(worker)
    scribe.begin(0.0)
    scribe.accept(SECOND)
    scribe.end(1.5, 1.0)
    scribe.begin(3.0)
    scribe.accept(SECOND)
    scribe.ask(4.0)
    scribe.known()
    scribe.accept(SECOND)
    scribe.end(5.5, 5.0)
    while scribe.work():
        pass
    first, second = scribe.results()
    assert isinstance(first, Heard) and first.text == "word "
    assert second == Unheard(5.5, Span(3.0, 5.0), KNOWN)
    assert transcriber.begun[1].seconds == 0
