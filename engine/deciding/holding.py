"""Waiting in the queue: announcements never ring, a key that keeps the place is pressed, news is noted."""

from __future__ import annotations

from engine.call import Phase
from engine.deciding import exploring, menus, phrases
from engine.deciding.decisions import Input
from engine.deciding.draft import Draft
from engine.deciding.navigating import endings, keep_line, queue, reckon
from engine.hearing.perceptions import Heard, Sound, SoundBegan

_NOT_A_MENU = frozenset({"callback_offer", "stay_on_line", "survey", "advert"})


def _new_menu(draft: Draft, what: Input) -> bool:
    """A menu after the hold (a second tree, not an offer within the queue)."""
    if not isinstance(what, Heard) or not what.final or not draft.acting:
        return False
    current = draft.memory.last
    if current is None or phrases.tiers(what.text) & _NOT_A_MENU:
        return False
    options = menus.parse(current.fresh_text)
    if len({option.digits for option in options if option.digits}) < 2:
        return False
    draft.note(menu_from_s=current.start_s, options=options)
    draft.menu(options)
    draft.move(Phase.NAVIGATING, "a menu was heard while waiting")
    draft.place(None)
    exploring.step(draft, what)
    return True


def step(draft: Draft, what: Input) -> None:
    """One perception while waiting (or while a voice is being weighed)."""
    if isinstance(what, SoundBegan) and what.sound is Sound.MUSIC:
        draft.note(turn_from_s=draft.memory.now_s)
    queue(draft, what)
    if isinstance(what, Heard) and what.text and "transfer" in phrases.tiers(what.text):
        draft.note(transfer_s=draft.memory.now_s)
    if draft.phase in (Phase.HOLDING, Phase.CONFIRMING):
        reckon(draft)
    if draft.phase is not Phase.HOLDING:
        return
    if endings(draft, what) or keep_line(draft, what):
        return
    _new_menu(draft, what)
