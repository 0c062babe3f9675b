"""What the user says of a voice - "that was a recording", "that is a person" - and taking it back.

correct    -> person.corrected (stop ringing, or ring) -> Teach    (the company's memory has it at once)
take_back  -> memory and belief as they were           -> TakeBack (and so has this)
"""

from __future__ import annotations

from dataclasses import replace

from rapidfuzz import fuzz

from engine.call import Phase
from engine.deciding import person, saying
from engine.deciding.decisions import Ring, StandDown, Suspect, TakeBack, Teach
from engine.deciding.draft import Draft
from engine.deciding.memory import Correction, Memory, Utterance
from engine.deciding.phrases import plain
from engine.hearing.perceptions import Span

TOOK_BACK = "you took it back"

PREFIX_WORDS = 3
"""Fewer words ("hello there") begin the sentences of many."""
SAME_PERCENT = 88.0
"""Similarity from which two sentences are one, heard twice."""


def _meant(memory: Memory, is_person: bool) -> tuple[Utterance, ...]:
    """What the user speaks of: the talk since the music, or of a person their last breath, no announcement before."""
    turn = memory.turn()
    if not is_person:
        return turn
    meant: tuple[Utterance, ...] = ()
    follower: Utterance | None = None
    for old in reversed(turn):
        if follower is not None and (
            old.end_s is None or follower.start_s - old.end_s > person.CARRY_S or saying.recorded(old.text)
        ):
            break
        meant = (old, *meant)
        follower = old
    return meant


def correct(draft: Draft, is_person: bool) -> None:
    """The user said what it was."""
    before, phase = draft.memory, draft.phase
    meant = _meant(before, is_person)
    sentences = tuple(plain(u.text) for u in meant if u.text)
    if is_person:
        sentences = (*sentences, *_wrong(before, sentences))
        _believe(draft, meant, sentences)
    person.corrected(draft, is_person)
    draft.note(
        correction=Correction(
            person=is_person,
            before=phase,
            after=draft.phase,
            recorded=before.recorded,
            recorded_after=draft.memory.recorded,
            touched=meant,
            suspected_s=before.suspected_s,
            came_from_hold=before.came_from_hold,
            words=" ".join(u.text for u in meant if u.text),
            since_s=meant[-1].start_s if meant else before.now_s,
        )
    )
    spans = tuple(Span(u.start_s, before.now_s if u.end_s is None else u.end_s) for u in meant)
    draft.act(Teach(is_person, spans, sentences))


def _wrong(memory: Memory, said: tuple[str, ...]) -> tuple[str, ...]:
    """Sentences taken for a recording's that begin with what the person has said so far, or are nearly the same."""
    told = [one for one in said if one.count(" ") + 1 >= PREFIX_WORDS]
    return tuple(
        old
        for old in memory.recorded
        if old not in said
        and any(old.startswith(f"{one} ") or fuzz.ratio(old, one) >= SAME_PERCENT for one in told)
    )


def _believe(draft: Draft, meant: tuple[Utterance, ...], said: tuple[str, ...]) -> None:
    """A person spoke: what they said is no sentence of a recording, wherever that came from."""
    memory = draft.memory
    starts = {u.start_s for u in meant}
    draft.memory = replace(
        memory,
        recorded=tuple(old for old in memory.recorded if old not in said),
        utterances=tuple(
            replace(u, dismissed=False, repeat=False, recorded=False, heard_before=0.0)
            if u.start_s in starts
            else u
            for u in memory.utterances
        ),
    )


def take_back(draft: Draft) -> None:
    """As if the last correction had not been said. Nothing happens when there is none."""
    memory = draft.memory
    last = memory.correction
    if last is None:
        return
    draft.act(TakeBack())
    draft.memory = replace(
        memory,
        recorded=_sentences_before(memory, last),
        utterances=_utterances_before(memory, last),
        suspected_s=last.suspected_s,
        came_from_hold=last.came_from_hold,
        correction=None,
    )
    if draft.phase is not last.after or draft.phase is last.before:
        return  # the call has gone on meanwhile: what was believed then is no more
    if last.person:
        draft.act(StandDown(TOOK_BACK))
        if (
            last.before is Phase.CONFIRMING
        ):  # the table knows no way from ringing to doubting but over the hold
            draft.move(Phase.HOLDING, TOOK_BACK)
    elif last.before is Phase.ALERTING:
        draft.act(Ring(last.words, last.since_s, (f"{TOOK_BACK}: it was ringing",)))
    if last.before is Phase.CONFIRMING:
        draft.act(Suspect(last.words, last.since_s, (TOOK_BACK,)))
    draft.move(last.before, TOOK_BACK)


def _sentences_before(memory: Memory, last: Correction) -> tuple[str, ...]:
    if memory.recorded == last.recorded_after:
        return last.recorded
    added = set(last.recorded_after) - set(last.recorded)
    removed = [old for old in last.recorded if old not in last.recorded_after and old not in memory.recorded]
    return (*removed, *(old for old in memory.recorded if old not in added))


def _utterances_before(memory: Memory, last: Correction) -> tuple[Utterance, ...]:
    was = {u.start_s: u for u in last.touched}
    return tuple(
        replace(
            u,
            dismissed=was[u.start_s].dismissed,
            repeat=was[u.start_s].repeat or (u.repeat and not last.person),
            recorded=was[u.start_s].recorded if last.person else u.recorded,
            heard_before=max(u.heard_before, was[u.start_s].heard_before),
        )
        if u.start_s in was
        else u
        for u in memory.utterances
    )
