"""What the policy remembers of a call, and how each perception changes it. Immutable and bounded.

Nothing is decided here. Speech comes in pieces that may arrive out of order (captions lag behind the voice), so a
caption is put to the utterance whose span it overlaps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from engine.call import Phase
from engine.deciding import repeating, saying
from engine.deciding.decisions import (
    Answered,
    HandedBack,
    Input,
    LineAnswered,
    Option,
    UserSaid,
    UserStays,
    UserTookBack,
)
from engine.deciding.expecting import Moment
from engine.deciding.phrases import plain
from engine.deciding.queueing import Queue
from engine.hearing.perceptions import (
    Heard,
    Sound,
    SoundBegan,
    SpeechBegan,
    SpeechEnded,
    Tick,
    Tone,
    ToneHeard,
    Unheard,
    Voiced,
)

_KEPT_UTTERANCES = 24
_CUE_CONFIDENCE = 0.5
_KEPT_SENTENCES = 300

REACTION_S = 0.6
"""From a decision to press until the company has the key and stops talking."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech between two pauses, as known so far."""

    start_s: float
    end_s: float | None = None
    text: str = ""
    final: bool = False
    confidence: float = 1.0
    voiced_s: float = 0.0
    distance: float | None = None
    heard_before: float = 0.0
    music_bed: float = 0.0
    liveness: float | None = None
    singing: float = 0.0
    floor_change_db: float | None = None
    level_change_db: float | None = None
    quiet_before_s: float | None = None  # silence before it; 0 when music or a tone was cut by it
    over_music: bool = False
    no_words: str = ""
    after_music: bool = False  # the first after music stopped
    words_until_s: float = 0.0  # where the sound ends that ``text`` was read from
    cut_s: float | None = (
        None  # when a key was pressed in the middle of it: what was said before is done with
    )
    dismissed: bool = False
    cue_before: float = (
        0.0  # worst log-odds of recorded words among its captions that were heard with confidence
    )
    noted: bool = False
    recorded: bool = False  # noted as a recording's
    repeat: bool = False  # the same sentence had been heard before; known once noted

    @property
    def fresh_text(self) -> str:
        """The words since a key was last pressed, told by their share of the time: captions carry no times of words."""
        if self.cut_s is None:
            return self.text
        words = self.text.split()
        share = (self.cut_s + REACTION_S - self.start_s) / max(0.1, self.words_until_s - self.start_s)
        return " ".join(words[math.ceil(len(words) * min(1.0, share)) :])

    def length_s(self, now_s: float) -> float:
        """How long it has lasted."""
        return max(self.voiced_s, (now_s if self.end_s is None else self.end_s) - self.start_s, 0.0)


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key we pressed (or word we said) and the menu it was for."""

    at_s: float
    digits: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """What the user said of the voice, and all that must be put back when they take it back.

    ``touched``: the utterances as they were. ``added`` and ``removed``: sentences taken for a recording's.
    """

    person: bool
    before: Phase
    after: Phase
    recorded: tuple[str, ...]
    recorded_after: tuple[str, ...]
    touched: tuple[Utterance, ...]
    suspected_s: float | None
    came_from_hold: bool
    words: str = ""
    since_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Memory:
    """The policy's own state."""

    without: frozenset[str] = frozenset()  # kinds of evidence that are left out, for measuring their worth
    now_s: float = 0.0
    answered_s: float | None = None
    sound: Sound | None = None
    sound_since_s: float = 0.0
    quiet_before_s: float | None = None  # silence before the voice that has begun
    music_ended_s: float | None = None
    music_heard: bool = False
    sit_s: float | None = None
    transfer_s: float | None = None
    utterances: tuple[Utterance, ...] = ()
    speaking: bool = False
    turn_from_s: float = 0.0
    recorded: tuple[str, ...] = ()
    # exploring
    menu_from_s: float = 0.0
    options: tuple[Option, ...] = ()
    asked: str = ""
    asked_s: float = 0.0
    asked_options: tuple[Option, ...] = ()
    refused: tuple[Option, ...] = ()  # options of which none serves, by the answer to an Ask
    questions: int = 0
    pressed: tuple[Pressed, ...] = ()
    progress_s: float = 0.0
    operator_tried: bool = False
    user_asked_s: float | None = None
    stay_pressed_s: float = -1e9
    spoke_intent: int = 0
    flow_entered_s: float = 0.0
    flow_begun: bool = False
    flow_choice: int | None = None
    # waiting
    hold_since_s: float | None = None
    came_from_hold: bool = True  # where a dropped suspicion goes back to
    suspected_s: float | None = None
    position: int | None = None
    wait_min: float | None = None
    queue: Queue = field(default_factory=Queue)
    past_s: tuple[float, ...] = ()  # lengths of past waits that tell something about this one
    clock: Moment | None = None
    offer_s: float | None = None  # since when the user, talking, has been offered to be waited for
    stays: bool = False  # the user wants no such offer for this hold
    talk_s: float | None = None  # since when the user is on the call
    correction: Correction | None = None  # the last one, as long as it can be taken back
    ending: str = ""  # outcome that is about to be final

    @property
    def last(self) -> Utterance | None:
        """The latest utterance."""
        return self.utterances[-1] if self.utterances else None

    @property
    def quiet_s(self) -> float:
        """Seconds since the last voice ended; 0 while somebody speaks."""
        last = self.last
        if last is None:
            return self.now_s - (self.answered_s or 0.0)
        if last.end_s is None:
            return 0.0
        return max(0.0, self.now_s - last.end_s)

    def music_for_s(self) -> float:
        """How long music has been playing, 0 when none plays."""
        return max(0.0, self.now_s - self.sound_since_s) if self.sound is Sound.MUSIC else 0.0

    def menu_utterances(self) -> tuple[Utterance, ...]:
        """What was said since a key was last pressed."""
        return tuple(
            u
            for u in self.utterances
            if (u.start_s >= self.menu_from_s or u.cut_s is not None) and u.fresh_text
        )

    @property
    def menu_complete(self) -> bool:
        """Whether the last words heard are final: nothing of that sentence is still to come."""
        return self.last is None or self.last.final

    def turn(self) -> tuple[Utterance, ...]:
        """What was said since music or silence of ours last cut the talk."""
        return tuple(u for u in self.utterances if u.start_s >= self.turn_from_s)

    def said_before(self, text: str) -> bool:
        """Whether ``text`` was heard in an earlier announcement, of this call or of one before."""
        return repeating.within(plain(text), self.recorded)

    def begins_as_before(self, text: str) -> bool:
        """Whether an earlier announcement began with the words of ``text`` and went on."""
        return repeating.begins(plain(text), self.recorded)


def _put(memory: Memory, index: int, utterance: Utterance) -> Memory:
    items = list(memory.utterances)
    items[index] = utterance
    return replace(memory, utterances=tuple(items))


def _find(memory: Memory, start_s: float, end_s: float) -> int | None:
    """Index of the utterance that a span belongs to: the same start, else the one it overlaps most."""
    best, most = None, 0.0
    for index, old in enumerate(memory.utterances):
        if abs(old.start_s - start_s) < 0.05:
            return index
        old_end = old.end_s if old.end_s is not None else max(memory.now_s, end_s)
        overlap = min(end_s, old_end) - max(start_s, old.start_s)
        if overlap > most:
            best, most = index, overlap
    if best is None and memory.last is not None and abs(memory.last.start_s - start_s) < 0.5:
        return len(memory.utterances) - 1
    return best


def _begin(memory: Memory, start_s: float, *, over_music: bool = False) -> Memory:
    ended = memory.music_ended_s
    after_music = ended is not None and not over_music and -1.5 < start_s - ended < 8.0
    utterances = memory.utterances
    if utterances and utterances[-1].end_s is None:
        utterances = (*utterances[:-1], replace(utterances[-1], end_s=max(utterances[-1].start_s, start_s)))
    new = Utterance(
        start_s, over_music=over_music, after_music=after_music, quiet_before_s=memory.quiet_before_s
    )
    return replace(memory, utterances=(*utterances, new)[-_KEPT_UTTERANCES:], speaking=True)


def _sound(memory: Memory, began: SoundBegan) -> Memory:
    was_music = memory.sound is Sound.MUSIC
    if began.sound is Sound.SPEECH:
        quiet = memory.sound in (None, Sound.SILENCE)
        quiet_s = max(0.0, began.since_s - memory.sound_since_s) if quiet else 0.0
        memory = replace(memory, quiet_before_s=quiet_s)
    memory = replace(memory, sound=began.sound, sound_since_s=began.since_s)
    if began.sound is Sound.MUSIC:
        return replace(memory, music_heard=True)
    if was_music:
        memory = replace(memory, music_ended_s=began.since_s)
        last = memory.last
        if (
            last is not None
            and last.end_s is None
            and not last.over_music
            and last.start_s >= began.since_s - 2.0
        ):
            memory = _put(memory, len(memory.utterances) - 1, replace(last, after_music=True))
    return memory


def _tone(memory: Memory, heard: ToneHeard) -> Memory:
    if heard.tone is Tone.SIT:
        return replace(memory, sit_s=heard.at_s)
    if heard.tone is Tone.RINGBACK and memory.answered_s is not None:
        # Ringing inside the call: we are being put through.
        return replace(memory, transfer_s=heard.at_s, turn_from_s=heard.at_s)
    return memory


def _words(memory: Memory, heard: Heard) -> Memory:
    index = _find(memory, heard.span.start_s, heard.span.end_s)
    if index is None:
        memory = _begin(memory, heard.span.start_s)
        index = len(memory.utterances) - 1
        memory = replace(memory, speaking=not heard.final)
    old = memory.utterances[index]
    if old.final and not heard.final:
        return memory
    text = heard.text
    if old.final and heard.final and abs(old.start_s - heard.span.start_s) > 0.3 and old.text != text:
        text = f"{old.text}. {text}"  # a long utterance handed over in pieces
    end_s = old.end_s if not heard.final or old.end_s is not None else heard.span.end_s
    cue_before = old.cue_before
    if heard.confidence >= _CUE_CONFIDENCE and saying.recorded(text):
        cue_before = min(cue_before, saying.odds(text))
    return _put(
        memory,
        index,
        replace(
            old,
            text=text,
            words_until_s=heard.span.end_s,
            final=heard.final or old.final,
            confidence=heard.confidence,
            end_s=end_s,
            cue_before=cue_before,
        ),
    )


def remember(memory: Memory, what: Input) -> Memory:
    """The memory after ``what``."""
    memory = replace(memory, now_s=max(memory.now_s, what.at_s))
    match what:
        case SoundBegan():
            return _sound(memory, what)
        case ToneHeard():
            return _tone(memory, what)
        case SpeechBegan():
            return _begin(memory, what.since_s, over_music=what.over_music)
        case SpeechEnded():
            index = _find(memory, what.span.start_s, what.span.end_s)
            if index is None:
                memory = _begin(memory, what.span.start_s)
                index = len(memory.utterances) - 1
            old = memory.utterances[index]
            memory = _put(memory, index, replace(old, end_s=max(old.start_s, what.span.end_s)))
            return replace(memory, speaking=False)
        case Heard():
            return _words(memory, what)
        case Unheard():
            index = _find(memory, what.span.start_s, what.span.end_s)
            if index is None:
                return memory
            old = memory.utterances[index]
            ended = old.end_s if old.end_s is not None else what.span.end_s
            return _put(memory, index, replace(old, no_words=what.reason, final=True, end_s=ended))
        case Voiced():
            index = _find(memory, what.since_s, what.at_s)
            if index is None:
                memory = _begin(memory, what.since_s)
                index = len(memory.utterances) - 1
            old = memory.utterances[index]
            return _put(
                memory,
                index,
                replace(
                    old,
                    voiced_s=what.voiced_s,
                    distance=what.distance if what.distance is not None else old.distance,
                    heard_before=what.heard_before,
                    liveness=what.liveness if what.liveness is not None else old.liveness,
                    singing=what.singing,
                    floor_change_db=what.floor_change_db,
                    level_change_db=what.level_change_db,
                    # Single values jump; music is there for long or not at all.
                    music_bed=what.music_bed
                    if not old.voiced_s
                    else 0.6 * old.music_bed + 0.4 * what.music_bed,
                ),
            )
        case LineAnswered():
            if memory.answered_s is not None:
                return memory
            return replace(memory, answered_s=what.at_s, progress_s=what.at_s, flow_entered_s=what.at_s)
        case Tick() | Answered() | UserSaid() | UserTookBack() | HandedBack() | UserStays():
            return memory


def learn_recorded(memory: Memory, text: str) -> Memory:
    """Remember ``text`` as an announcement."""
    text = plain(text)
    if not repeating.tells(text) or text in memory.recorded:
        return memory
    return replace(memory, recorded=(*memory.recorded, text)[-_KEPT_SENTENCES:])
