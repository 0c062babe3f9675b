"""Where a call is in its flow: an immutable cursor that counts laps, so that no loop runs for ever."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType

from flows.model import Flow, Step, successors

MAX_VISITS = 4
"""How often one step may be entered before the flow counts as stuck (a menu repeats two or three times at most)."""


class Stuck(Exception):
    """The flow went round the same step too often."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a flow."""

    flow: Flow
    at: str
    visits: MappingProxyType[str, int]

    @property
    def step(self) -> Step:
        """The step we are at."""
        return self.flow.step(self.at)


def begin(flow: Flow) -> Cursor:
    """The cursor at the flow's first step."""
    return Cursor(flow=flow, at=flow.start, visits=MappingProxyType({flow.start: 1}))


def advance(cursor: Cursor, target: str) -> Cursor:
    """Move to ``target``, which must follow the present step. ``ValueError`` if not, ``Stuck`` after too many laps."""
    if target not in successors(cursor.step):
        raise ValueError(f"step {cursor.at!r} does not lead to {target!r}")
    count = cursor.visits.get(target, 0) + 1
    if count > MAX_VISITS:
        raise Stuck(f"step {target!r} was entered {MAX_VISITS} times already")
    return replace(cursor, at=target, visits=MappingProxyType({**cursor.visits, target: count}))
