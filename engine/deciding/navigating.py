"""From the answer to the queue: what holds for every menu, with a flow or without one.

Recognises the ends of an attempt (voicemail, closed, not in service), the beginning of the hold, prompts that want a
key to stay on the line, and leaves the menu itself to ``following`` (a flow) or ``exploring``.
"""

from __future__ import annotations

from engine.call import Phase
from engine.deciding import exploring, following, menus, phrases, queueing
from engine.deciding.decisions import Input, Option
from engine.deciding.draft import Draft
from engine.deciding.identifying import digits_for
from engine.hearing.perceptions import Heard, Sound, Tone, ToneHeard
from flows.model import Dtmf, Hold, Listen, Speak

HOLD_MUSIC_S = 0.4
"""Music for so long after our choice is hold music. (The ears took their time to call it music.)"""

INTRO_MUSIC_S, INTRO_MUSIC_LISTENING_S = 6.0, 2.2
"""Before anything was chosen a jingle may play; music for so long is hold music all the same. One who only listens
to a call chooses nothing, and loses nothing by calling a jingle hold music."""

LISTENING_SILENCE_S = 4.0
"""Silence for so long after something was said is a silent hold to one who only listens and chooses nothing."""

TRANSFER_SILENCE_S = 4.0
SILENT_HOLD_S = 15.0
"""Silence after a transfer notice, and after a choice, that counts as a silent hold."""

ENDING_QUIET_S = 2.5
ENDING_QUIET_HELD_S = 5.0
"""Quiet for so long after "we are closed" or "leave a message" ends the attempt; in the queue the music may return."""

_SIT_WAIT_S = 3.5
_STAY_EVERY_S = 6.0


def endings(draft: Draft, what: Input) -> bool:
    """Hear whether this attempt is over. True when it is."""
    memory = draft.memory
    if isinstance(what, ToneHeard):
        match what.tone:
            case Tone.BUSY | Tone.REORDER:
                if memory.utterances or memory.music_heard:
                    draft.finish("dropped", "the company hung up: a busy tone in the middle of the call")
                else:
                    draft.finish("busy", "the line is busy")
                return draft.phase is Phase.DONE
            case Tone.FAX:
                draft.finish("failed", "a fax machine answered")
                return draft.phase is Phase.DONE
            case Tone.BEEP:
                if memory.ending == "voicemail":
                    draft.finish("voicemail", "an answering machine asks for a message")
                    return draft.phase is Phase.DONE
            case _:
                pass
    if isinstance(what, Heard) and what.text:
        tiers = phrases.tiers(what.text)
        outcome = ""
        if "not_in_service" in tiers:
            outcome = "not_in_service"
        elif "voicemail" in tiers and "callback_offer" not in tiers and not _offers_keys(what.text):
            outcome = "voicemail"
        elif "closed" in tiers and "hold_notice" not in tiers:
            outcome = "closed"
        elif "turned_away" in tiers and what.final:
            outcome = "callback_offered" if _only_callback(draft, what.text) else ""
            if not outcome and not _offers_keys(what.text) and "please_hold" not in tiers:
                outcome = "closed"
        if outcome and (not memory.ending or (outcome == "voicemail" and memory.ending == "closed")):
            draft.note(ending=outcome)
    memory = draft.memory
    quiet_s = ENDING_QUIET_HELD_S if draft.phase is Phase.HOLDING else ENDING_QUIET_S
    if memory.sit_s is not None and memory.now_s - memory.sit_s > _SIT_WAIT_S and memory.quiet_s > 0.5:
        draft.finish("not_in_service", "the tones of a number that cannot be reached")
    elif memory.ending and memory.sound is not Sound.MUSIC and memory.quiet_s >= quiet_s:
        draft.finish(memory.ending, f"heard: “{_last_text(draft)}”")
    elif memory.ending and memory.music_for_s() > 1.0:
        draft.note(ending="")
    return draft.phase is Phase.DONE


def _offers_keys(text: str) -> bool:
    return bool(menus.parse(text))


def _only_callback(draft: Draft, text: str) -> bool:
    """Whether the only way on that was offered is to be called back."""
    heard = [u.text for u in draft.memory.turn()] + [text]
    offered = any("callback_offer" in phrases.tiers(said) for said in heard)
    return offered and all(_calls_back(option) for option in menus.parse(*heard))


def _calls_back(option: Option) -> bool:
    return " back" in f" {option.label}" or "callback" in option.label


def _last_text(draft: Draft) -> str:
    return next((u.text for u in reversed(draft.memory.utterances) if u.text), "")


def queue(draft: Draft, what: Input) -> None:
    """Note position, wait, opening hours when they were announced, and what goes wrong with the wait."""
    if not isinstance(what, Heard) or not what.final:
        return
    memory = draft.memory
    known, actions = queueing.hear(memory.queue, what.text, memory.now_s, memory.clock)
    if known is memory.queue:
        return
    last = known.readings[-1] if known.readings else None
    wait_min = memory.wait_min
    if last is not None and last.wait_min is not None:
        wait_min = last.wait_min
    draft.note(queue=known, position=known.position, wait_min=wait_min)
    for action in actions:
        draft.act(action)


def reckon(draft: Draft) -> None:
    """Reckon anew how long the wait will be."""
    memory = draft.memory
    if memory.hold_since_s is None:
        return
    known, actions = queueing.reckon(memory.queue, memory.now_s, memory.hold_since_s, memory.past_s)
    if known is not memory.queue:
        draft.note(queue=known)
    for action in actions:
        draft.act(action)


def stay_key(text: str) -> Option | None:
    """The option that must be pressed to go on holding ("to stay on the line press one"), or None."""
    if not phrases.tiers(text) & {"stay_on_line", "callback_offer", "please_hold", "hold_notice"}:
        return None
    for option in menus.parse(text):
        label = f" {option.label} "
        staying = any(
            w in label
            for w in (" stay on ", " continue ", " keep ", " remain ", " holding ", " hold ", " waiting ")
        )
        if option.digits and staying and not _calls_back(option):
            return option
    return None


def _usual_stay_key(draft: Draft, text: str) -> Option | None:
    """The key 1, when we are asked to press something to stay and what was not understood: it nearly always is.

    A wrong key costs little there; no key costs the place in the queue.
    """
    tiers = phrases.tiers(text)
    asked = "stay_on_line" in tiers and "callback_offer" not in tiers and not menus.parse(text)
    if not asked or draft.phase not in (Phase.HOLDING, Phase.CONFIRMING):
        return None
    return Option("stay on the line (its key was not understood)", digits="1")


def keep_line(draft: Draft, what: Input) -> bool:
    """Press the key that keeps us in the queue when the company asks for it. True when pressed."""
    if not isinstance(what, Heard) or not what.final:
        return False
    memory = draft.memory
    if memory.now_s - memory.stay_pressed_s < _STAY_EVERY_S:
        return False
    option = stay_key(what.text) or _usual_stay_key(draft, what.text)
    if option is None:
        return False
    draft.note(stay_pressed_s=memory.now_s)
    draft.press(option.digits, f"“{option.label}”: to stay on the line", options=(option,))
    return True


def _notices(draft: Draft, what: Input) -> None:
    if isinstance(what, Heard) and what.text and "transfer" in phrases.tiers(what.text):
        draft.note(transfer_s=draft.memory.now_s)


def _hold_begins(draft: Draft, what: Input) -> str:
    """Why we are on hold now, or an empty string."""
    memory = draft.memory
    if memory.answered_s is None and draft.acting:
        return ""
    music_s = memory.music_for_s()
    chosen = bool(memory.pressed) or memory.transfer_s is not None
    following_menu = draft.cursor is not None and isinstance(draft.cursor.step, Listen | Dtmf | Speak)
    intro_s = INTRO_MUSIC_S if draft.acting else INTRO_MUSIC_LISTENING_S
    if music_s >= (HOLD_MUSIC_S if chosen and not following_menu else intro_s):
        return "hold music"
    if isinstance(what, Heard) and what.final and not following_menu:
        tiers = phrases.tiers(what.text)
        if tiers & {"hold_notice", "position", "wait"} and not menus.parse(what.text):
            return f"a hold notice: “{what.text}”"
    silent = memory.sound in (None, Sound.SILENCE) and not memory.speaking
    if silent and memory.transfer_s is not None and memory.quiet_s >= TRANSFER_SILENCE_S:
        return "silence after being put through"
    if silent and not draft.acting and memory.utterances and memory.quiet_s >= LISTENING_SILENCE_S:
        return "silence after what was said"
    if silent and memory.pressed and not following_menu:
        since_press = memory.now_s - memory.pressed[-1].at_s
        if min(since_press, memory.quiet_s) >= SILENT_HOLD_S and not memory.options:
            return "silence after our choice"
    return ""


def _give_number(draft: Draft, what: Input) -> bool:
    """Enter what the company asks for when it was given with the wish. True when entered."""
    if not isinstance(what, Heard) or not what.final or "identify" not in phrases.tiers(what.text):
        return False
    if draft.cursor is not None and isinstance(draft.cursor.step, Dtmf | Speak):
        return False  # the flow knows what to do here
    digits = digits_for(draft.situation.intent, what.text)
    if digits:
        draft.press(digits, "the number you gave with your wish")
    return bool(digits)


def step(draft: Draft, what: Input) -> None:
    """One perception while we walk the menus."""
    if endings(draft, what):
        return
    queue(draft, what)
    _notices(draft, what)
    if keep_line(draft, what):
        return
    because = _hold_begins(draft, what)
    if because:
        if draft.cursor is not None and not isinstance(draft.cursor.step, Hold):
            following.skip_to_hold(draft)
        draft.move(Phase.HOLDING, because)
        return
    if not draft.acting:
        if isinstance(what, Heard) and what.final:
            exploring.understand(draft, final=True)
        return
    if draft.memory.answered_s is None:
        return
    if _give_number(draft, what):
        return
    if draft.cursor is not None:
        following.step(draft, what)
    if draft.cursor is None and draft.phase is Phase.NAVIGATING:
        exploring.step(draft, what)
