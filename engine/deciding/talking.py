"""The hold stays armed after pick-up: when the user is put back on hold, offer to wait for them.

user on the call -> music, a hold notice, or silence after "one moment" -> OfferToWait
                    somebody speaks again, the user stays or gives back -> OfferOver
"""

from __future__ import annotations

from engine.deciding import phrases, saying
from engine.deciding.decisions import Input, OfferOver, OfferToWait
from engine.deciding.draft import Draft
from engine.deciding.navigating import queue
from engine.hearing.perceptions import Heard, Sound

OFFER_MUSIC_S = 3.0
"""Music for so long, begun while the user talked, is the hold again; an agent's own ringing telephone is shorter."""

SILENT_HOLD_S = 12.0
"""Silence of the other side for so long after "one moment please". Without those words it is the user who speaks."""

_NOTICE = frozenset({"hold_notice", "position", "wait"})
_ASKED_TO_WAIT = frozenset({"please_hold", "transfer"})
SPOKE_WORDS = 2


def _back_on_hold(draft: Draft, what: Input) -> tuple[float, str] | None:
    """Since when, and why, we take the call for held again."""
    memory = draft.memory
    talk_s = memory.talk_s or 0.0
    if memory.sound is Sound.MUSIC and memory.sound_since_s >= talk_s - 0.5:
        if memory.music_for_s() >= OFFER_MUSIC_S:
            return memory.sound_since_s, "hold music"
        return None
    if isinstance(what, Heard) and what.final and what.span.start_s >= talk_s:
        tiers = phrases.tiers(what.text)
        if tiers & _NOTICE and saying.recorded(what.text):
            return what.span.start_s, f"a hold notice: “{what.text}”"
    last = memory.last
    if last is None or last.end_s is None or last.start_s < talk_s or memory.speaking:
        return None
    if memory.quiet_s >= SILENT_HOLD_S and phrases.tiers(last.text) & _ASKED_TO_WAIT:
        return last.end_s, f"silence after “{last.text}”"
    return None


def _somebody_speaks(draft: Draft, what: Input) -> bool:
    """Whether a person, as far as the words tell, is back. A recording's words are none."""
    memory = draft.memory
    if not isinstance(what, Heard) or len(what.text.split()) < SPOKE_WORDS or memory.sound is Sound.MUSIC:
        return False
    if memory.offer_s is not None and what.span.start_s < memory.offer_s:
        return False  # the end of what was said before the hold
    return not saying.recorded(what.text) and not memory.said_before(what.text)


def step(draft: Draft, what: Input) -> None:
    """One perception while the user is on the call."""
    queue(draft, what)
    if draft.memory.talk_s is None:
        draft.note(talk_s=draft.memory.now_s)
    memory = draft.memory
    if memory.offer_s is not None or memory.stays:
        if _somebody_speaks(draft, what):
            if memory.offer_s is not None:
                draft.act(OfferOver("somebody speaks again"))
            draft.note(offer_s=None, stays=False)
        return
    found = _back_on_hold(draft, what)
    if found is not None:
        draft.note(offer_s=memory.now_s)
        draft.act(OfferToWait(*found))


def stay(draft: Draft) -> None:
    """The user waits on themselves: no offer again until somebody has spoken."""
    if draft.memory.offer_s is not None:
        draft.act(OfferOver("you wait on yourself"))
    draft.note(offer_s=None, stays=True)


def over(draft: Draft, because: str) -> None:
    """The user is no longer on the call."""
    if draft.memory.offer_s is not None:
        draft.act(OfferOver(because))
    draft.note(offer_s=None, stays=False, talk_s=None)
