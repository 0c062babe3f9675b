"""A verdict in the making: the one mutable thing inside the pure ``decide``, gone when it returns."""

from __future__ import annotations

from dataclasses import replace

from engine.call import PHASE_TRANSITIONS, Phase
from engine.deciding.decisions import (
    Action,
    Ask,
    EnterStep,
    Finish,
    LeaveFlow,
    Move,
    NeedUser,
    NoteMenu,
    Option,
    Press,
    Say,
    Situation,
    Verdict,
)
from engine.deciding.memory import Memory, Pressed
from flows.cursor import Cursor

ACTING = (Press, Say, Ask, EnterStep, LeaveFlow, NeedUser, Finish)
"""Actions that only one who drives the call may take; a listener keeps them to itself."""

_ASKING_AGAIN_S = 30.0


class Draft:
    """Gathers actions and the next situation."""

    def __init__(self, situation: Situation, memory: Memory) -> None:
        self.situation = situation
        self.memory = memory
        self.actions: list[Action] = []

    @property
    def phase(self) -> Phase:
        """The phase as it stands now."""
        return self.situation.phase

    @property
    def acting(self) -> bool:
        """Whether we drive the call."""
        return self.situation.acting

    @property
    def cursor(self) -> Cursor | None:
        """Where we are in the flow; None when we explore."""
        return self.situation.cursor

    def act(self, action: Action) -> None:
        """Add an action, unless we only listen and it is not for listeners."""
        if self.acting or not isinstance(action, ACTING):
            self.actions.append(action)

    def note(self, **changes: object) -> None:
        """Change the memory."""
        self.memory = replace(self.memory, **changes)  # type: ignore[arg-type]

    def move(self, phase: Phase, because: str) -> None:
        """Change the phase, when the table of phases allows it."""
        old = self.situation.phase
        if phase is old or phase not in PHASE_TRANSITIONS[old]:
            return
        self.situation = replace(self.situation, phase=phase)
        self.actions.append(Move(phase, because))
        if phase is Phase.HOLDING and self.memory.hold_since_s is None:
            self.note(hold_since_s=self.memory.now_s)
        if phase is Phase.NAVIGATING:
            self.note(hold_since_s=None, progress_s=self.memory.now_s)

    def place(self, cursor: Cursor | None) -> None:
        """Put the flow's cursor somewhere, or drop the flow."""
        self.situation = replace(self.situation, cursor=cursor)

    def menu(self, options: tuple[Option, ...]) -> None:
        """Note a menu for the window and the record."""
        if options:
            self.actions.append(NoteMenu(options))

    def _done_with_menu(self, digits: str, options: tuple[Option, ...]) -> None:
        memory = self.memory
        now = memory.now_s
        utterances = tuple(
            replace(u, cut_s=now if u.end_s is None or not u.final else None) for u in memory.utterances
        )
        self.note(
            utterances=utterances,
            menu_from_s=now,
            turn_from_s=now,
            options=(),
            asked="",
            asked_options=(),
            refused=(),
            pressed=(*memory.pressed, Pressed(now, digits, options))[-40:],
            progress_s=now,
            transfer_s=None,
            ending="",
        )

    def press(self, digits: str, because: str, *, options: tuple[Option, ...] = (), step: str = "") -> None:
        """Press keys for a menu: what was heard so far is done with."""
        if not self.acting:
            return
        self.actions.append(Press(digits, because, step))
        self._done_with_menu(digits, options)

    def say(self, text: str, because: str, *, options: tuple[Option, ...] = ()) -> None:
        """Speak for a menu: what was heard so far is done with."""
        if not self.acting:
            return
        self.actions.append(Say(text, because))
        self._done_with_menu("", options)

    def need_user(self, question: str) -> None:
        """Ask the user, but not again and again."""
        asked = self.memory.user_asked_s
        if self.acting and (asked is None or self.memory.now_s - asked > _ASKING_AGAIN_S):
            self.actions.append(NeedUser(question))
            self.note(user_asked_s=self.memory.now_s)

    def finish(self, outcome: str, because: str) -> None:
        """End this attempt."""
        if self.acting:
            self.actions.append(Finish(outcome, because))
            self.move(Phase.DONE, because)

    def verdict(self) -> Verdict:
        """What was decided."""
        return Verdict(replace(self.situation, memory=self.memory), tuple(self.actions))
