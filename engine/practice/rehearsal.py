"""A call at a practice company in virtual time: no line, no waiting.

Plays the script against a caller who is a plain function or a list of keys, and tells what happened. The sound is
really made (its length decides), only nobody listens. Serves the tests and the editor's dry run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from engine.audio.format import RATE_HZ
from engine.practice import script, turns
from engine.practice.report import HungUp, Report
from engine.practice.scenario import Scenario
from engine.practice.studio import Mix, Studio

Act = turns.Pressed | turns.CallerTalks | turns.CallerQuiet
Behaviour = Callable[[Report], Sequence[Act]]
"""What the caller does upon a report: acts with their times (never before the report's)."""

R = TypeVar("R", bound=Report)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How the call went. Times are seconds since it arrived (``at`` of the reports too)."""

    reports: tuple[Report, ...]
    length_s: float
    refused: int
    """SIP code of the refusal, 0 when it was answered."""

    def of(self, kind: type[R]) -> tuple[R, ...]:
        """The reports of one kind."""
        return tuple(r for r in self.reports if isinstance(r, kind))


def silent(_: Report) -> Sequence[Act]:
    """A caller who does nothing."""
    return ()


def rehearse(
    scenario: Scenario,
    studio: Studio,
    behaviour: Behaviour = silent,
    *,
    long: bool = False,
    until_s: float = 7200.0,
) -> Rehearsal:
    """Run one call; the caller hangs up at ``until_s`` if it is not over by then."""
    play = script.perform(
        scenario, studio, turns.Caller("rehearsal", f"sip:{scenario.id}@rehearsal"), 0.0, long=long
    )
    reports: list[Report] = []
    acts: list[Act] = []
    mix: Mix | None = None
    mix_from, marks_done, refused, now = 0.0, 0, 0, 0.0
    turn = next(play)
    while True:
        for wish in turn.wishes:
            match wish:
                case turns.Play():
                    mix, mix_from, marks_done = wish.mix, now, 0
                case turns.StopPlaying():
                    mix = None
                case turns.TurnAway():
                    refused = wish.code
                case turns.Tell():
                    reports.append(wish.report)
                    acts += behaviour(wish.report)
                    acts.sort(key=lambda act: act.at)
                case turns.Ring() | turns.Accept() | turns.Disconnect():
                    pass
        if turn.last:
            return Rehearsal(tuple(reports), now, refused)
        coming: list[tuple[float, turns.Input]] = []
        if mix is not None:
            if marks_done < len(mix.marks):
                at = mix_from + mix.marks[marks_done].at / RATE_HZ
                coming.append((at, turns.Reached(at, mix.marks[marks_done])))
            else:
                at = mix_from + mix.length_s
                coming.append((at, turns.Over(at)))
        if acts:
            coming.append((acts[0].at, acts[0]))
        if turn.wake_at is not None:
            coming.append((turn.wake_at, turns.TimeUp(turn.wake_at)))
        if not coming:
            raise RuntimeError("the script waits for nothing")
        at, happened = min(coming, key=lambda pair: pair[0])
        if at >= until_s:
            play.close()
            caller = reports[0]
            reports.append(
                HungUp(until_s, caller.call, caller.company, caller.uri, False, "the caller hung up")
            )
            return Rehearsal(tuple(reports), until_s, refused)
        now = max(now, at)
        match happened:
            case turns.Reached():
                marks_done += 1
            case turns.Over():
                mix = None
            case turns.TimeUp():
                pass
            case _:
                acts.pop(0)
        turn = play.send(happened)
