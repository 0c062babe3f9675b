"""How a practice company behaves: a state machine without a clock, a line or a sound card.

``perform`` is a generator. It yields ``Turn`` values - what to do now, and when to be woken - and is sent what
happened, one ``Input`` at a time, each with its wall-clock time. So a whole call runs in virtual time in a
millisecond (``rehearsal``), or in real time on a telephone line (``performance``).

    perform ---- Turn(wishes, wake_at) ---> whoever plays it
            <--- Reached / Over / Pressed / CallerTalks / CallerQuiet / TimeUp ----

What is played (``Play``) replaces what was played before. While something plays, its marks come back as ``Reached``
and its end as ``Over``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import assert_never

from engine.practice import report
from engine.practice.report import Report
from engine.practice.scenario import Scenario
from engine.practice.steps import (
    Announcement,
    Collect,
    HangUp,
    Hold,
    Menu,
    Part,
    Person,
    Say,
    Step,
    Transfer,
    Voicemail,
)
from engine.practice.studio import (
    AnnouncementStart,
    BeepStart,
    FirstWord,
    Mark,
    Mix,
    PromptStart,
    Studio,
)
from engine.practice.turns import (
    Accept,
    Caller,
    CallerQuiet,
    CallerTalks,
    Disconnect,
    Input,
    Over,
    Play,
    Pressed,
    Reached,
    Ring,
    StopPlaying,
    Tell,
    TimeUp,
    Turn,
    TurnAway,
    Wish,
)

Performance = Generator[Turn, Input, None]


def perform(
    scenario: Scenario, studio: Studio, caller: Caller, began_at: float, *, long: bool = False
) -> Performance:
    """One call at the company, from its arrival at ``began_at``. Ends when the company has hung up or refused.

    ``long``: holds last as long as their long variant says. Raises what the studio raises.
    """
    return _Company(scenario, studio, caller, began_at, long).run()


@dataclass(slots=True)
class _Company:
    """The state of one call. ``now`` is the time of the latest input; wishes gather until the next ``yield``."""

    scenario: Scenario
    studio: Studio
    caller: Caller
    now: float
    long: bool
    wishes: list[Wish] = field(default_factory=list)
    ahead: list[str] = field(default_factory=list)
    """Keys pressed before they were asked for, which the next menu takes."""
    playing: bool = False

    def run(self) -> Performance:
        self._tell(report.CallArrived, self.caller.from_uri)
        reception = self.scenario.reception
        self.wishes.append(Ring(183 if reception.early else 180))
        self._tell(report.Ringing, bool(reception.early))
        ring_until = self.now + reception.ringing_s
        if reception.early:
            yield from self._play_out("reception", reception.early)
        while self.now < ring_until:
            yield from self._wait(ring_until)
        if reception.refuse:
            self.wishes.append(TurnAway(reception.refuse))
            self._tell(report.RefusedCall, reception.refuse)
            yield self._turn(last=True)
            return
        self.wishes.append(Accept())
        self._tell(report.AnsweredCall)
        here: str | None = self.scenario.start
        while here is not None:
            here = yield from self._step(self.scenario.step(here))

    def _step(self, step: Step) -> Generator[Turn, Input, str | None]:
        match step:
            case Say():
                return (yield from self._say(step))
            case Menu():
                return (yield from self._menu(step))
            case Collect():
                return (yield from self._collect(step))
            case Hold():
                return (yield from self._hold(step))
            case Transfer():
                return (yield from self._transfer(step))
            case Person():
                return (yield from self._person(step))
            case Voicemail():
                return (yield from self._voicemail(step))
            case HangUp():
                return (yield from self._hang_up(step))
            case _:
                assert_never(step)

    # --- the steps

    def _say(self, step: Say) -> Generator[Turn, Input, str | None]:
        key = yield from self._play_out(step.id, step.prompt, step.barge_in)
        if key:
            self.ahead.append(key)
        return step.next

    def _menu(self, step: Menu) -> Generator[Turn, Input, str | None]:
        for attempt in range(step.tries):
            prompt = step.repeat if attempt and step.repeat else step.prompt
            key = self.ahead.pop(0) if self.ahead else (yield from self._play_out(step.id, prompt, True))
            if not key:
                key = yield from self._key_within(step.timeout_s, step.id)
            if key in step.options:
                self._tell(report.MenuTaken, step.id, key, step.options[key])
                return step.options[key]
            if key:
                self._tell(report.KeyInvalid, step.id, key)
                yield from self._play_out(step.id, step.invalid)
            else:
                self._tell(report.NoInput, step.id)
                if step.no_input:
                    yield from self._play_out(step.id, step.no_input)
        return step.give_up

    def _collect(self, step: Collect) -> Generator[Turn, Input, str | None]:
        for _ in range(step.tries):
            digits, key = "", self.ahead.pop(0) if self.ahead else ""
            key = key or (yield from self._play_out(step.id, step.prompt, True))
            while True:
                key = key or (yield from self._key_within(step.timeout_s, step.id))
                if not key or key == step.terminator:
                    break
                digits, key = digits + key, ""
                if len(digits) == step.max_digits:
                    break
            if len(digits) >= step.min_digits:
                self._tell(report.DigitsCollected, step.id, digits)
                return step.next
            if digits or key:
                self._tell(report.KeyInvalid, step.id, digits + key)
                if step.invalid:
                    yield from self._play_out(step.id, step.invalid)
            else:
                self._tell(report.NoInput, step.id)
        return step.give_up

    def _hold(self, step: Hold) -> Generator[Turn, Input, str | None]:
        mix = self.studio.hold(step, step.long_length_s if self.long else step.length_s)
        self._tell(report.HoldStarted, step.id, step.music, mix.length_s)
        self._start(mix)
        asked: Announcement | None = None
        asked_until = 0.0
        following = step.next
        while self.playing:
            happened = yield from self._next(asked_until if asked else None)
            match happened:
                case Reached(_, Mark(_, AnnouncementStart(index, times, text, length_s))):
                    music = step.announcements[index].music if step.music else "over"
                    self._tell(report.AnnouncementPlayed, step.id, text, length_s, music, times)
                    if (stay := step.announcements[index].stay) is not None:
                        asked = step.announcements[index]
                        asked_until = self.now + length_s + stay.within_s
                        self._tell(report.StayAsked, step.id, stay.key, asked_until)
                case Pressed(_, key):
                    self._tell(report.KeyReceived, step.id, key)
                    if asked is not None and asked.stay is not None and key == asked.stay.key:
                        self._tell(report.Stayed, step.id)
                        asked = None
                    elif key in step.keys:
                        self._tell(report.MenuTaken, step.id, key, step.keys[key])
                        following = step.keys[key]
                        self._stop()
                case TimeUp() if asked is not None and asked.stay is not None and self.now >= asked_until:
                    self._tell(report.NoInput, step.id)
                    following = asked.stay.otherwise
                    self._stop()
                case _:
                    pass
        self._tell(report.HoldEnded, step.id, following)
        return following

    def _transfer(self, step: Transfer) -> Generator[Turn, Input, str | None]:
        self._tell(report.Transferred, step.id)
        parts: list[Part] = [Part(tone="click")] if step.click else []
        if step.silence_s:
            parts.append(Part(pause_s=step.silence_s))
        if step.ringback_s:
            parts.append(Part(tone="ringback", length_s=step.ringback_s))
        if parts:
            self._start(self.studio.prompt(parts))
            yield from self._until_over(step.id)
        return step.next

    def _person(self, step: Person) -> Generator[Turn, Input, str | None]:
        again, replies, turn = list(step.again), list(step.reply), 1
        leave_at = self.now + step.talks_s
        clip: str | None = step.greeting
        talked = False
        while clip is not None:
            self._start(self.studio.person(clip, step.noise_dbfs))
            while self.playing:
                happened = yield from self._next(None)
                if isinstance(happened, Reached) and isinstance(happened.mark.what, FirstWord):
                    self._tell(report.PersonSpoke, step.id, step.speaker, happened.mark.what.text, turn)
                self._note_key(happened, step.id)
            turn += 1
            spoken = yield from self._listen(step, step.talks_s if talked else step.waits_s)
            if self.now >= leave_at:
                return (yield from self._leave("the conversation was over"))
            if spoken:
                talked = True
                clip = replies[0] if replies else (again.pop(0) if again else None)
                replies = replies[1:] + replies[:1]
                if clip is None:
                    clip = step.greeting
            else:
                clip = again.pop(0) if again and not talked else None
        return (yield from self._leave("nobody answered the person"))

    def _listen(self, step: Person, for_s: float) -> Generator[Turn, Input, bool]:
        """Room noise for ``for_s``; True as soon as the caller has spoken and is quiet again."""
        talking = False
        until = self.now + for_s
        self._start(self.studio.room(for_s + 60.0, step.noise_dbfs))
        while talking or self.now < until:
            if not self.playing:  # somebody talks for more than a minute
                self._start(self.studio.room(60.0, step.noise_dbfs))
            happened = yield from self._next(None if talking else until)
            match happened:
                case CallerTalks():
                    if not talking:
                        self._tell(report.CallerSpoke, step.id)
                    talking = True
                case CallerQuiet() if talking:
                    self._stop()
                    return True
                case _:
                    self._note_key(happened, step.id)
        self._stop()
        return False

    def _voicemail(self, step: Voicemail) -> Generator[Turn, Input, str | None]:
        yield from self._play_out(step.id, step.prompt)
        self._start(self.studio.prompt((Part(tone="beep", length_s=0.4),)))
        while self.playing:
            happened = yield from self._next(None)
            if isinstance(happened, Reached) and isinstance(happened.mark.what, BeepStart):
                self._tell(report.BeepPlayed, step.id)
        until = self.now + step.record_s
        while self.now < until:
            yield from self._wait(until)
        return (yield from self._leave("the voice mail was full"))

    def _hang_up(self, step: HangUp) -> Generator[Turn, Input, str | None]:
        until = self.now + step.pause_s
        while self.now < until:
            yield from self._wait(until)
        return (yield from self._leave(step.because))

    def _leave(self, because: str) -> Generator[Turn, Input, str | None]:
        self.wishes.append(Disconnect())
        self._tell(report.HungUp, True, because)
        yield self._turn(last=True)
        return None

    # --- how they are done

    def _tell(self, kind: Callable[..., Report], *what: object) -> None:
        self.wishes.append(Tell(kind(self.now, self.caller.call, self.scenario.id, self.caller.uri, *what)))

    def _turn(self, wake_at: float | None = None, *, last: bool = False) -> Turn:
        turn = Turn(tuple(self.wishes), wake_at, last)
        self.wishes.clear()
        return turn

    def _next(self, wake_at: float | None) -> Generator[Turn, Input, Input]:
        """Wait for what happens next, and set the clock by it."""
        happened = yield self._turn(wake_at)
        self.now = max(self.now, happened.at)
        if isinstance(happened, Over):
            self.playing = False
        return happened

    def _wait(self, until: float) -> Generator[Turn, Input, None]:
        self._note_key((yield from self._next(until)), "")

    def _start(self, mix: Mix) -> None:
        self.wishes.append(Play(mix))
        self.playing = True

    def _stop(self) -> None:
        self.wishes.append(StopPlaying())
        self.playing = False

    def _note_key(self, happened: Input, step: str) -> None:
        if isinstance(happened, Pressed):
            self._tell(report.KeyReceived, step, happened.key)

    def _until_over(self, step: str) -> Generator[Turn, Input, None]:
        while self.playing:
            self._note_key((yield from self._next(None)), step)

    def _play_out(
        self, step: str, parts: tuple[Part, ...], barge_in: bool = False
    ) -> Generator[Turn, Input, str]:
        """Play a prompt to its end; with ``barge_in`` a key stops it and is returned, else "" ."""
        self._start(self.studio.prompt(parts))
        while self.playing:
            match (yield from self._next(None)):
                case Reached(_, Mark(_, PromptStart(text, length_s))):
                    self._tell(report.PromptPlayed, step, text, length_s)
                case Reached(_, Mark(_, BeepStart())):
                    self._tell(report.BeepPlayed, step)
                case Pressed(_, key):
                    self._tell(report.KeyReceived, step, key)
                    if barge_in:
                        self._stop()
                        self._tell(report.PromptInterrupted, step)
                        return key
                case _:
                    pass
        return ""

    def _key_within(self, timeout_s: float, step: str) -> Generator[Turn, Input, str]:
        """The next key, "" when none came in time."""
        if self.ahead:
            return self.ahead.pop(0)
        until = self.now + timeout_s
        while self.now < until:
            happened = yield from self._next(until)
            if isinstance(happened, Pressed):
                self._tell(report.KeyReceived, step, happened.key)
                return happened.key
        return ""
