"""What the window shows, as immutable data: ``reduce(state, event) -> state``. No Qt in here, and no clock.

    bus --event--> reduce --> WindowState --> (bridge, coalesced) --> widgets, tray, notifications

Everything a widget paints is found in the state; a widget that remembers facts of its own is a fault. Sentences that
depend on the time of day ("3 min") are made from the state and a given ``now`` in ``ui.sentences``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.call import CallId, Mode, Phase
from engine.events import AccountState, AudioState, CallBegan, Event, LineProcess, RecogniserState
from ui.callview import Alarm, Call, reduce_call


@dataclass(frozen=True, slots=True)
class Trunk:
    """A trunk account as shown."""

    account: str
    registered: bool
    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the user that is about no single field; ``number`` grows, so the same words can come twice."""

    text: str
    number: int


@dataclass(frozen=True, slots=True)
class WindowState:
    """All the window shows."""

    calls: tuple[Call, ...] = ()
    """In the order they began."""
    lines_down: tuple[tuple[str, str], ...] = ()
    """Line processes that are lost: name and why."""
    trunks: tuple[Trunk, ...] = ()
    audio: AudioState | None = None
    recogniser: RecogniserState | None = None
    starting: bool = True
    notice: Notice | None = None

    def call(self, call: CallId) -> Call | None:
        """The call of that id, if it is shown."""
        return next((c for c in self.calls if c.id == call), None)

    @property
    def live(self) -> tuple[Call, ...]:
        """Calls that are still going on."""
        return tuple(c for c in self.calls if c.live)

    @property
    def alarm(self) -> Call | None:
        """The call that needs the user most: the surest alarm, then the one that has waited longest."""
        ranks = {kind: rank for rank, kind in enumerate(Alarm)}
        alarmed = [c for c in self.calls if c.alarm is not None]
        return min(alarmed, key=lambda c: (ranks[c.alarm], c.alarm_at), default=None)  # type: ignore[index]


def reduce(state: WindowState, event: Event) -> WindowState:
    """The state after ``event``. Events of calls the window does not know change nothing."""
    match event:
        case CallBegan():
            call = Call(
                id=event.call,
                began_at=event.at,
                number=event.number,
                company=event.company,
                intent=event.intent,
                mode=event.mode,
                incoming=event.incoming,
                phase=Phase.NAVIGATING if event.mode is Mode.HOLD_SLAYER else Phase.MANUAL,
                phase_since=event.at,
            )
            others = tuple(c for c in state.calls if c.id != event.call)
            return replace(state, calls=(*others, call))
        case LineProcess():
            down = tuple(entry for entry in state.lines_down if entry[0] != event.line)
            if not event.up:
                down = (*down, (event.line, event.because))
            return replace(state, lines_down=down)
        case AccountState():
            trunk = Trunk(event.account, event.registered, event.text)
            if any(t.account == event.account for t in state.trunks):
                trunks = tuple(trunk if t.account == event.account else t for t in state.trunks)
            else:
                trunks = (*state.trunks, trunk)
            return replace(state, trunks=trunks)
        case AudioState():
            return replace(state, audio=event)
        case RecogniserState():
            return replace(state, recogniser=event)
        case _:
            known = state.call(event.call)
            if known is None:
                return state
            changed = reduce_call(known, event)
            if changed is known:
                return state
            return _with(state, changed)


def _with(state: WindowState, call: Call) -> WindowState:
    return replace(state, calls=tuple(call if c.id == call.id else c for c in state.calls))


# --- what the window itself changes --------------------------------------------------------------------------------


def noticed(state: WindowState, text: str) -> WindowState:
    """Show ``text`` across the top of the window until the user closes it; empty: close it."""
    number = state.notice.number + 1 if state.notice else 1
    return replace(state, notice=Notice(text, number) if text else None)


def forgotten(state: WindowState, call: CallId) -> WindowState:
    """No longer show an ended call. A live one stays."""
    return replace(state, calls=tuple(c for c in state.calls if c.id != call or c.live))


def started(state: WindowState) -> WindowState:
    """The engine is up."""
    return replace(state, starting=False)
