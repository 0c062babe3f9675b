"""A call in virtual time: what the ears would say of music, announcements and people, fed to ``decide``.

The timing is that of the real ears: captions lag behind the voice, an utterance ends 0.8 s after its last word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from engine.call import Phase
from engine.deciding import policy
from engine.deciding.decisions import Action, Answered, Ask, Finish, Input, LineAnswered, Press, Ring, Say
from engine.hearing.perceptions import (
    Heard,
    Sound,
    SoundBegan,
    Span,
    SpeechBegan,
    SpeechEnded,
    Tick,
    Tone,
    ToneHeard,
    Voiced,
)
from flows.model import Flow

SECONDS_PER_WORD = 0.36
ENDPOINT_S = 0.8
CAPTION_LAG_S = 0.2


@dataclass
class PretendCall:
    """Drives one call. ``log`` holds (seconds, action)."""

    intent: str = "billing question"
    flow: Flow | None = None
    acting: bool = True
    chooser: Callable[[Ask], int | None] | None = None
    log: list[tuple[float, Action]] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.situation = policy.begin(self.intent, self.flow, "Harbor Bank", self.acting)
        self._next_tick = 0.2
        self._sound: Sound | None = None

    @property
    def phase(self) -> Phase:
        return self.situation.phase

    def put(self, what: Input) -> None:
        verdict = policy.decide(self.situation, what)
        self.situation = verdict.situation
        for action in verdict.actions:
            self.log.append((self.now, action))
            if isinstance(action, Ask) and self.chooser is not None:
                choice = self.chooser(action)
                self.put(Answered(self.now + 0.01, action.key, choice, 0.7, "the model says so"))

    def until(self, at: float) -> None:
        while self._next_tick <= at:
            self.now = self._next_tick
            self.put(Tick(self.now))
            self._next_tick = round(self._next_tick + 0.2, 3)
        self.now = at

    def wait(self, seconds: float) -> PretendCall:
        self.until(self.now + seconds)
        return self

    def answered(self) -> PretendCall:
        self.put(LineAnswered(self.now))
        return self

    def sound(self, sound: Sound, since: float | None = None) -> None:
        if sound is not self._sound:
            self._sound = sound
            self.put(SoundBegan(self.now, sound, self.now if since is None else since))

    def music(self, seconds: float) -> PretendCall:
        began = self.now
        self.until(began + min(1.0, seconds))
        self.sound(Sound.MUSIC, began)
        self.until(began + seconds)
        return self

    def silence(self, seconds: float) -> PretendCall:
        began = self.now
        self.until(began + min(0.4, seconds))
        self.sound(Sound.SILENCE, began)
        self.until(began + seconds)
        return self

    def tone(self, tone: Tone, seconds: float = 1.0) -> PretendCall:
        began = self.now
        self.until(began + seconds)
        self.put(ToneHeard(self.now, tone, Span(began, self.now)))
        return self

    def says(
        self,
        text: str,
        *,
        distance: float | None = 0.1,
        confidence: float = 0.8,
        music_bed: float = 0.0,
        heard_before: float = 0.0,
        captions: bool = True,
        pace: float = SECONDS_PER_WORD,
        tail: bool = True,
        interruptible: bool = False,
        liveness: float | None = None,
        floor_change_db: float | None = None,
        level_change_db: float | None = None,
    ) -> PretendCall:
        """Say ``text``; unless ``tail`` is False, also let the endpointing time pass."""
        words = text.split()
        began = self.now
        length = pace * len(words)
        end = began + length
        events: list[tuple[float, Input | Sound]] = [
            (began + 0.25, SpeechBegan(began + 0.25, began, music_bed >= 0.5)),
        ]
        if music_bed < 0.5:
            events.append((began + 0.5, Sound.SPEECH))
        at = 0.5
        while at < length:
            there = None if at < 0.9 else distance
            voiced = Voiced(
                began + at,
                began,
                at,
                there,
                heard_before,
                music_bed,
                liveness,
                floor_change_db=floor_change_db,
                level_change_db=level_change_db,
            )
            events.append((began + at, voiced))
            at += 0.3
        at = 1.0
        while captions and at < length:
            said = " ".join(words[: int(at / pace)])
            if said:
                span = Span(began, began + at)
                known = began + at + CAPTION_LAG_S
                events.append((known, Heard(known, said, span, confidence * 0.9, False)))
            at += 0.5
        ended = end + ENDPOINT_S
        events.append((ended, SpeechEnded(ended, Span(began, end))))
        if captions:
            events.append((ended + 0.15, Heard(ended + 0.15, text, Span(began, end), confidence, True)))
        events = [event for event in events if tail or event[0] <= end]
        keys = self.keys
        for when, event in sorted(events, key=lambda pair: pair[0]):
            if interruptible and self.keys != keys:
                # A key cuts the prompt: the voice ends here, and what was said of it comes as its final text.
                cut = self.now
                said = " ".join(words[: max(1, int((cut - began) / pace))])
                self.until(max(cut, min(cut + ENDPOINT_S, ended)))
                self.put(SpeechEnded(self.now, Span(began, min(cut, end))))
                if captions:
                    self.put(Heard(self.now, said, Span(began, min(cut, end)), confidence, True))
                return self
            self.until(when)
            if isinstance(event, Sound):
                self.sound(event, began)
            else:
                self.put(replace(event, at_s=when))  # type: ignore[type-var]
        return self

    def person(self, text: str, **how: float) -> PretendCall:
        """A person as the ears hear one: another voice, on a telephone of their own, words hard to make out."""
        heard = {
            "distance": 0.9,
            "confidence": 0.3,
            "liveness": 0.7,
            "floor_change_db": 3.0,
            "level_change_db": 4.0,
        }
        return self.says(text, **(heard | how))  # type: ignore[arg-type]

    # --- what came of it ---------------------------------------------------------------------------------------

    def of(self, kind: type) -> list[Action]:
        return [action for _, action in self.log if isinstance(action, kind)]

    @property
    def keys(self) -> str:
        return "".join(action.digits for _, action in self.log if isinstance(action, Press))

    @property
    def rings(self) -> list[float]:
        return [at for at, action in self.log if isinstance(action, Ring)]

    @property
    def said(self) -> list[str]:
        return [action.text for _, action in self.log if isinstance(action, Say)]

    @property
    def outcome(self) -> str:
        return next((action.outcome for _, action in self.log if isinstance(action, Finish)), "")

    def show(self) -> str:
        return "\n".join(f"{at:7.2f}  {action}" for at, action in self.log)


def on_hold(seconds: float = 30.0, **how: object) -> PretendCall:
    """A call that has gone through a menu and is waiting, music playing."""
    call = PretendCall(**how)  # type: ignore[arg-type]
    call.wait(2.0).answered()
    call.says("thank you for calling harbor bank please listen carefully as our menu options have changed")
    call.says("for sales press one for billing press two for technical support press three")
    call.silence(0.6)
    call.says("all of our representatives are currently busy please stay on the line")
    call.music(seconds)
    return call
