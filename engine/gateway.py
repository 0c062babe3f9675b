"""From wishes to calls: the one object the window, the tray and the command line talk to.

    Command --do()--> Gateway --> LiveCall --> Lines (legs) --LegEvent--> LiveCall --> Event on the bus
                                     |
                                     +-------> ears --perception--> Slayer --> Event on the bus

Everything here runs on the loop's thread and returns at once; what takes time comes back as an event.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.bus import Bus
from engine.call import CallId, EndReason, Mode, Phase
from engine.commands import Command, PlaceCall, SlayHold
from engine.deciding import policy
from engine.events import AccountState, LineProcess
from engine.learning import Company, Shelf, local_moment
from engine.lines import Lines
from engine.live_call import LiveCall
from engine.numbers import Dialable, parse
from engine.settings import Settings
from engine.sip.line import Account, LegIncoming, Line, LineDown, LineError, LineUp, Registration
from engine.slayer import Asker
from engine.speaking.voice import Voice
from engine.storage.company import CompanyMemory, of_flow
from engine.surroundings import Ears, Surroundings, Target
from flows.model import Flow

log = logging.getLogger(__name__)


class Gateway:
    """Turns commands into calls and what becomes of them into events."""

    def __init__(
        self,
        *,
        make_line: Callable[[int], Line],
        ears: Ears,
        asker: Asker,
        voice: Voice | None,
        bus: Bus,
        settings: Settings,
        accounts: Sequence[Account] = (),
        flow: Callable[[str], Flow | None] = lambda _id: None,
        recordings: Path | None = None,
        companies: Shelf | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``accounts`` are those of the settings with their passwords. ``flow`` finds a stored flow by its id.

        ``recordings`` is the folder for them; None: recording refused. ``companies``: what is remembered of each
        company; None: nothing is.
        """
        self._bus = bus
        self._settings = settings
        self._accounts = tuple(accounts)
        self._flow = flow
        self._now = now
        self._calls: dict[CallId, LiveCall] = {}
        self._lines = Lines(
            make_line,
            on_incoming=self._incoming,
            on_line=self._line_changed,
            on_registration=self._registered,
        )
        self._around = Surroundings(
            lines=self._lines,
            ears=ears,
            asker=asker,
            voice=voice,
            bus=bus,
            now=now,
            recordings=recordings,
            record_all=settings.recording.on,
            gone=self._forget,
            companies=companies,
        )

    async def start(self) -> None:
        """Bring the line up and register the accounts. Raises ``LineError`` with a sentence."""
        await self._lines.start(self._accounts)

    async def stop(self) -> None:
        """Hang up whatever is still on and stop the lines. May be called in any state."""
        for call in tuple(self._calls.values()):
            call.hang_up()
        await self._lines.stop()
        for call in tuple(self._calls.values()):
            call.close()

    @property
    def calls(self) -> tuple[CallId, ...]:
        """Calls that are on, oldest first."""
        return tuple(self._calls)

    def phase(self, call: CallId) -> Phase:
        """What we believe of a call; ``DONE`` when it is over or was never there."""
        known = self._calls.get(call)
        return known.phase if known else Phase.DONE

    def set_account(self, account: Account) -> None:
        """Add or change a trunk account while running."""
        self._accounts = (*(a for a in self._accounts if a.id != account.id), account)
        self._lines.set_account(account)

    def do(self, command: Command) -> CallId | None:
        """Carry out a wish; returns the id of a call that it began.

        Raises ``numbers.NumberError`` or ``LineError`` with a sentence on bad input. A wish for a call that is over
        is ignored: the click came too late, which is nobody's fault.
        """
        match command:
            case SlayHold():
                return self._slay(command)
            case PlaceCall():
                return self._place(parse(command.number, self._settings.region), command.company)
            case _:
                call = self._calls.get(command.call)
                if call is not None:
                    call.do(command)
                return None

    def ears_failed(self, call: CallId, error: BaseException) -> None:
        """The ears on a call failed (``Listener.on_error``)."""
        known = self._calls.get(call)
        if known is not None:
            known.ears_failed(error)

    def _slay(self, command: SlayHold) -> CallId:
        number = parse(command.number, self._settings.region)
        if number.emergency:
            # An emergency number is never slain, queued or delayed: it is dialled at once with the voice connected.
            return self._place(number, command.company)
        flow = self._flow(command.flow) if command.flow else None
        if command.flow and flow is None:
            raise LineError(
                EndReason.FAILED, f"There is no call flow named {command.flow!r}. Choose another, or none."
            )
        target = self._route(number)
        company = command.company or (flow.company or flow.name if flow is not None else "")
        try:
            shared = of_flow(flow)
        except ValueError as error:  # the flow itself is sound: the call goes on without what came with it
            log.info("what came with a flow is not used: %s", error)
            shared = CompanyMemory()
        call = self._new_call(number, Mode.HOLD_SLAYER)
        call.dial(
            target,
            company=company,
            situation=policy.begin(command.intent, flow, company=company, clock=local_moment(self._now())),
            whom=Company(number.number, company),
            shared=shared,
        )
        return call.id

    def _place(self, number: Dialable, company: str) -> CallId:
        target = self._route(number)
        call = self._new_call(number, Mode.DIRECT)
        call.dial(target, company=company)
        return call.id

    def _route(self, number: Dialable) -> Target:
        """A SIP URI goes straight to its host, a telephone number over the trunk."""
        trunk = None if number.sip else self._settings.account()
        return Target(number.uri(trunk), trunk.id if trunk else "", number.extension)

    def _new_call(self, number: Dialable, mode: Mode) -> LiveCall:
        call = LiveCall(CallId(uuid.uuid4().hex), number.display, mode, self._around)
        self._calls[call.id] = call
        return call

    def _forget(self, call: CallId) -> None:
        self._calls.pop(call, None)

    def _incoming(self, event: LegIncoming) -> None:
        call = LiveCall(CallId(event.leg), event.from_uri, Mode.DIRECT, self._around)
        self._calls[call.id] = call
        call.ring_in()

    def _line_changed(self, event: LineUp | LineDown) -> None:
        match event:
            case LineUp():
                self._bus.publish(LineProcess(self._now(), event.line, up=True))
            case LineDown():
                self._bus.publish(LineProcess(self._now(), event.line, up=False, because=event.because))

    def _registered(self, event: Registration) -> None:
        self._bus.publish(
            AccountState(
                self._now(), event.account, event.registered, event.text, event.reason, event.retry_in_s
            )
        )
