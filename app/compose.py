"""The composition root: the one place where every part meets the others.

    start   records, companies -> flows -> passwords -> voice -> gateway (lines, accounts) -> ears and models -> guest
    stop    gateway (hangs up) -> ears, models -> records -> guest; what fails to stop does not keep the rest from it
    wish    before the gateway is up: kept, and carried out, in order, the moment it is

Calls can be made as soon as the gateway is up, while recogniser and models are still loading: an emergency call waits
for nothing that it does not need. What is heavy is imported inside ``start``, on worker threads, so that a window can
be there before it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app import logs, paths, recogniser
from app.late_ears import LateEars
from app.library import Library
from engine import settings as settings_file
from engine.bus import Bus
from engine.call import CallId, EndReason
from engine.commands import Command
from engine.events import AudioState, RecogniserState
from engine.settings import Settings
from engine.sip.line import Account, Line, LineError, LineSettings
from engine.storage.companies import Companies
from engine.storage.records import Records
from engine.storage.secrets import Secrets, SecretsError

if TYPE_CHECKING:
    from engine.deciding.chooser import Chooser
    from engine.gateway import Gateway
    from engine.hearing.listener import Listener
    from engine.speaking.voice import Voice

log = logging.getLogger(__name__)

NOT_RUNNING = "The telephone is not running. Start Hold Slayer again."
NO_EARS = (
    "Hold Slayer cannot listen to calls ({}): it rings you at once instead of waiting for you. See the log."
)
NOT_DIALLED = "What you asked for meanwhile was not done."


class Guest(Protocol):
    """Something that runs as long as the program does, such as the practice company."""

    async def arrive(self, core: Core) -> None:
        """Everything has started."""
        ...

    async def leave(self) -> None:
        """Everything has stopped: calls with the guest are hung up by now."""
        ...


class Core:
    """The engine, put together for this user. Made at once; ``start`` brings it to life on the running loop.

    ``settings``: instead of those in the file. ``line``: how line processes are set up (each gets its own name).
    ``make_line``: instead of real lines. ``look_for_devices``: say which microphone and speaker there are.
    Raises ``SettingsError`` when the settings' file cannot be used.
    """

    def __init__(
        self,
        *,
        folders: paths.Paths | None = None,
        settings: Settings | None = None,
        line: LineSettings | None = None,
        make_line: Callable[[int], Line] | None = None,
        guest: Guest | None = None,
        look_for_devices: bool = True,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.paths = folders or paths.find()
        self.settings = settings if settings is not None else settings_file.load(self.paths.settings)
        self.bus = Bus(loop)
        self.records = Records(self.paths.calls)
        self.companies = Companies(self.paths.companies)
        self.flows = Library(self.paths.flows)
        self.notices: list[str] = []
        self.secrets: Secrets | None = None
        self._line = line or LineSettings(sound=True)
        self._make_line = make_line or self._line_process
        self._guest = guest
        self._look_for_devices = look_for_devices
        self._gateway: Gateway | None = None
        self._stoppers: list[Callable[[], Awaitable[None]]] = []
        self._busy = asyncio.Lock()
        # Those that wait for the gateway; None: no gateway is going to come.
        self._wishes: list[Command] | None = []

    @property
    def gateway(self) -> Gateway:
        """The gateway. Raises ``LineError`` with a sentence while there is none."""
        if self._gateway is None:
            raise LineError(EndReason.LINE_LOST, NOT_RUNNING)
        return self._gateway

    def do(self, command: Command) -> CallId | None:
        """Carry out a wish (see ``Gateway.do``), or keep it until the gateway is up and return None.

        Nobody is to dial an emergency number a second time because the program was still starting. A kept wish that is
        refused in the end becomes a notice.
        """
        if self._gateway is None and self._wishes is not None:
            self._wishes.append(command)
            return None
        return self.gateway.do(command)

    async def start(self) -> None:
        """Start everything, in order. Raises a sentence when there can be no telephone; all is stopped again then."""
        async with self._busy:
            if self._gateway is not None:
                return
            began = time.monotonic()
            self.bus.bind(asyncio.get_running_loop())
            self._wishes = self._wishes or []
            try:
                await self._start()
            except BaseException:
                if self._wishes:
                    self._notice(NOT_DIALLED)
                await self._stop()
                raise
            log.info("started in %.1f s", time.monotonic() - began)
        if self._guest is not None:
            guest = self._guest
            try:
                await guest.arrive(self)
            except BaseException:
                await self.stop()
                raise

    async def stop(self) -> None:
        """Hang up and stop everything, in reverse. In any state, any number of times."""
        async with self._busy:
            await self._stop()

    async def save_settings(self, settings: Settings) -> None:
        """Make these the settings, on the disk too. Raises ``SettingsError``."""
        await asyncio.to_thread(settings_file.save, settings, self.paths.settings)
        self.settings = settings

    # --- the parts, in order -------------------------------------------------------------------------------------

    async def _start(self) -> None:
        self._stoppers.append(self._end_guest)
        await self._start_records()
        await self._start_companies()
        await asyncio.to_thread(self.flows.load)
        self.notices += self.flows.notices
        accounts = await asyncio.to_thread(self._accounts)
        voice = await asyncio.to_thread(self._voice)
        ears, chooser = LateEars(), await asyncio.to_thread(self._chooser)
        from engine.gateway import Gateway

        gateway = Gateway(
            make_line=self._make_line,
            ears=ears,
            asker=chooser,
            voice=voice,
            bus=self.bus,
            settings=self.settings,
            accounts=accounts,
            flow=self.flows.get,
            recordings=Path(self.settings.recording.folder or self.paths.recordings),
            companies=self.companies,
        )
        self._stoppers += [chooser.stop, gateway.stop]
        await gateway.start()
        self._gateway = gateway
        self._carry_out_wishes(gateway)
        late = (self._start_ears(ears), chooser.start(), self._tell_devices())
        for outcome in await asyncio.gather(*late, return_exceptions=True):
            if outcome is not None:
                raise outcome  # only now: none of the others is left running
        self.notices += chooser.problems

    def _carry_out_wishes(self, gateway: Gateway) -> None:
        from engine.numbers import NumberError

        wishes, self._wishes = self._wishes or [], None
        for wish in wishes:
            try:
                gateway.do(wish)
            except (LineError, NumberError) as error:
                self._notice(str(error))

    async def _tell_devices(self) -> None:
        if self._look_for_devices:
            self.bus.publish(await asyncio.to_thread(self._devices))

    def _devices(self) -> AudioState:
        from engine.audio import devices

        wished = self.settings.sound
        return devices.find().state(time.time(), wished.microphone, wished.speaker, wished.ring)

    async def _start_records(self) -> None:
        try:
            interrupted = await self.records.start()
        except OSError as error:
            # A call matters more than its record.
            self._notice(f"Calls cannot be recorded in the history: {error.strerror} ({self.paths.calls}).")
            return
        self._stoppers.append(self.records.stop)
        self.records.attach(self.bus)
        self.notices += self.records.notices
        if interrupted:
            log.info("%d calls of a run that ended abruptly were put into the history", interrupted)

    async def _start_companies(self) -> None:
        try:
            await self.companies.start()
        except OSError as error:
            self._notice(f"Nothing is remembered of companies: {error.strerror} ({self.paths.companies}).")
            return
        self._stoppers.append(self.companies.stop)

    def _accounts(self) -> Sequence[Account]:
        if not self.settings.accounts:
            return ()
        self.secrets = self.secrets or Secrets.open(self.paths.secrets)
        accounts = []
        for account in self.settings.accounts:
            try:
                password = self.secrets.get(account.id) or ""
            except SecretsError as error:
                self._notice(f"Account {account.id}: {error}")
                password = ""
            logs.hide(password)
            accounts.append(account.with_password(password))
        return accounts

    def _voice(self) -> Voice | None:
        from engine.speaking.espeak import EspeakVoice
        from engine.speaking.voice import VoiceError

        try:
            return EspeakVoice()
        except VoiceError as error:
            self._notice(str(error))
            return None

    async def _start_ears(self, ears: LateEars) -> None:
        self.bus.publish(RecogniserState(time.time(), "", ready=False, text="loading the speech recogniser"))
        listening = asyncio.to_thread(self._listener, asyncio.get_running_loop())
        try:
            listener, found = await listening
            listener.start()
        except Exception as error:  # a library that is missing or damaged: the telephone works without ears
            log.exception("the ears could not be started")
            text = NO_EARS.format(type(error).__name__)
            self._notice(text)
            self.bus.publish(RecogniserState(time.time(), "", ready=False, text=text))
            failure = error
            ears.never_come(lambda call: self._ears_failed(call, failure))
            return
        if found.notice:
            self._notice(found.notice)
        name = found.transcriber.name if found.transcriber is not None else ""
        self.bus.publish(RecogniserState(time.time(), name, ready=bool(name), text=found.notice))

        async def stop() -> None:
            await asyncio.to_thread(listener.stop)

        self._stoppers.insert(-1, stop)  # after the gateway has hung up
        ears.arrive(listener)

    def _listener(self, loop: asyncio.AbstractEventLoop) -> tuple[Listener, recogniser.Found]:
        from engine.hearing.listener import Listener

        names = sorted({flow.company for flow in self.flows.all if flow.company})
        found = recogniser.load(self.settings.hearing, self.settings.language, names)
        return Listener(loop, found.transcriber, on_error=self._ears_failed), found

    def _ears_failed(self, call: CallId, error: Exception) -> None:
        if self._gateway is not None:
            self._gateway.ears_failed(call, error)

    def _chooser(self) -> Chooser:
        from engine.deciding.chooser import Chooser, shipped_matcher

        deciding = self.settings.deciding
        return Chooser(
            shipped_matcher() if deciding.matcher else None,
            Path(deciding.llm_path) if deciding.llm_path else None,
        )

    def _line_process(self, index: int) -> Line:
        from dataclasses import replace

        from engine.sip.process import LineProcess

        sound = self.settings.sound
        return LineProcess(
            replace(
                self._line,
                name=f"{self._line.name}{index}",
                microphone=sound.microphone,
                speaker=sound.speaker,
                udp_port=self._line.udp_port if index == 0 else 0,
            )
        )

    async def _end_guest(self) -> None:
        if self._guest is not None:
            await self._guest.leave()

    async def _stop(self) -> None:
        self._gateway = None
        self._wishes = None
        while self._stoppers:
            stop = self._stoppers.pop()
            try:
                await stop()
            except Exception:
                log.exception("a part of the program did not stop cleanly")

    def _notice(self, sentence: str) -> None:
        self.notices.append(sentence)
        log.info("notice: %s", sentence)
