"""The two-stage alert: *maybe* a person (quiet), then *a person* (ring), and standing down when it was none.

voice -> evidence -> odds  >= MAYBE: Suspect, CONFIRMING     >= SURE: Ring, ALERTING
                           <  DISMISS, music again, nothing more said: StandDown, back to where we were
"""

from __future__ import annotations

from dataclasses import replace

from engine.call import Phase
from engine.deciding import evidence, expecting, saying
from engine.deciding.decisions import NoteSpeaker, Ring, StandDown, Suspect
from engine.deciding.draft import Draft
from engine.deciding.evidence import Surroundings, Voice, Weighing
from engine.deciding.memory import Memory, Utterance, learn_recorded
from engine.hearing.perceptions import Sound, Span
from flows.model import Hold, Transfer

FORGET_AFTER_S = 6.0
"""A voice that ended so long ago is no evidence of somebody speaking now."""

HELD_PRIOR = -1.5
"""Log-odds above which we count as waiting."""

CARRY_S = 6.0
"""How long the sentence before still tells something about the one now."""

SCRAP_S, SCRAP_GAP_S = 1.5, 2.0
"""A scrap of talk is at most so long, and goes on within so short a time."""

SUSPECT_FOR_S = 12.0
"""A suspicion with nothing more said is dropped after so long."""

MUSIC_BACK_S = 3.0
"""Music for so long while ringing: the person put us back on hold, or was none."""

RECORDING_AFTER_ALL = -2.0
"""Log-odds below which the ringing stops again."""

MUSIC_BACK_SUSPECT_S = 1.0
_TRANSFER_FOR_S = 45.0


def _prior(draft: Draft) -> tuple[float, str]:
    memory = draft.memory
    held = draft.phase is Phase.HOLDING or (
        draft.phase in (Phase.CONFIRMING, Phase.ALERTING) and memory.came_from_hold
    )
    step = draft.cursor.step if draft.cursor else None
    if held:
        return -1.0, "we are waiting in the queue"
    if memory.transfer_s is not None and memory.now_s - memory.transfer_s < _TRANSFER_FOR_S:
        return -2.2, "we are being put through"
    if isinstance(step, Hold | Transfer):
        return -1.2, "the flow expects the queue here"
    if memory.pressed:
        return -2.2, "after our choice in the menu"
    return -3.0, "companies mostly answer with a recording"


def _own_odds(utterance: Utterance) -> float:
    return saying.odds(utterance.text) if utterance.text else 0.0


def _carried(memory: Memory, current: Utterance) -> float:
    """What the sentences before, of the same talk, say about who speaks."""
    total = 0.0
    for old in memory.turn():
        if old.start_s >= current.start_s or old.end_s is None:
            continue
        gap = current.start_s - old.end_s
        if gap > CARRY_S:
            continue
        odds = _own_odds(old)
        if odds < 0:
            unlike = current.distance is not None and current.distance >= 0.6
            share = 0.0 if unlike else 0.5 if gap < 2.0 else 0.25
            total += max(-2.5, odds * share)
        else:
            total += min(2.0, odds * 0.6)
    return max(-3.0, min(3.0, total))


def _begun(memory: Memory, current: Utterance) -> tuple[Utterance, ...]:
    """The scraps of talk just before ``current`` that belong to it: "um ... yes, I was" is one answer, not two."""
    found: tuple[Utterance, ...] = ()
    follower = current
    for old in reversed(memory.turn()):
        if old.start_s >= follower.start_s:
            continue
        if old.end_s is None or follower.start_s - old.end_s > SCRAP_GAP_S:
            break
        scrap = old.length_s(memory.now_s) <= SCRAP_S and not old.over_music and not old.repeat
        if not scrap or _own_odds(old) < -0.5 or old.dismissed:
            break
        found = (old, *found)
        follower = old
    return found


ANSWER_TO_KEY, ANSWER_TO_KEY_S = -1.5, 3.0
"""Log-odds that a voice is a person's that begins so soon (s) after a key: machines answer keys, people take time."""

FIRST_VOICE = -1.0
"""Log-odds that the first voice of a call is a person's, beside the prior of where it is heard."""


def _expected(memory: Memory) -> float:
    """What the queue and past waits say of now."""
    waited_s = memory.now_s - (memory.hold_since_s if memory.hold_since_s is not None else memory.now_s)
    left_min = memory.queue.wait_left_min(memory.now_s)
    return expecting.expected_odds(waited_s, memory.past_s, memory.position, left_min)


def weigh(draft: Draft) -> tuple[Utterance, Weighing] | None:
    """The voice speaking now (or just before) and how likely it is a person's. None when nobody speaks."""
    memory = draft.memory
    current = memory.last
    if current is None or current.start_s < memory.turn_from_s - 0.3 or memory.quiet_s > FORGET_AFTER_S:
        return None
    prior, because = _prior(draft)
    earlier = [old for old in memory.utterances if old.start_s < memory.turn_from_s]
    to_key = bool(memory.pressed) and 0.0 <= current.start_s - memory.pressed[-1].at_s < ANSWER_TO_KEY_S
    first_voice = all(old.length_s(memory.now_s) < SCRAP_S for old in earlier)
    put_through = memory.transfer_s is not None and memory.now_s - memory.transfer_s < _TRANSFER_FOR_S
    length_s = current.length_s(memory.now_s)
    voice = Voice(
        at_s=memory.now_s,
        since_s=current.start_s,
        text=current.fresh_text,
        confidence=current.confidence,
        final=current.final,
        ended=current.end_s is not None,
        length_s=length_s,
        distance=current.distance,
        heard_before=current.heard_before,
        music_bed=current.music_bed,
        liveness=current.liveness,
        singing=current.singing,
        floor_change_db=current.floor_change_db,
        level_change_db=current.level_change_db,
        quiet_before_s=current.quiet_before_s,
        voiced_s=current.voiced_s,
        over_music=current.over_music,
        said_before=current.repeat if current.noted else memory.said_before(current.fresh_text),
        begins_as_before=memory.begins_as_before(current.fresh_text),
        cue_before=current.cue_before,
        no_words=current.no_words,
    )
    around = Surroundings(
        prior=prior + (FIRST_VOICE if first_voice else 0.0) + (ANSWER_TO_KEY if to_key else 0.0),
        prior_because=because,
        held=prior > HELD_PRIOR or put_through,
        no_music=(current.after_music or not memory.music_heard) and memory.sound is not Sound.MUSIC,
        after_transfer=put_through,
        expected=_expected(memory),
        quiet_s=memory.quiet_s if memory.sound is not Sound.MUSIC else 0.0,
        carried=_carried(memory, current),
        heard=sum(1 for old in memory.utterances if old.start_s < memory.turn_from_s),
        dismissed=current.dismissed,
        reads=any(old.text for old in memory.utterances),
    )
    return current, evidence.weigh(voice, around, memory.without)


def _answered(draft: Draft) -> bool:
    return draft.memory.answered_s is not None or not draft.acting


def _words_of(draft: Draft, current: Utterance) -> str:
    turn = draft.memory.turn()
    said = [u.text for u in turn if u.text and not u.recorded and current.start_s - u.start_s < 15.0]
    return " ".join(said[-3:])


def watch(draft: Draft) -> bool:
    """Suspect, ring or stand down, as the evidence now says. True when the phase changed."""
    if draft.phase not in (Phase.NAVIGATING, Phase.HOLDING, Phase.CONFIRMING) or not _answered(draft):
        return False
    weighed = weigh(draft)
    if draft.phase is Phase.CONFIRMING:
        return _confirm(draft, weighed)
    if weighed is None:
        return False
    current, weighing = weighed
    if weighing.sure:
        _ring(draft, current, weighing)
        return True
    if weighing.maybe and weighing.reasons():
        held = draft.phase is Phase.HOLDING
        draft.note(suspected_s=draft.memory.now_s, came_from_hold=held)
        words = _words_of(draft, current)
        draft.act(Suspect(words, current.start_s, weighing.reasons(), weighing.pieces))
        draft.move(Phase.CONFIRMING, _because(weighing))
        return True
    return False


def _because(weighing: Weighing) -> str:
    reasons = [p.because for p in weighing.pieces if p.weight > 0.3]
    return "; ".join(reasons[:3]) or "the evidence is even"


def _ring(draft: Draft, current: Utterance, weighing: Weighing) -> None:
    since_s = current.start_s
    for old in draft.memory.turn():
        if old.end_s is not None and current.start_s - old.end_s < CARRY_S and _own_odds(old) > 0.5:
            since_s = min(since_s, old.start_s)
    if draft.phase is not Phase.CONFIRMING:
        draft.note(came_from_hold=draft.phase is Phase.HOLDING)
    draft.act(Ring(_words_of(draft, current), since_s, weighing.reasons(), weighing.pieces))
    draft.move(Phase.ALERTING, _because(weighing))


def _back(draft: Draft, because: str, weighing: Weighing | None = None) -> None:
    draft.act(StandDown(because, weighing.pieces if weighing is not None else ()))
    draft.note(suspected_s=None)
    to_hold = draft.memory.came_from_hold or draft.phase is Phase.ALERTING
    draft.move(Phase.HOLDING if to_hold else Phase.NAVIGATING, because)


def _confirm(draft: Draft, weighed: tuple[Utterance, Weighing] | None) -> bool:
    memory = draft.memory
    if memory.music_for_s() >= MUSIC_BACK_SUSPECT_S:
        _back(draft, "the music is back")
        return True
    if weighed is not None:
        current, weighing = weighed
        if weighing.sure:
            _ring(draft, current, weighing)
            return True
        if weighing.odds <= evidence.DISMISS:
            against = [p.because for p in weighing.pieces if p.weight <= -1.0 and p.kind != "prior"]
            _back(draft, against[0] if against else "it does not sound like a person after all", weighing)
            return True
    since = memory.suspected_s if memory.suspected_s is not None else memory.now_s
    if weighed is None and memory.now_s - since > SUSPECT_FOR_S:
        _back(draft, "nothing more was said")
        return True
    return False


def watch_ringing(draft: Draft) -> None:
    """While it rings: stop when music comes back for good, or when the voice turns out a recording's."""
    memory = draft.memory
    if memory.music_for_s() > MUSIC_BACK_S:
        draft.note(came_from_hold=True, turn_from_s=memory.now_s)
        _back(draft, "the hold music is back")
        return
    weighed = weigh(draft)
    if weighed is not None and weighed[1].odds <= RECORDING_AFTER_ALL and weighed[1].has_recorded():
        against = [p.because for p in weighed[1].pieces if p.weight <= -1.5 and p.kind != "prior"]
        draft.note(came_from_hold=True)
        _back(draft, against[0] if against else "it was a recording", weighed[1])


def corrected(draft: Draft, person: bool) -> None:
    """The user said what it was."""
    memory = draft.memory
    if person:
        if draft.phase in (Phase.NAVIGATING, Phase.HOLDING, Phase.CONFIRMING):
            current = memory.last
            draft.note(came_from_hold=draft.phase is not Phase.NAVIGATING)
            words = _words_of(draft, current) if current else ""
            draft.act(
                Ring(words, current.start_s if current else memory.now_s, ("you said this is a person",))
            )
            draft.move(Phase.ALERTING, "you said this is a person")
        return
    turn = {u.start_s for u in memory.turn()}
    learned = memory
    for old in memory.turn():
        learned = learn_recorded(learned, old.text)
    draft.memory = replace(
        learned,
        utterances=tuple(replace(u, dismissed=True) if u.start_s in turn else u for u in learned.utterances),
    )
    if draft.phase in (Phase.CONFIRMING, Phase.ALERTING, Phase.TALKING):
        draft.act(StandDown("you said this was a recording"))
        draft.note(suspected_s=None)
        draft.move(Phase.HOLDING, "you said this was a recording")


def note_speakers(draft: Draft) -> None:
    """Say of each finished utterance who spoke it, once, and remember announcements."""
    memory = draft.memory
    for index, utterance in enumerate(memory.utterances):
        if utterance.noted or not utterance.final or not utterance.text or utterance.end_s is None:
            continue
        talking = draft.phase in (Phase.ALERTING, Phase.TALKING, Phase.CONFIRMING)
        odds = _own_odds(utterance)
        is_last = index == len(memory.utterances) - 1
        weighed = weigh(draft) if is_last else None
        if weighed is not None:
            odds = weighed[1].odds
        person = odds > 0.0 or (talking and odds > evidence.DISMISS and not saying.recorded(utterance.text))
        if is_last and draft.phase is Phase.CONFIRMING:
            continue  # not settled yet
        draft.act(NoteSpeaker(Span(utterance.start_s, utterance.end_s), "person" if person else "recording"))
        items = list(draft.memory.utterances)
        items[index] = replace(
            utterance, noted=True, recorded=not person, repeat=memory.said_before(utterance.text)
        )
        draft.note(utterances=tuple(items))
        recorded = saying.recorded(utterance.text) or utterance.dismissed
        if not person and (
            recorded or (draft.phase is Phase.HOLDING and odds <= -1.0 and _own_odds(utterance) <= 0)
        ):
            draft.memory = learn_recorded(draft.memory, utterance.text)
