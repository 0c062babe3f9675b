"""The judgement of a call, pure: ``decide(situation, input) -> Verdict``.

    input -> memory (what was heard) -> person? (evidence) -> phase: navigating | holding | ringing -> actions

No clock, no line, no model: time is in the inputs, a question to a model goes out as ``Ask`` and comes back as
``Answered``. Any sequence of inputs gives a verdict; none raises. Each module beside this one is a part of it:
``memory`` remembers, ``evidence`` weighs, ``person`` alerts, ``navigating`` walks (``following`` a flow or
``exploring``), ``holding`` waits, ``talking`` looks out for a hold while the user talks, ``correcting`` learns from
what the user says of a voice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.call import Phase
from engine.deciding import correcting, following, holding, navigating, person, talking
from engine.deciding.decisions import (
    HandedBack,
    Input,
    LineAnswered,
    Ring,
    Situation,
    UserSaid,
    UserStays,
    UserTookBack,
    Verdict,
)
from engine.deciding.draft import Draft
from engine.deciding.expecting import Moment, Wait, usual
from engine.deciding.memory import Memory, remember
from flows import cursor as cursors
from flows.model import Flow, Hold


def begin(
    intent: str,
    flow: Flow | None,
    company: str = "",
    acting: bool = True,
    without: frozenset[str] = frozenset(),
    clock: Moment | None = None,
) -> Situation:
    """The situation of a call that is being dialled. ``acting`` False: only listen, never press, say or ask.

    ``clock``: the user's clock now, to understand at what time a company closes.

    ``without``: kinds of evidence (``evidence.KINDS``) that are left out, to measure what each is worth.
    """
    return Situation(
        intent=intent,
        phase=Phase.NAVIGATING,
        cursor=cursors.begin(flow) if flow is not None else None,
        company=company,
        acting=acting,
        memory=Memory(without=without, clock=clock, past_s=_expected(flow)),
    )


def _expected(flow: Flow | None) -> tuple[float, ...]:
    """How long the queue lasts by what came with the flow, or by what it says, as if waited for once."""
    steps = flow.steps if flow is not None else ()
    if flow is not None and flow.learned is not None and flow.learned.waits_s:
        return flow.learned.waits_s
    return tuple(step.expected_s for step in steps if isinstance(step, Hold) and step.expected_s)[:1]


def recalling(situation: Situation, recordings: Sequence[str], waits: Sequence[Wait]) -> Situation:
    """The situation with what earlier calls have taught: sentences of recordings (normalised), and past waits."""
    memory = _memory(situation)
    past_s = usual(waits, memory.clock) or memory.past_s
    sentences = tuple(dict.fromkeys((*recordings, *memory.recorded)))
    return replace(situation, memory=replace(memory, recorded=sentences, past_s=past_s))


def recordings(situation: Situation) -> tuple[str, ...]:
    """Normalised sentences that are taken for recordings, of earlier calls and of this one."""
    return _memory(situation).recorded


def moved(situation: Situation, phase: Phase) -> Situation:
    """The situation after the user (not the policy) changed the phase: picked up, took over, gave back."""
    return replace(situation, phase=phase)


def if_dropped(situation: Situation) -> str:
    """How the attempt ended if the company hangs up now: one of OUTCOMES ("closed" after a notice that they are)."""
    return _memory(situation).ending or "dropped"


def _memory(situation: Situation) -> Memory:
    return situation.memory if isinstance(situation.memory, Memory) else Memory()


def decide(situation: Situation, what: Input) -> Verdict:
    """What to do now that ``what`` came in. Never raises; the same arguments give the same verdict."""
    draft = Draft(situation, remember(_memory(situation), what))
    match what:
        case LineAnswered():
            following.begin(draft)
            return draft.verdict()
        case UserSaid():
            correcting.correct(draft, what.person)
            return draft.verdict()
        case UserTookBack():
            correcting.take_back(draft)
            return draft.verdict()
        case UserStays():
            talking.stay(draft)
            return draft.verdict()
        case HandedBack():
            talking.over(draft, "you gave the call back")
            draft.note(
                turn_from_s=draft.memory.now_s,
                menu_from_s=draft.memory.now_s,
                options=(),
                came_from_hold=True,
            )
            draft.move(Phase.HOLDING, "you gave the call back: waiting on")
            return draft.verdict()
        case _:
            pass
    match draft.phase:
        case Phase.NAVIGATING | Phase.HOLDING | Phase.CONFIRMING:
            _waiting(draft, what)
        case Phase.ALERTING:
            holding.step(draft, what)
            person.watch_ringing(draft)
            person.note_speakers(draft)
        case Phase.TALKING | Phase.MANUAL:
            talking.step(draft, what)
            person.note_speakers(draft)
        case Phase.DONE:
            pass
    return draft.verdict()


def _waiting(draft: Draft, what: Input) -> None:
    if draft.phase is not Phase.NAVIGATING:
        holding.step(draft, what)
    alerted = person.watch(draft)
    if alerted:
        if any(isinstance(action, Ring) for action in draft.actions):
            following.found_person(draft)
    elif draft.phase is Phase.NAVIGATING:
        navigating.step(draft, what)
    person.note_speakers(draft)
