"""The steps of a practice company's scenario, and the parts of what is said in them.

    say        speak, then go on
    menu       speak, wait for a key, repeat, give up
    collect    speak, gather digits up to '#'
    hold       music (or silence) with announcements, for a while
    transfer   click, silence, perhaps ringing
    person     a live person: greets, waits, speaks again, hangs up when nobody answers
    voicemail  speak, beep, listen for a while
    hangup     the company ends the call

Pure data; ``scenario`` joins the steps and checks them as a whole.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.practice.tones import ToneName

StepId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$")]
Key = Annotated[str, Field(pattern=r"^[0-9*#]$")]
Seconds = Annotated[float, Field(ge=0, le=7200)]


class Data(BaseModel):
    """What everything in a scenario file has in common: nothing unknown in it, nothing changed later."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Part(Data):
    """One piece of a prompt: a recorded clip, a sentence to be synthesised, a tone, or a pause. Exactly one of them."""

    clip: str = ""
    text: str = ""
    tone: ToneName | None = None
    pause_s: Seconds = 0.0
    voice: str = ""
    """Who speaks ``text``: a key of the scenario's ``voices``; empty: the announcer."""
    length_s: Seconds = 1.0
    """How long a ``tone`` lasts (those that repeat do so until then)."""

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        chosen = sum((bool(self.clip), bool(self.text), self.tone is not None, self.pause_s > 0))
        if chosen != 1:
            raise ValueError("a part of a prompt is one of clip, text, tone or pause_s")
        if self.voice and not self.text:
            raise ValueError("only a part with a text has a voice")
        return self


Prompt = Annotated[tuple[Part, ...], Field(min_length=1)]


class _Step(Data):
    id: StepId


class Say(_Step):
    """Speak, then go on. A key stops the prompt only with ``barge_in``, and is then taken by what follows."""

    kind: Literal["say"] = "say"
    prompt: Prompt
    barge_in: bool = False
    next: StepId


class Menu(_Step):
    """Speak and wait for a key. A key stops the prompt.

    After ``timeout_s`` without a key, or an unknown one (answered by ``invalid``), the prompt (``repeat`` when given)
    is spoken again; after ``tries`` rounds in all it goes on with ``give_up``.
    """

    kind: Literal["menu"] = "menu"
    prompt: Prompt
    repeat: tuple[Part, ...] = ()
    options: dict[Key, StepId] = Field(min_length=1)
    timeout_s: Seconds = 5.0
    tries: int = Field(default=3, ge=1, le=20)
    no_input: tuple[Part, ...] = ()
    invalid: Prompt
    give_up: StepId


class Collect(_Step):
    """Speak and gather digits until ``terminator``, ``max_digits``, or ``timeout_s`` without a digit.

    Fewer than ``min_digits`` (none at all: no input) is asked again ``tries`` times in all, then ``give_up``.
    """

    kind: Literal["collect"] = "collect"
    prompt: Prompt
    terminator: Key = "#"
    min_digits: int = Field(default=1, ge=1, le=32)
    max_digits: int = Field(default=16, ge=1, le=32)
    timeout_s: Seconds = 5.0
    tries: int = Field(default=2, ge=1, le=20)
    invalid: tuple[Part, ...] = ()
    next: StepId
    give_up: StepId


class Stay(Data):
    """The caller must press ``key`` within ``within_s`` of the announcement's end, else on to ``otherwise``."""

    key: Key = "1"
    within_s: Seconds = 6.0
    otherwise: StepId


class Announcement(Data):
    """Something said on hold, ``at_s`` after the hold began and, with ``every_s``, again and again.

    ``music``: what becomes of the music meanwhile - it goes on beneath at full level (``over``), softly (``ducked``),
    or it stops and comes back (``stopped``).
    """

    at_s: Seconds
    every_s: Annotated[float, Field(gt=0, le=7200)] | None = None
    prompt: Prompt
    music: Literal["over", "ducked", "stopped"] = "ducked"
    stay: Stay | None = None


class Hold(_Step):
    """Wait in the queue: ``music`` (a clip, looped; empty: silence) with announcements.

    ``length_s`` is how long it lasts; ``long_length_s`` in the long variant. An announcement that would not be over by
    the end is not begun. ``keys`` lead out of the queue at any time.
    """

    kind: Literal["hold"] = "hold"
    music: str = ""
    music_from_s: Seconds = 0.0
    length_s: Annotated[float, Field(gt=0, le=7200)]
    long_length_s: Annotated[float, Field(gt=0, le=7200)] = 600.0
    announcements: tuple[Announcement, ...] = ()
    keys: dict[Key, StepId] = Field(default_factory=dict)
    next: StepId


class Transfer(_Step):
    """The call is put through: a click, silence, perhaps ringing at the other end."""

    kind: Literal["transfer"] = "transfer"
    click: bool = True
    silence_s: Seconds = 1.0
    ringback_s: Seconds = 0.0
    next: StepId


class Person(_Step):
    """A live person in a room with slight noise.

    Says ``greeting``; hears ``waits_s`` of silence; says the next of ``again``, and so on; after the last one and
    another ``waits_s`` hangs up. When the caller speaks, waits till they are done, then says the next of ``reply``
    (round and round), and stays on the line up to ``talks_s``.
    """

    kind: Literal["person"] = "person"
    speaker: str
    """Who it is: the voice of the clips, as in the clips' index."""
    greeting: str
    again: tuple[str, ...] = ()
    reply: tuple[str, ...] = ()
    waits_s: Annotated[float, Field(gt=0, le=600)] = 4.0
    talks_s: Annotated[float, Field(gt=0, le=7200)] = 60.0
    noise_dbfs: float = Field(default=-62.0, ge=-90, le=-40)


class Voicemail(_Step):
    """Speak, beep, record for ``record_s`` (nothing is kept), hang up."""

    kind: Literal["voicemail"] = "voicemail"
    prompt: Prompt
    record_s: Seconds = 6.0


class HangUp(_Step):
    """The company ends the call, after ``pause_s``."""

    kind: Literal["hangup"] = "hangup"
    because: str = Field(min_length=1)
    pause_s: Seconds = 0.5


Step = Annotated[
    Say | Menu | Collect | Hold | Transfer | Person | Voicemail | HangUp, Field(discriminator="kind")
]


def successors(step: Step) -> tuple[str, ...]:
    """Ids of the steps that may follow ``step``."""
    match step:
        case Say() | Transfer():
            return (step.next,)
        case Menu():
            return (*step.options.values(), step.give_up)
        case Collect():
            return (step.next, step.give_up)
        case Hold():
            stays = tuple(a.stay.otherwise for a in step.announcements if a.stay is not None)
            return (step.next, *step.keys.values(), *stays)
        case Person() | Voicemail() | HangUp():
            return ()


def prompts(step: Step) -> tuple[tuple[Part, ...], ...]:
    """All that is said in ``step`` by parts (a person's words are no parts)."""
    match step:
        case Say() | Voicemail():
            return (step.prompt,)
        case Menu():
            return (step.prompt, step.repeat, step.no_input, step.invalid)
        case Collect():
            return (step.prompt, step.invalid)
        case Hold():
            return tuple(announcement.prompt for announcement in step.announcements)
        case Transfer() | Person() | HangUp():
            return ()
