"""Facts, as immutable values. They flow up: from lines, ears and slayers to the bus, and from there to the window,
the records, the command line. Each is one class; nobody sends a ``dict``.

``at`` is wall-clock time in seconds since the epoch (``time.time()``), so that two processes on one machine can be
compared. Times within the sound of a call are ``Span`` values on the call clock (see ``hearing.perceptions``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.call import CallId, EndReason, LineState, Mode, Phase
from engine.deciding.decisions import Piece as Piece

# Named "as" themselves: the window takes these words from here, for it does not see the ears.
from engine.hearing.perceptions import Sound as Sound
from engine.hearing.perceptions import Span as Span
from engine.hearing.perceptions import Tone as Tone
from engine.queue_events import BackOnHold as BackOnHold
from engine.queue_events import HoursAnnounced as HoursAnnounced
from engine.queue_events import OfferEnded as OfferEnded
from engine.queue_events import QueueEstimate as QueueEstimate
from engine.queue_events import QueueNews as QueueNews
from engine.queue_events import QueueWarning as QueueWarning


@dataclass(frozen=True, slots=True)
class CallBegan:
    """A call was asked for and is about to be dialled (or came in: ``incoming``)."""

    at: float
    call: CallId
    number: str  # E.164 or SIP URI as dialled
    company: str  # display name, may be empty
    intent: str
    mode: Mode
    incoming: bool = False


@dataclass(frozen=True, slots=True)
class LineChanged:
    """SIP moved on. ``early_media``: sound before answer (183)."""

    at: float
    call: CallId
    state: LineState
    early_media: bool = False


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The call is over. ``text`` is a sentence for a person: what happened and what to do next."""

    at: float
    call: CallId
    reason: EndReason
    text: str
    by_us: bool
    sip_code: int = 0


@dataclass(frozen=True, slots=True)
class PhaseChanged:
    """What we believe changed; ``because`` says why."""

    at: float
    call: CallId
    old: Phase
    new: Phase
    because: str


@dataclass(frozen=True, slots=True)
class SoundHeard:
    """The sound class on the line changed at ``since_s`` (call clock)."""

    at: float
    call: CallId
    sound: Sound
    since_s: float


@dataclass(frozen=True, slots=True)
class ProgressTone:
    """A tone was recognised."""

    at: float
    call: CallId
    tone: Tone
    span: Span


UNCLEAR_BELOW = 0.4
"""Below this confidence words are a guess, and shown as one: the embedded recogniser gets 0.9 for recorded prompts and
under 0.3 for most people, of whose words it then has one in three right (``hearing.sphinx``)."""


def is_unclear(confidence: float) -> bool:
    """Whether words of this confidence are a guess. The one rule for the window, the terminal and the pickup window."""
    return confidence < UNCLEAR_BELOW


@dataclass(frozen=True, slots=True)
class Caption:
    """Words on the line. A partial caption (``final`` False) is replaced by the next of the same ``span.start_s``.

    ``speaker`` is "recording", "person", "us" or "" while unknown.
    """

    at: float
    call: CallId
    text: str
    span: Span
    confidence: float
    final: bool
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class MenuHeard:
    """A menu was understood: pairs of (what to press or say, what it is for), in the order heard."""

    at: float
    call: CallId
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DigitsPressed:
    """Digits went out. ``shown`` is what may be displayed and stored (masked when secret)."""

    at: float
    call: CallId
    shown: str
    because: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """The program said something into the call."""

    at: float
    call: CallId
    text: str
    because: str


@dataclass(frozen=True, slots=True)
class StepEntered:
    """The flow's cursor moved to a step."""

    at: float
    call: CallId
    flow: str
    step: str


@dataclass(frozen=True, slots=True)
class FlowLeft:
    """What is heard does not match the flow any more: exploring from here on."""

    at: float
    call: CallId
    flow: str
    because: str


@dataclass(frozen=True, slots=True)
class HoldBegan:
    """We are waiting in a queue. ``since_s`` on the call clock."""

    at: float
    call: CallId
    since_s: float
    because: str


@dataclass(frozen=True, slots=True)
class Learned:
    """The user said what a voice was, and the memory of the company has it. ``text`` says so; it can be undone."""

    at: float
    call: CallId
    person: bool
    text: str


@dataclass(frozen=True, slots=True)
class MemoryDamaged:
    """What was remembered of the company could not be read; the call goes on. ``text`` says what was done about it."""

    at: float
    call: CallId
    text: str


@dataclass(frozen=True, slots=True)
class LearningUndone:
    """What the user last said of a voice is taken back: memory and belief are as before."""

    at: float
    call: CallId


@dataclass(frozen=True, slots=True)
class PersonSuspected:
    """*Maybe* a person: the quiet cue. ``words`` so far, may be empty. ``pieces``: all the evidence weighed."""

    at: float
    call: CallId
    words: str
    because: tuple[str, ...]
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonFound:
    """A person: ring. ``first_word_s`` on the call clock, where the voice began.

    ``words`` are those from there on; ``confidence`` is that of the words, not of the person.
    """

    at: float
    call: CallId
    words: str
    first_word_s: float
    because: tuple[str, ...]
    confidence: float = 1.0
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonDismissed:
    """It was not a person, or nobody is there any more: stop cueing or ringing. ``by_user`` when the user said so."""

    at: float
    call: CallId
    because: str
    by_user: bool = False
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class UserNeeded:
    """The program cannot go on alone (unsure of a menu, asked for something, an error): ring with this sentence."""

    at: float
    call: CallId
    question: str


@dataclass(frozen=True, slots=True)
class OutcomeKnown:
    """How a slay went, said once, just before its ``CallEnded``. ``outcome`` is one of ``decisions.OUTCOMES``."""

    at: float
    call: CallId
    outcome: str
    because: str


@dataclass(frozen=True, slots=True)
class VoiceConnected:
    """The user's microphone and speaker are (or are no longer) part of the call."""

    at: float
    call: CallId
    connected: bool


@dataclass(frozen=True, slots=True)
class RecordingChanged:
    """Recording began (``path`` set) or stopped (``path`` empty)."""

    at: float
    call: CallId
    path: str


@dataclass(frozen=True, slots=True)
class LineProcess:
    """A line process came up or was lost; ``because`` when it was lost."""

    at: float
    line: str
    up: bool
    because: str = ""


@dataclass(frozen=True, slots=True)
class AccountState:
    """Registration of a trunk account: ``registered``, or why not, in words, and when it is tried again."""

    at: float
    account: str
    registered: bool
    text: str
    reason: EndReason | None = None
    retry_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class AudioState:
    """Whether a microphone and a speaker are there; ``text`` is shown to the user."""

    at: float
    microphone: str  # name, empty when none
    speaker: str
    ringer: str
    text: str = field(default="")


@dataclass(frozen=True, slots=True)
class RecogniserState:
    """Whether words can be heard: the speech recogniser in use, whether it is ready; ``text`` is shown to the user."""

    at: float
    recogniser: str  # name, empty when there is none
    ready: bool
    text: str = ""


CallEvent = (
    LineChanged
    | CallEnded
    | PhaseChanged
    | SoundHeard
    | ProgressTone
    | Caption
    | MenuHeard
    | DigitsPressed
    | Spoken
    | StepEntered
    | FlowLeft
    | HoldBegan
    | QueueNews
    | QueueEstimate
    | QueueWarning
    | HoursAnnounced
    | BackOnHold
    | OfferEnded
    | Learned
    | LearningUndone
    | MemoryDamaged
    | PersonSuspected
    | PersonFound
    | PersonDismissed
    | UserNeeded
    | OutcomeKnown
    | VoiceConnected
    | RecordingChanged
)
"""What happens to a call from its beginning on."""

Event = CallBegan | CallEvent | LineProcess | AccountState | AudioState | RecogniserState
"""Every fact there is."""
