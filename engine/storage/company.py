"""What is remembered of one company: the announcements it plays, what they say, how long its queue lasts.

A plain value, bounded, without anything personal: of a caller it holds nothing but when they waited and for how long.
A ``Lesson`` adds to it (or, when a voice was a person's after all, takes out of it); ``undone`` takes one back.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace

from engine.deciding.decisions import OUTCOMES
from engine.deciding.expecting import Wait
from engine.deciding.phrases import NUMBER_WORDS
from engine.hearing.prints import Print, Prints
from flows.model import Flow
from flows.model import Learned as Shared

MOST_SENTENCES = 300
LONGEST_SENTENCE = 600
MOST_WAITS = 100
"""Three months of a call every day; older waits tell little of a queue of now."""
LONGEST_WAIT_S = 6 * 3600.0
MOST_COUNTED = 1_000_000


@dataclass(frozen=True, slots=True)
class CompanyMemory:
    """All that earlier calls have taught of a company; the newest at the end. Equal when its contents are."""

    prints: Prints = field(default_factory=Prints)
    sentences: tuple[str, ...] = ()
    waits: tuple[Wait, ...] = ()
    outcomes: tuple[tuple[str, int], ...] = ()

    def merge(self, newer: CompanyMemory) -> CompanyMemory:
        """Both together, bounded; what is in both counts as met last."""
        counted = Counter(dict(self.outcomes)) + Counter(dict(newer.outcomes))
        return CompanyMemory(
            self.prints.merge(newer.prints),
            _sentences((*self.sentences, *newer.sentences)),
            (*self.waits, *newer.waits)[-MOST_WAITS:],
            tuple(sorted((name, min(MOST_COUNTED, n)) for name, n in counted.items() if name in OUTCOMES)),
        )


def _sentences(said: tuple[str, ...]) -> tuple[str, ...]:
    newest_first = dict.fromkeys(one for one in reversed(said) if one and len(one) <= LONGEST_SENTENCE)
    return tuple(reversed(tuple(newest_first)[:MOST_SENTENCES]))


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one call, or one word of the user, teaches: ``add`` is joined to the memory, ``drop`` taken out of it."""

    add: CompanyMemory = CompanyMemory()
    drop: CompanyMemory = CompanyMemory()

    def taught(self, memory: CompanyMemory) -> CompanyMemory:
        """The memory after this lesson. Dropping knows prints and sentences only."""
        return _without(memory, self.drop).merge(self.add)


def _without(memory: CompanyMemory, drop: CompanyMemory) -> CompanyMemory:
    bits = {one.bits for one in drop.prints.utterances}
    said = set(drop.sentences)
    if not bits and not said:
        return memory
    return replace(
        memory,
        prints=Prints(tuple(one for one in memory.prints.utterances if one.bits not in bits)),
        sentences=tuple(one for one in memory.sentences if one not in said),
    )


def undone(memory: CompanyMemory, before: CompanyMemory, after: CompanyMemory) -> CompanyMemory:
    """``memory`` as if the lesson that made ``after`` of ``before`` had not been taught.

    Exactly ``before`` when nothing was learned since; else only what the lesson itself changed is put back.
    """
    if memory == after:
        return before
    new_bits = {p.bits for p in after.prints.utterances} - {p.bits for p in before.prints.utterances}
    lost = tuple(
        p for p in before.prints.utterances if p.bits not in {q.bits for q in after.prints.utterances}
    )
    new_said = set(after.sentences) - set(before.sentences)
    lost_said = tuple(one for one in before.sentences if one not in after.sentences)
    added = CompanyMemory(
        Prints(tuple(p for p in after.prints.utterances if p.bits in new_bits)), tuple(new_said)
    )
    return CompanyMemory(Prints(lost), lost_said).merge(_without(memory, added))


# --- sharing -----------------------------------------------------------------------------------------------------

_NUMBERS_IN_A_ROW = 4
_SHARED_STEP_S = 10.0
_PERSONAL = re.compile(r"\b(?:account|balance|appointment|dear|order number|policy number|case number)\b")


def is_personal(sentence: str) -> bool:
    """Whether a sentence may be about this very caller: a long number, a balance, an appointment."""
    run = 0
    for word in sentence.split():
        run = run + 1 if word in NUMBER_WORDS or word in ("oh", "double") else 0
        if run >= _NUMBERS_IN_A_ROW:
            return True
    return bool(_PERSONAL.search(sentence))


def shared(flow: Flow, memory: CompanyMemory) -> Flow:
    """``flow`` with what may be given away of ``memory``: no labels, no times of calls, no sentence about a caller."""
    prints = Prints(tuple(Print(one.bits) for one in memory.prints.utterances))
    learned = Shared(
        prints=prints.to_text() if prints.utterances else "",
        sentences=tuple(one for one in memory.sentences if not is_personal(one)),
        waits_s=tuple(sorted(round(w.length_s / _SHARED_STEP_S) * _SHARED_STEP_S for w in memory.waits)),
    )
    return flow.model_copy(update={"learned": learned})


def of_flow(flow: Flow | None) -> CompanyMemory:
    """What a flow brings along. Raises ``ValueError`` with a sentence when its prints are damaged."""
    if flow is None or flow.learned is None:
        return CompanyMemory()
    known = flow.learned
    prints = Prints.from_text(known.prints) if known.prints else Prints()
    return CompanyMemory(prints, _sentences(known.sentences))
