"""Scripted events that put the window into each of its states, for tests and for pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.call import CallId, EndReason, LineState, Mode, Phase
from engine.events import (
    AccountState,
    AudioState,
    BackOnHold,
    CallBegan,
    CallEnded,
    Caption,
    DigitsPressed,
    Event,
    HoldBegan,
    HoursAnnounced,
    Learned,
    LineChanged,
    LineProcess,
    MenuHeard,
    PersonDismissed,
    PersonFound,
    PersonSuspected,
    PhaseChanged,
    Piece,
    ProgressTone,
    QueueEstimate,
    QueueNews,
    QueueWarning,
    RecogniserState,
    Sound,
    SoundHeard,
    Span,
    Tone,
    VoiceConnected,
)

ACME = CallId("acme")
LARK = CallId("lark")

PIECES = (
    Piece("prior", -1.0, 232.6, "we are waiting in the queue"),
    Piece("voice", 1.6, 232.6, "a voice clearly unlike the announcers'"),
    Piece("no_music", 0.7, 232.6, "no music beneath the voice"),
    Piece("live", 3.4, 233.6, "“this is Dana speaking”: gives a name"),
    Piece("live", 4.0, 233.6, "“how can I help”: offers to help"),
)

READY: tuple[Event, ...] = (
    AccountState(0, "voip.example", True, "Line ready · voip.example"),
    AudioState(0, "Headset", "Headset", "Built-in speaker", "Sound ready · Headset"),
    RecogniserState(0, "pocketsphinx", True, "Understands speech · built-in recogniser"),
)


def began(at: float, call: CallId = ACME, **words: str) -> CallBegan:
    """A slay that begins."""
    return CallBegan(
        at,
        call,
        words.get("number", "+1 555 010 0199"),
        words.get("company", "Acme Insurance"),
        words.get("intent", "cancel my policy"),
        Mode.HOLD_SLAYER,
    )


def navigating(t0: float, call: CallId = ACME) -> Iterator[Event]:
    """Dialled, answered, a menu heard, a key pressed: 24 s."""
    yield began(t0, call)
    yield LineChanged(t0 + 0.2, call, LineState.DIALING)
    yield LineChanged(t0 + 1, call, LineState.EARLY, early_media=True)
    yield SoundHeard(t0 + 1.2, call, Sound.TONE, 1.0)
    yield ProgressTone(t0 + 3, call, Tone.RINGBACK, Span(1, 3))
    yield LineChanged(t0 + 6, call, LineState.CONFIRMED)
    yield SoundHeard(t0 + 6.4, call, Sound.SPEECH, 6.1)
    yield Caption(
        t0 + 11, call, "Thank you for calling Acme Insurance.", Span(6.2, 9), 0.9, True, "recording"
    )
    yield Caption(
        t0 + 20,
        call,
        "For claims, press one. To change or cancel a policy, press two. For anything else, press zero.",
        Span(9.6, 18.2),
        0.86,
        True,
        "recording",
    )
    yield SoundHeard(t0 + 18.6, call, Sound.SILENCE, 18.3)
    options = (("1", "claims"), ("2", "change or cancel a policy"), ("0", "anything else"))
    yield MenuHeard(t0 + 18.6, call, options)
    yield DigitsPressed(t0 + 19, call, "2", "“change or cancel a policy” serves what you want")
    yield SoundHeard(t0 + 21, call, Sound.SPEECH, 20.5)
    yield Caption(
        t0 + 24, call, "Please hold while we connect you to", Span(20.6, 23.5), 0.7, False, "recording"
    )


def on_hold(t0: float, call: CallId = ACME) -> Iterator[Event]:
    """As ``navigating``, then three and a half minutes of queue."""
    yield from navigating(t0, call)
    yield Caption(
        t0 + 26,
        call,
        "Please hold while we connect you to the next adviser.",
        Span(20.6, 25),
        0.88,
        True,
        "recording",
    )
    yield SoundHeard(t0 + 26, call, Sound.MUSIC, 25.5)
    because = "music after “please hold”"
    yield HoldBegan(t0 + 27, call, 25.5, because)
    yield PhaseChanged(t0 + 27, call, Phase.NAVIGATING, Phase.HOLDING, because)
    for start in (70.0, 118.0, 166.0):
        yield SoundHeard(t0 + start, call, Sound.SPEECH, start)
        yield Caption(
            t0 + start + 6,
            call,
            "Your call is important to us. All of our advisers are busy with other customers.",
            Span(start, start + 6),
            0.9,
            True,
            "recording",
        )
        yield SoundHeard(t0 + start + 7, call, Sound.MUSIC, start + 6.5)
    yield SoundHeard(t0 + 196, call, Sound.SPEECH, 195)
    yield Caption(
        t0 + 201,
        call,
        "You are number four in the queue. We expect to answer in about six minutes.",
        Span(195, 200.4),
        0.84,
        True,
        "recording",
    )
    yield QueueNews(t0 + 201, call, 4, 6.0)
    reckoned = "as announced; a caller takes about 84 s; from 5 past calls"
    yield QueueEstimate(t0 + 201, call, 345.0, 180.0, reckoned)
    yield HoursAnnounced(t0 + 201, call, "Monday to Friday, 8 a.m. to 6 p.m.")
    yield SoundHeard(t0 + 202, call, Sound.MUSIC, 201)


HOLD_LENGTH_S = 238.0


def maybe(t0: float, call: CallId = ACME) -> Iterator[Event]:
    """On hold, and then a voice."""
    yield from on_hold(t0, call)
    yield SoundHeard(t0 + 232, call, Sound.SPEECH, 231.4)
    yield PersonSuspected(
        t0 + 232.6, call, "hello", ("the music stopped", "a voice not heard before"), PIECES[:3]
    )
    yield PhaseChanged(t0 + 232.6, call, Phase.HOLDING, Phase.CONFIRMING, "a voice not heard before")
    yield Caption(t0 + 232.8, call, "hello", Span(231.5, 232.6), 0.8, False)


def person(t0: float, call: CallId = ACME) -> Iterator[Event]:
    """On hold, a voice, a person."""
    yield from maybe(t0, call)
    words = "Hello, this is Dana speaking, thanks for waiting. How can I help?"
    yield Caption(t0 + 233.6, call, words, Span(231.5, 235), 0.87, True, "person")
    why = (
        "the music stopped",
        "a voice not heard before in this call",
        "“this is Dana speaking” is said by people",
    )
    yield PersonFound(t0 + 233.6, call, words, 231.5, why, pieces=PIECES)
    yield PhaseChanged(t0 + 233.6, call, Phase.CONFIRMING, Phase.ALERTING, why[1])


def talking(t0: float, call: CallId = ACME) -> Iterator[Event]:
    """Picked up."""
    yield from person(t0, call)
    yield VoiceConnected(t0 + 236, call, True)
    yield PhaseChanged(t0 + 236, call, Phase.ALERTING, Phase.TALKING, "you picked up")


def warned(t0: float, call: CallId = ACME) -> Iterator[Event]:
    """On hold, further back than before, and the company is about to close."""
    yield from on_hold(t0, call)
    yield QueueNews(t0 + 230, call, 6, 9.0)
    yield QueueWarning(
        t0 + 230, call, "position_up", "You moved back in the queue: number 6, and it was 4 before."
    )
    text = "The company closes in 10 minutes, and the wait will probably take 13 minutes."
    yield QueueWarning(t0 + 231, call, "closing", text)


def dismissed(t0: float, call: CallId = ACME) -> Iterator[Event]:
    """The user said that it was a recording."""
    yield from person(t0, call)
    yield PersonDismissed(t0 + 236, call, "you said that it was no person", by_user=True)
    yield PhaseChanged(t0 + 236, call, Phase.ALERTING, Phase.HOLDING, "you said this was a recording")
    yield Learned(t0 + 236, call, False, "Learned: that was a recording.")


def back_on_hold(t0: float, call: CallId = ACME) -> Iterator[Event]:
    """Picked up, and put back on hold."""
    yield from talking(t0, call)
    yield SoundHeard(t0 + 246, call, Sound.MUSIC, 245)
    yield BackOnHold(t0 + 249, call, 245.0, "hold music")


def busy(t0: float, call: CallId = LARK) -> Iterator[Event]:
    """A call that ends busy."""
    yield began(t0, call, number="sip:desk@lark.example", company="Lark Airlines", intent="change my flight")
    yield LineChanged(t0 + 0.1, call, LineState.DIALING)
    text = "Lark Airlines is busy. Try again in a few minutes."
    yield CallEnded(t0 + 2, call, EndReason.BUSY, text, by_us=False, sip_code=486)


def trouble() -> Iterator[Event]:
    """No trunk, no sound, no recogniser."""
    yield AccountState(
        0,
        "voip.example",
        False,
        "voip.example does not accept your password. Check it with “holdslayer account”.",
    )
    yield AudioState(0, "", "", "")
    yield RecogniserState(0, "", False)
    yield LineProcess(0, "line", True)


def play(events: Iterator[Event] | tuple[Event, ...], publish: Callable[[Event], None]) -> None:
    """Publish every event."""
    for event in events:
        publish(event)
