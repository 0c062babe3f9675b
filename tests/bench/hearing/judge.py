"""What is made of a hearing: the program's own judgement, replayed as ``holdslayer listen`` runs it.

Nothing is acted upon (``acting=False``), the phase moves by ``Move`` actions alone, every belief is dated by how much
of the sound had been consumed for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.call import Phase
from engine.deciding import person, policy
from engine.deciding.decisions import Move, NoteSpeaker, Ring, Situation, StandDown, Suspect
from engine.deciding.draft import Draft
from engine.deciding.memory import Memory
from engine.hearing.perceptions import Heard, Perception, Voiced

MAYBE, RING, STAND_DOWN, HOLD, SPEAKER = "maybe", "RING", "stand down", "hold", "speaker"


@dataclass(frozen=True, slots=True)
class Belief:
    """One thing the judgement said: ``kind`` is maybe, RING, stand down, hold or speaker.

    ``since_s``: where the voice began (maybe, RING). ``pieces``: what was weighed, as (kind, weight, because).
    """

    at_s: float
    kind: str
    words: str = ""
    because: str = ""
    since_s: float = 0.0
    odds: float = 0.0
    pieces: tuple[tuple[str, float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """How the voice stood at one moment (for looking at what went wrong)."""

    at_s: float
    phase: str
    odds: float
    words: str
    pieces: tuple[tuple[str, float, str], ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """All beliefs in order, and when the phase was what (``phases``: from when on).

    ``known_again``: (when, since when) a voice was taken for a repetition of something heard before.
    """

    beliefs: tuple[Belief, ...]
    phases: tuple[tuple[float, str], ...]
    known_again: tuple[tuple[float, float], ...]
    trace: tuple[Moment, ...] = ()

    def phase_at(self, at_s: float) -> str:
        """The phase that holds at a time."""
        found = self.phases[0][1]
        for since_s, phase in self.phases:
            if since_s <= at_s:
                found = phase
        return found


def judge(
    perceptions: Iterable[tuple[float, Perception]],
    without: frozenset[str] = frozenset(),
    trace: bool = False,
) -> Judgement:
    """Replay a hearing. ``without``: kinds of evidence left out (``engine.deciding.evidence.KINDS``).

    ``trace``: also keep how the voice stood whenever something was heard of it.
    """
    situation = policy.begin("", None, acting=False, without=without)
    beliefs: list[Belief] = []
    phases = [(0.0, situation.phase.value)]
    known: list[tuple[float, float]] = []
    moments: list[Moment] = []
    for consumed_s, perception in perceptions:
        verdict = policy.decide(situation, perception)
        phase = situation.phase
        weighed: _Weighed | None = None
        if verdict.actions or isinstance(perception, Heard | Voiced):
            weighed = _weighed(situation, verdict.situation)
        if weighed is not None and isinstance(perception, Heard | Voiced):
            if any(kind == "heard_before" for kind, _, _ in weighed.pieces):
                known.append((consumed_s, weighed.since_s))
            if trace:
                moments.append(Moment(consumed_s, phase.value, weighed.odds, weighed.words, weighed.pieces))
        odds = weighed.odds if weighed is not None else 0.0
        pieces = weighed.pieces if weighed is not None else ()
        for action in verdict.actions:
            match action:
                case Ring():
                    beliefs.append(
                        Belief(
                            consumed_s,
                            RING,
                            action.words,
                            "; ".join(action.because),
                            action.since_s,
                            odds,
                            pieces,
                        )
                    )
                case Suspect():
                    beliefs.append(
                        Belief(
                            consumed_s,
                            MAYBE,
                            action.words,
                            "; ".join(action.because),
                            action.since_s,
                            odds,
                            pieces,
                        )
                    )
                case StandDown():
                    beliefs.append(Belief(consumed_s, STAND_DOWN, "", action.because, 0.0, odds, pieces))
                case NoteSpeaker():
                    beliefs.append(Belief(consumed_s, SPEAKER, action.speaker, "", action.span.start_s))
                case Move():
                    phase = action.phase
                    phases.append((consumed_s, phase.value))
                    if phase is Phase.HOLDING:
                        beliefs.append(Belief(consumed_s, HOLD, "", action.because))
                case _:
                    pass
        situation = replace(verdict.situation, phase=phase)
    return Judgement(tuple(beliefs), tuple(phases), tuple(known), tuple(moments))


@dataclass(frozen=True, slots=True)
class _Weighed:
    odds: float
    since_s: float
    words: str
    pieces: tuple[tuple[str, float, str], ...]


def _weighed(before: Situation, after: Situation) -> _Weighed | None:
    """The voice as it stood for the decision: what is remembered now, in the phase of before."""
    memory = after.memory
    if not isinstance(memory, Memory):
        return None
    found = person.weigh(Draft(replace(before, memory=memory), memory))
    if found is None:
        return None
    utterance, weighing = found
    pieces = tuple((p.kind, round(p.weight, 2), p.because) for p in weighing.pieces)
    return _Weighed(round(weighing.odds, 2), utterance.start_s, utterance.text, pieces)
