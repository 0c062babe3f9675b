"""Evidence that a live person speaks now: pieces, each dated, weighted and explained, combined in the open.

A piece's weight is natural log-odds. They are added to a prior (how likely a voice is a person's at this point of a
call) and the sum is compared with two thresholds: *maybe* and *sure*. The pieces are taken as independent, which they
are not quite; therefore each kind is bounded. Silence alone is no piece: waiting counts only for somebody who has
already given a reason to be taken for a person, or said a few words that are no recording's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.deciding import phrases, saying
from engine.deciding.decisions import Piece as Piece

KINDS = ("words", "liveness", "voice", "heard_before", "music", "line", "timing", "expected")
"""Kinds of evidence that can be left out, to measure what each is worth."""

MAYBE, MAYBE_BY_WORDS = 1.0, 2.5
SURE = 3.25
SURE_BY_SOUND = 2.25
"""Log-odds from which a voice is suspected (more, where only the lack of a recording's words speaks for a person), and
from which it rings (less, while none were read in the call: most of what there is to know is then missing). Chosen on
72 composed calls of the training side."""
_OF_WORDS = frozenset(
    {"recorded", "register", "no_cue", "no_menu", "clear_words", "open_end", "unread", "carried"}
)

SETTLED_S, SETTLED_QUIET_S = 0.8, 0.4
"""Nothing rings before so much of a voice was heard, or before it has ended and stays quiet."""

LIVENESS_WEIGHT, LIVENESS_BOUND = 0.9, 2.7
"""What the sound alone says counts so much, and at most so much: it is not independent of the rest."""

DISMISS = 0.2
"""Log-odds below which a suspicion is dropped again."""

DISMISSED = -25.0
"""The user's word outweighs everything else there is to hear."""

_KEPT_CUE = 0.6  # what a cue that a later caption has no more is worth
_BELIEF = ((0.1, 0.2), (0.6, 1.0))
"""Share of a cue's weight by the confidence of the text: scraps of menu words come out of what people say, too."""
_WAITS = ((0.9, 0.0), (1.0, 0.9), (1.5, 1.5), (2.0, 2.0))
_WAITS_LONG = 0.9
BRIEF_S, TALK_S = 1.6, 7.0
"""Log-odds that somebody who stopped waits for an answer, by the silence since (s): recordings hardly ever say so
little (``BRIEF_S``) and then leave the line silent; after more (up to ``TALK_S``) it counts less."""
OUT_OF_MENU = 0.3
NO_MENU = 0.5
"""Confidence below which a caption is likelier a person's talk than a recording, and the log-odds of that."""

_VOICE = ((0.0, -3.9), (0.06, -2.4), (0.15, -0.6), (0.3, 0.4), (0.5, 1.0), (1.0, 1.6))
"""Log-odds of the distance from the announcers' voices (``Voiced.distance``, calibrated). For a person it counts half
of what was measured, because announcers heard for the first time have new voices, too."""
_LEVEL = ((0.0, -0.4), (1.5, -0.2), (4.0, 0.9), (8.0, 1.8))
_FLOOR = ((1.0, 0.0), (3.0, 0.5), (6.0, 0.7))
_QUIET_BEFORE = ((0.0, -0.4), (0.4, -0.4), (0.8, 0.6), (1.5, 1.2), (4.0, 0.3), (8.0, 0.0))
_SINGING = ((0.1, 0.0), (0.3, -1.5), (0.6, -3.0))
_CLEAR_WORDS = ((0.6, 0.0), (0.8, -0.9), (0.9, -2.0))
"""Log-odds of what a voice's leg of the line (decibels from the recordings' level and noise floor), the silence before
it (s), song in it, and words that were made out too well for free talk are worth. A logistic regression on 60 composed
calls of the training side gave their direction; most are drawn in: in life a person's line is not always another
one. What leaving "line" out costs is printed by ``tests.bench.hearing``."""
UNLIKE = 0.7
NO_CUE_FROM_S, NO_CUE_UNLIKE_S, NO_CUE_S = 0.7, 0.7, 1.0
"""A voice that has said nothing of a recording's for so long probably will not. Announcements say theirs at once."""

UNREAD, UNREAD_S = -1.0, 1.6
"""Log-odds while there are no words, for so long (s): the first ones are about to come, and tell most."""

BEGINS_AS_BEFORE = -1.5
"""Log-odds while a voice says what an earlier announcement began with; it goes on the same way, or it does not."""

_NO_CUE = ((12, 2.8), (8, 2.5), (6, 2.2), (4, 1.8), (3, 1.4), (2, 1.0))
_NO_CUE_LONG = 2.4
_NO_CUE_ENDED = 1.4
_NO_CUE_IN_MENU = 0.4


@dataclass(frozen=True, slots=True)
class Voice:
    """What is known of one utterance. Unknown measures are None or zero."""

    at_s: float
    since_s: float
    text: str = ""
    confidence: float = 1.0
    final: bool = False
    ended: bool = False
    length_s: float = 0.0
    distance: float | None = None
    heard_before: float = 0.0
    music_bed: float = 0.0
    liveness: float | None = None
    singing: float = 0.0
    floor_change_db: float | None = None
    level_change_db: float | None = None
    quiet_before_s: float | None = None
    voiced_s: float = 0.0
    over_music: bool = False
    said_before: bool = False
    begins_as_before: bool = False
    cue_before: float = 0.0  # log-odds of the worst recorded words that an earlier caption of it had
    no_words: str = ""  # why there are no words, when the recogniser gave up

    @property
    def began_over_music(self) -> bool:
        """Music played where the voice began, and nothing shows yet that it stopped there."""
        return self.over_music and (self.music_bed >= 0.15 or self.length_s < 0.6)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where in the call the voice is heard. ``quiet_s``: silence since; ``carried``: from the sentences before."""

    prior: float
    prior_because: str
    held: bool = True  # waiting in the queue, or being put through
    no_music: bool = False
    after_transfer: bool = False
    expected: float = 0.0  # log-odds of the queue and of past waits (``expecting.expected_odds``)
    quiet_s: float = 0.0
    carried: float = 0.0
    heard: int = 0  # utterances of earlier talk in this call
    dismissed: bool = False
    reads: bool = True  # words were read in this call: a recogniser is there


@dataclass(frozen=True, slots=True)
class Weighing:
    """All pieces and their sum."""

    odds: float
    pieces: tuple[Piece, ...]
    suspected: float = MAYBE
    needed: float = SURE
    settled: bool = True
    """False while the voice is so young that its next word may turn "hello" into "hello, thank you for holding"."""

    @property
    def maybe(self) -> bool:
        """Worth a quiet cue."""
        return self.odds >= self.suspected

    @property
    def sure(self) -> bool:
        """Worth ringing."""
        return self.odds >= self.needed and self.settled

    def reasons(self) -> tuple[str, ...]:
        """Sentences for a person, the weightiest first."""
        ranked = sorted((p for p in self.pieces if abs(p.weight) >= 0.3), key=lambda p: -abs(p.weight))
        return tuple(piece.because for piece in ranked)

    def has_recorded(self) -> bool:
        """Whether something speaks for a recording in itself, not just the lack of evidence for a person."""
        return any(
            p.weight <= -1.5 and p.kind in ("recorded", "heard_before", "voice", "liveness")
            for p in self.pieces
        )


def _belief(confidence: float) -> float:
    """How much the cues in a text of that confidence count."""
    return _between(_BELIEF, confidence)


def _of_words(voice: Voice, around: Surroundings) -> list[Piece]:
    words = saying.said(voice.text)
    belief = _belief(voice.confidence)
    pieces = [Piece(kind, weight * belief, voice.at_s, because) for kind, weight, because in words.pieces]
    if words.recorded == 0 and voice.cue_before < 0:
        # A recogniser may rewrite the words in which it had read a notice; they were not a person's for that.
        because = "an earlier caption of it was a recording's"
        pieces.append(Piece("recorded", _KEPT_CUE * voice.cue_before, voice.at_s, because))
    open_end = not voice.final and phrases.may_go_on(voice.text)
    register = words.register * belief
    if (
        words.recorded == 0
        and words.live == 0
        and voice.cue_before == 0
        and not open_end
        and voice.length_s >= NO_CUE_FROM_S
    ):
        # Doubtful hearing is no reason to doubt this piece: the recogniser knows what recordings say, and reads it
        # with confidence (0.9 and more); of people's talk it makes little sense (measured: median 0.1).
        weight = _no_cue(words.count, voice) * max(0.0, 1.0 + min(0.0, register) / 1.6)
        weight *= 1.0 if around.held else _NO_CUE_IN_MENU
        clear = _between(_CLEAR_WORDS, voice.confidence) if words.count else 0.0
        if clear:
            pieces.append(Piece("clear_words", clear, voice.at_s, "words as clear as a recording's"))
        if weight:
            pieces.append(Piece("no_cue", weight, voice.at_s, "says nothing that recordings say"))
            if (
                voice.confidence < OUT_OF_MENU
                and voice.length_s >= _no_cue_after_s(voice)
                and words.count >= 2
                and around.held
            ):
                because = "words that are hard to make out are seldom a recording's"
                pieces.append(Piece("no_menu", NO_MENU, voice.at_s, because))
    if around.reads and not voice.text and not voice.no_words and voice.length_s < UNREAD_S:
        pieces.append(Piece("unread", UNREAD, voice.at_s, "its words are not known yet"))
    if open_end and words.live < 2.9:
        pieces.append(Piece("open_end", -0.8, voice.at_s, "may go on as a recording does"))
    return pieces


def _between(curve: tuple[tuple[float, float], ...], at: float) -> float:
    """The value of a curve of (place, value) points, straight between them and level beyond."""
    places, values = zip(*curve, strict=True)
    return float(np.interp(at, places, values))


def _no_cue_after_s(voice: Voice) -> float:
    """For how long a voice must have said nothing that recordings say: less for one that is none of theirs."""
    return NO_CUE_UNLIKE_S if voice.distance is not None and voice.distance >= UNLIKE else NO_CUE_S


def _no_cue(count: int, voice: Voice) -> float:
    """What it is worth that so many words, or so long a voice, have no cue of a recording among them."""
    by_count = next((weight for least, weight in _NO_CUE if count >= least), 0.0)
    if count >= 2 and voice.length_s >= _no_cue_after_s(voice):
        return max(by_count, _NO_CUE_LONG)
    if count >= 2 and voice.ended:
        return max(by_count, _NO_CUE_ENDED)
    return by_count


def _of_voice(voice: Voice) -> list[Piece]:
    pieces: list[Piece] = []
    if voice.heard_before >= 0.5:
        pieces.append(
            Piece("heard_before", -8.0 * voice.heard_before, voice.at_s, "the same sound was heard before")
        )
    if voice.said_before:
        pieces.append(
            Piece("heard_before", -8.0, voice.at_s, "the same sentence was heard before in this call")
        )
    elif voice.begins_as_before and not voice.ended:
        because = "an earlier announcement began with these words"
        pieces.append(Piece("open_end", BEGINS_AS_BEFORE, voice.at_s, because))
    if voice.distance is not None:
        weight = _between(_VOICE, voice.distance)
        who = "the announcer's voice" if weight < 0 else "a voice unlike the announcers'"
        if abs(weight) >= 0.1:
            pieces.append(Piece("voice", weight, voice.at_s, who))
    if voice.music_bed >= 0.6:
        pieces.append(Piece("music_bed", -2.5, voice.at_s, "music plays beneath the voice"))
    elif voice.music_bed >= 0.35 or voice.began_over_music:
        pieces.append(Piece("music_bed", -1.0, voice.at_s, "music may play beneath the voice"))
    pieces += _of_leg(voice)
    if voice.singing > _SINGING[0][0]:
        pieces.append(Piece("singing", _between(_SINGING, voice.singing), voice.at_s, "sounds like singing"))
    if voice.liveness is not None:
        weight = max(-LIVENESS_BOUND, min(LIVENESS_BOUND, LIVENESS_WEIGHT * voice.liveness))
        side = "a person on the line" if weight > 0 else "a recording"
        pieces.append(Piece("liveness", weight, voice.at_s, f"sounds like {side}"))
    if voice.no_words:
        pieces.append(Piece("no_words", -0.4, voice.at_s, f"no words: {voice.no_words}"))
    return pieces


def _of_leg(voice: Voice) -> list[Piece]:
    """What tells one leg of the line from another."""
    found: list[tuple[float, str]] = []
    if voice.level_change_db is not None:
        weight = _between(_LEVEL, abs(voice.level_change_db))
        found.append(
            (weight, "another loudness than the recordings'" if weight > 0 else "as loud as a recording")
        )
    if voice.floor_change_db is not None:
        found.append((_between(_FLOOR, voice.floor_change_db), "another line noise than the recordings'"))
    if voice.quiet_before_s is not None:
        weight = _between(_QUIET_BEFORE, voice.quiet_before_s)
        found.append((weight, "came after a silence" if weight > 0 else "came without a silence"))
    return [Piece("line", weight, voice.at_s, because) for weight, because in found if abs(weight) >= 0.1]


def _of_waiting(voice: Voice, around: Surroundings, reason: bool, recorded: bool) -> list[Piece]:
    """What it says that the voice stopped and nothing follows."""
    weight = _between(_WAITS, around.quiet_s)
    brief = voice.length_s <= BRIEF_S and around.held and not recorded and voice.text != ""
    if not voice.ended or weight <= 0.0 or voice.length_s > TALK_S or not (reason or brief):
        return []
    weight = weight if brief else min(weight, _WAITS_LONG)
    return [Piece("waits", weight, voice.at_s, "stopped, and waits for an answer")]


def _leave_out(voice: Voice, around: Surroundings, without: frozenset[str]) -> tuple[Voice, Surroundings]:
    if "words" in without:
        voice = replace(
            voice, text="", said_before=False, begins_as_before=False, cue_before=0.0, no_words=""
        )
        around = replace(around, carried=0.0, reads=False)
    if "liveness" in without:
        voice = replace(voice, liveness=None)
    if "voice" in without:
        voice = replace(voice, distance=None)
    if "heard_before" in without:
        voice = replace(voice, heard_before=0.0, said_before=False, begins_as_before=False)
    if "music" in without:
        voice = replace(voice, music_bed=0.0, over_music=False)
        around = replace(around, no_music=False)
        voice = replace(voice, singing=0.0)
    if "line" in without:
        voice = replace(voice, level_change_db=None, floor_change_db=None, quiet_before_s=None)
    if "timing" in without:
        around = replace(around, quiet_s=0.0)
    if "expected" in without:
        around = replace(around, after_transfer=False, expected=0.0)
    return voice, around


def weigh(voice: Voice, around: Surroundings, without: frozenset[str] = frozenset()) -> Weighing:
    """Weigh everything known of ``voice``: how likely does a live person speak now?

    ``without``: kinds of evidence to leave out, to measure what each is worth.
    """
    if without:
        voice, around = _leave_out(voice, around, without)
    pieces = [Piece("prior", around.prior, voice.at_s, around.prior_because)]
    pieces += _of_words(voice, around)
    pieces += _of_voice(voice)
    if around.carried:
        side = "spoke like a person" if around.carried > 0 else "was a recording's"
        pieces.append(Piece("carried", around.carried, voice.at_s, f"the sentence before {side}"))
    if around.dismissed:
        pieces.append(Piece("dismissed", DISMISSED, voice.at_s, "you said this was a recording"))
    if voice.length_s >= 8.0 and not any(p.kind == "live" for p in pieces):
        pieces.append(Piece("long", -0.8, voice.at_s, "talks on without a pause"))
    reason = any(
        p.kind in ("live", "no_cue") or (p.kind in ("voice", "liveness") and p.weight > 0.3) for p in pieces
    )
    # What surrounds a voice says nothing about it unless the voice itself gives a reason.
    bed = voice.began_over_music or voice.music_bed >= 0.35
    if reason and around.held and around.no_music and not bed and voice.length_s >= 0.4:
        pieces.append(Piece("no_music", 0.7, voice.at_s, "no music beneath the voice"))
    if reason and around.after_transfer:
        pieces.append(Piece("transfer", 1.2, voice.at_s, "after a transfer"))
    if reason and around.expected:
        when = "about now" if around.expected > 0 else "later"
        pieces.append(Piece("expected", around.expected, voice.at_s, f"a person is expected {when}"))
    pieces += _of_waiting(voice, around, reason, any(p.kind == "recorded" for p in pieces))
    settled = voice.length_s >= SETTLED_S or (voice.ended and around.quiet_s >= SETTLED_QUIET_S)
    by_sound = sum(piece.weight for piece in pieces if piece.kind not in _OF_WORDS)
    suspected = MAYBE if by_sound >= 0.0 or any(p.kind == "live" for p in pieces) else MAYBE_BY_WORDS
    needed = SURE if around.reads else SURE_BY_SOUND
    return Weighing(sum(piece.weight for piece in pieces), tuple(pieces), suspected, needed, settled)
