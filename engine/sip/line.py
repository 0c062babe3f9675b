"""The face of a telephone line: what can be asked of it, what it reports. No SIP library in here.

A *line* carries up to ``MAX_LEGS`` legs. The real one (``process.LineProcess``) runs PJSUA2 in a process of its own;
its twin in memory (``tests/fakes``) speaks the same protocol. Requests are ``LineCommand`` values that return at
once; everything that happens comes back as a ``LineEvent``. Sound never travels that way: it is read from the leg's
*tap* ring and written to the leg's *talk* ring (``engine.audio.ring``), which exist from ``Dial``/``LegIncoming``
until some seconds after ``LegEnded``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType, Protocol

from engine.audio.ring import RingReader, RingWriter
from engine.call import EndReason

LegId = NewType("LegId", str)
"""Our own key of a leg, unique for ever. For outgoing legs the caller chooses it (usually the call id)."""

MAX_LEGS = 4
"""Legs a line process can carry: the wheel is built with PJSUA_MAX_CALLS=4 (measured)."""


class LineError(Exception):
    """The line cannot do what was asked. ``str()`` is a sentence for a person; ``reason`` its class."""

    def __init__(self, reason: EndReason, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


class Transport(StrEnum):
    """SIP transport of an account or a direct call."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class DigitMethod(StrEnum):
    """How digits travel."""

    RTP_EVENT = "rtp_event"  # RFC 4733
    SIP_INFO = "sip_info"
    IN_BAND = "in_band"


@dataclass(frozen=True, slots=True)
class Account:
    """A trunk account. ``register`` False: credentials only, for outgoing calls."""

    id: str
    host: str
    user: str
    password: str = field(repr=False)
    port: int = 0  # 0: 5060, or 5061 with TLS
    transport: Transport = Transport.UDP
    auth_user: str = ""  # empty: ``user``
    realm: str = "*"
    outbound_proxy: str = ""
    ca_file: str = ""  # PEM file to check a TLS certificate with; empty: the system's
    register: bool = True
    caller_id: str = ""  # user part of From; empty: ``user``


@dataclass(frozen=True, slots=True)
class LineSettings:
    """How a line process is set up. Port 0: any free port. ``bind``: address to listen on and to offer for media."""

    name: str = "line"
    bind: str = ""  # empty: all interfaces, address chosen by the SIP library
    udp_port: int = 0
    # None: no listener. (What TCP and TLS accounts need to connect is made when one asks for it.)
    tcp_port: int | None = None
    tls_port: int | None = None
    tls_cert_file: str = ""
    tls_key_file: str = ""
    accept_incoming: bool = False
    sound: bool = False  # whether this line may open the microphone and the speaker
    microphone: str = ""  # device names, empty: the system's default
    speaker: str = ""
    name_servers: tuple[str, ...] = ()
    log_level: int = 3


# --- wishes -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SetAccount:
    """Add or replace an account; registers when it says so."""

    account: Account


@dataclass(frozen=True, slots=True)
class RemoveAccount:
    """Unregister and forget an account."""

    account: str


@dataclass(frozen=True, slots=True)
class Dial:
    """Call ``uri`` (``sip:...``) from ``account`` (empty: without an account, straight to the host)."""

    leg: LegId
    uri: str
    account: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Answer an incoming leg provisionally: 180 ringing, 183 with early media (then the talk ring is heard)."""

    leg: LegId
    code: int = 180


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer an incoming leg with 200."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class Refuse:
    """Turn an incoming leg away with a final code, such as 486 or 603."""

    leg: LegId
    code: int


@dataclass(frozen=True, slots=True)
class HangUpLeg:
    """End a leg in whatever state it is."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class SendDigits:
    """Send digits one at a time with gaps. Only ``[0-9*#A-D]``."""

    leg: LegId
    digits: str
    method: DigitMethod = DigitMethod.RTP_EVENT


@dataclass(frozen=True, slots=True)
class ConnectVoice:
    """Join (or take out) the user's headset. Answered by ``VoiceChanged``."""

    leg: LegId
    on: bool
    muted: bool = False  # connected, but the microphone sends silence


@dataclass(frozen=True, slots=True)
class RecordLeg:
    """Write a two-channel WAV (left: them, right: us) from now on; empty path stops."""

    leg: LegId
    path: str


LineCommand = (
    SetAccount
    | RemoveAccount
    | Dial
    | Progress
    | Answer
    | Refuse
    | HangUpLeg
    | SendDigits
    | ConnectVoice
    | RecordLeg
)


# --- facts ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LegIncoming:
    """Somebody calls us. The leg is ours to ``Progress``, ``Answer`` or ``Refuse``."""

    at: float
    leg: LegId
    from_uri: str
    to_uri: str


@dataclass(frozen=True, slots=True)
class LegRinging:
    """180 or 183 on an outgoing leg."""

    at: float
    leg: LegId
    early_media: bool


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """200 OK: the leg is confirmed (either direction)."""

    at: float
    leg: LegId


@dataclass(frozen=True, slots=True)
class LegMedia:
    """Media is flowing (again); ``codec`` such as "PCMU/8000". ``held``: the far side put us on (SIP) hold."""

    at: float
    leg: LegId
    codec: str
    held: bool = False


@dataclass(frozen=True, slots=True)
class LegEnded:
    """The leg is over, for whatever reason; always the last event of a leg and always sent."""

    at: float
    leg: LegId
    reason: EndReason
    text: str
    by_us: bool
    sip_code: int = 0
    answered: bool = False


@dataclass(frozen=True, slots=True)
class DigitReceived:
    """The far side pressed a digit."""

    at: float
    leg: LegId
    digit: str
    method: DigitMethod


@dataclass(frozen=True, slots=True)
class DigitsSent:
    """All digits of a ``SendDigits`` have gone out (or ``error`` says why not)."""

    at: float
    leg: LegId
    count: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class VoiceChanged:
    """The headset is (not) part of the leg; ``error`` is a sentence when it could not be ("no audio device ...")."""

    at: float
    leg: LegId
    connected: bool
    microphone: str = ""
    speaker: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class RecordingState:
    """A recording began (``path``) or was finished and closed (empty), or failed (``error``)."""

    at: float
    leg: LegId
    path: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """State of an account's registration. ``reason`` None while registered or still trying."""

    at: float
    account: str
    registered: bool
    text: str
    reason: EndReason | None = None
    retry_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class LineUp:
    """The line process is ready; ``udp_port`` and so on are the ports really in use (0: none)."""

    at: float
    line: str
    udp_port: int
    tcp_port: int = 0
    tls_port: int = 0
    pid: int = 0


@dataclass(frozen=True, slots=True)
class LineDown:
    """The line process is gone. Every live leg has had its ``LegEnded(LINE_LOST)`` before. ``restarting``: wait."""

    at: float
    line: str
    because: str
    restarting: bool


LineEvent = (
    LegIncoming
    | LegRinging
    | LegAnswered
    | LegMedia
    | LegEnded
    | DigitReceived
    | DigitsSent
    | VoiceChanged
    | RecordingState
    | Registration
    | LineUp
    | LineDown
)


class Line(Protocol):
    """A telephone line."""

    @property
    def name(self) -> str:
        """The line's name, for events and messages."""
        ...

    @property
    def up(self) -> bool:
        """Whether it can take commands now."""
        ...

    async def start(self) -> LineUp:
        """Bring the line up. Raises ``LineError`` with a sentence (port in use, library missing...)."""
        ...

    async def stop(self) -> None:
        """Hang up, unregister, free everything. May be called in any state and any number of times."""
        ...

    def subscribe(self, handler: Callable[[LineEvent], None]) -> None:
        """Have ``handler`` called on the event loop's thread with every ``LineEvent``, in order."""
        ...

    def send(self, command: LineCommand) -> None:
        """Ask for something. Never blocks. A leg that is gone is ignored; a line that is down ends a ``Dial`` with
        ``LegEnded(LINE_LOST)``.
        """
        ...

    def tap(self, leg: LegId) -> RingReader:
        """What the far side says: int16 mono at ``ring.rate``. From a dialled leg's first moment, silence included:
        position 0 is the moment of ``Dial``/``LegIncoming`` and the ring advances with time. ``KeyError`` if
        unknown.
        """
        ...

    def talk(self, leg: LegId) -> RingWriter:
        """What we say into the leg; played in real time as it is written, silence when empty. ``RingWriter.played``
        tells how far it has been sent.
        """
        ...
