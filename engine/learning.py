"""What one call learns for the memory of its company, and what it knows of it from before.

    before dialling   recall   -> sentences and waits to the policy, fingerprints to the ear
    the user's word   teach    -> sentences at once, fingerprints a moment later (the ear has them); take_back: undone
    the call's end    ended    -> what was judged a recording (never what a person said), the wait, the outcome

Nothing in here decides what a voice is. A shelf or an ear that fails costs the memory, never the call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.call import CallId, Phase
from engine.deciding import saying
from engine.deciding.expecting import Moment, Wait
from engine.hearing.perceptions import Span
from engine.hearing.prints import Prints
from engine.storage.companies import Taught
from engine.storage.company import CompanyMemory, Lesson

LEAST_WAIT_S = 5.0
"""A shorter hold is a jingle between two menus, and tells nothing of the queue."""


class Shelf(Protocol):
    """What a call needs of ``storage.companies.Companies``."""

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the user: what was damaged and where it is kept."""
        ...

    async def recall(self, number: str, name: str = "") -> CompanyMemory:
        """All that is remembered of a company."""
        ...

    def teach(self, number: str, name: str, lesson: Lesson) -> Taught:
        """Remember a lesson; returns at once."""
        ...

    def undo(self, taught: Taught) -> None:
        """Take a lesson back; returns at once."""
        ...


class Ears(Protocol):
    """What learning needs of ``hearing.listener.Listener``."""

    def judge(
        self,
        call: CallId,
        spans: Sequence[Span],
        recorded: bool | None,
        then: Callable[[Prints], None] | None = None,
    ) -> None:
        """The user said what the voice in ``spans`` was."""
        ...

    def person_spoke(self, call: CallId, span: Span) -> None:
        """The policy takes the voice in ``span`` for a person's."""
        ...

    def detach(
        self,
        call: CallId,
        learned: Callable[[Prints], None] | None = None,
        keep: Sequence[Span] = (),
        drop: Sequence[Span] = (),
    ) -> None:
        """Stop listening; ``learned`` gets all prints known after the call."""
        ...


@dataclass(frozen=True, slots=True)
class Company:
    """Whom a call is to: the number as dialled (E.164 or SIP URI) and the name, empty when unknown."""

    number: str
    name: str = ""


@dataclass(slots=True)
class _Said:
    """The user's last word on a voice, and all that was taught of it."""

    person: bool
    spans: tuple[Span, ...]
    taught: list[Taught]


class CallMemory:
    """One call's side of the memory of its company. On the loop's thread."""

    def __init__(self, call: CallId, company: Company, shelf: Shelf | None, ears: Ears) -> None:
        self._call = call
        self._company = company
        self._shelf = shelf
        self._ears = ears
        self._known = CompanyMemory()
        self._said: _Said | None = None
        self._by_user: set[str] = set()
        self._keep: list[Span] = []
        self._drop: list[Span] = []
        self._over = False
        self.trouble = ""
        """What was wrong with the memory, as a sentence for the user."""

    async def recall(self, shared: CompanyMemory) -> CompanyMemory:
        """What is known before dialling: of earlier calls, and what came with the flow (``shared``)."""
        if self._shelf is None:
            self._known = shared
            return shared
        told = len(self._shelf.notices)
        self._known = shared.merge(await self._shelf.recall(self._company.number, self._company.name))
        self.trouble = " ".join(self._shelf.notices[told:])
        return self._known

    @property
    def prints(self) -> Prints | None:
        """Fingerprints to give to the ear, None when there are none."""
        return self._known.prints if self._known.prints.utterances else None

    def heard(self, span: Span, speaker: str, phase: Phase) -> None:
        """The policy says who spoke in ``span``. Only what was said while nobody was taken for a person is kept."""
        if speaker == "recording" and phase in (Phase.NAVIGATING, Phase.HOLDING):
            self._keep.append(span)
        elif speaker == "person":
            self._drop.append(span)
            self._ears.person_spoke(self._call, span)

    def teach(self, person: bool, spans: Sequence[Span], sentences: Sequence[str]) -> None:
        """The user said what the voice in ``spans`` was: remember it now."""
        said = _Said(person, tuple(spans), [])
        self._said = said
        about = CompanyMemory(sentences=tuple(sentences))
        self._by_user = self._by_user - set(sentences) if person else self._by_user | set(sentences)
        self._remember(said, about)

        def prints(found: Prints) -> None:
            if self._said is said and found.utterances:
                self._remember(said, CompanyMemory(prints=found))

        self._ears.judge(self._call, said.spans, not person, prints)

    def _remember(self, said: _Said, about: CompanyMemory) -> None:
        if self._shelf is not None and about != CompanyMemory():
            lesson = Lesson(drop=about) if said.person else Lesson(add=about)
            said.taught.append(self._shelf.teach(self._company.number, self._company.name, lesson))

    def take_back(self) -> None:
        """The user's last word is taken back; memory is as before."""
        said, self._said = self._said, None
        if said is None:
            return
        for taught in reversed(said.taught):
            if self._shelf is not None:
                self._shelf.undo(taught)
            self._by_user -= set(taught.lesson.add.sentences)
        # What was said of that voice after the user's word hung on it: nobody knows now what it was.
        self._keep = [span for span in self._keep if not _touches(span, said.spans)]
        self._ears.judge(self._call, said.spans, None)

    def ended(self, sentences: Sequence[str], wait: tuple[float, float] | None, outcome: str) -> None:
        """The call is over. ``sentences``: those taken for a recording's; ``wait``: when it began, its length."""
        if self._over:
            return
        self._over = True
        known = set(self._known.sentences)
        fresh = tuple(s for s in sentences if s not in known and (s in self._by_user or saying.recorded(s)))
        waits: tuple[Wait, ...] = ()
        if wait is not None and wait[1] >= LEAST_WAIT_S:
            moment = local_moment(wait[0])
            waits = (Wait(moment.weekday, moment.minute // 60, wait[1]),)
        had = {one.bits for one in self._known.prints.utterances}

        def learned(prints: Prints) -> None:
            new = Prints(tuple(one for one in prints.utterances if one.bits not in had))
            memory = CompanyMemory(new, fresh, waits, ((outcome, 1),) if outcome else ())
            if self._shelf is not None and memory != CompanyMemory():
                self._shelf.teach(self._company.number, self._company.name, Lesson(add=memory))

        self._ears.detach(self._call, learned, tuple(self._keep), tuple(self._drop))


def local_moment(at: float) -> Moment:
    """The user's clock at that wall-clock second."""
    local = time.localtime(at)
    return Moment(local.tm_wday, local.tm_hour * 60 + local.tm_min)


def _touches(span: Span, others: Sequence[Span]) -> bool:
    return any(span.start_s < other.end_s and other.start_s < span.end_s for other in others)
