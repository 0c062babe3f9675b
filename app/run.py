"""The window and the engine on one loop: Qt and asyncio through qasync.

    show the window -> let it paint -> core.start() -> what was asked for on the command line -> ... -> quit
    quit: window away -> core.stop() (hangs up) -> notification withdrawn -> bell -> tray -> bridge

The window is there before anything heavy is imported. Whatever is not caught anywhere is shown and logged; it never
ends a call.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Protocol

from app import display
from app.complaints import sentence_of
from engine.bus import Bus
from engine.commands import Command

log = logging.getLogger(__name__)

NO_WINDOW = 1
"""Exit code when there is no display."""


class WindowSettings(Protocol):
    """What the window reads of the settings."""

    @property
    def window(self) -> Any:
        """``theme``: "system", "light" or "dark"."""

    @property
    def sound(self) -> Any:
        """``ring``: name of the ring device, empty for the default."""

    @property
    def accounts(self) -> Sequence[Any]:
        """Trunk accounts."""

    @property
    def region(self) -> str:
        """For emergency numbers."""


class Engine(Protocol):
    """What the window needs of ``app.compose.Core``."""

    @property
    def bus(self) -> Bus:
        """Where the facts come from."""

    @property
    def settings(self) -> WindowSettings:
        """The user's settings."""

    @property
    def flows(self) -> Any:
        """The library: ``all`` is every flow."""

    @property
    def notices(self) -> Sequence[str]:
        """Sentences for the user about what could not be had at the start."""

    def do(self, command: Command) -> object:
        """Carry out a wish, or raise a sentence."""

    async def start(self) -> None:
        """Bring everything to life. Raises a sentence."""

    async def stop(self) -> None:
        """Hang up and stop everything."""


def nothing_asked() -> Sequence[Command]:
    """No wish from the command line."""
    return ()


def run_window(
    core: Engine,
    asked: Callable[[], Sequence[Command]] = nothing_asked,
    practise: Callable[[], Awaitable[Command]] | None = None,
) -> int:
    """Show the window and stay until the user quits. Returns the exit code.

    ``asked`` is called once everything has started; what it returns is carried out, as if it had been clicked.
    ``practise`` opens a pretend company and returns the wish to call it: offered to a user without a trunk account.
    """
    why = display.why_none()
    if why:
        print(why, file=sys.stderr)
        return NO_WINDOW

    import qasync
    from PySide6.QtWidgets import QApplication

    sys.setswitchinterval(0.001)
    app = QApplication.instance() or QApplication(["holdslayer"])
    assert isinstance(app, QApplication)
    app.setApplicationName("holdslayer")
    app.setApplicationDisplayName("Hold Slayer")
    app.setDesktopFileName("holdslayer")
    app.setQuitOnLastWindowClosed(False)
    logging.getLogger("qasync").setLevel(logging.WARNING)  # it logs every turn of the loop
    loop = qasync.QEventLoop(app)
    # In place of qasync's own ten QThreads, which start at once and which Python does not know.
    loop.set_default_executor(ThreadPoolExecutor(max_workers=4, thread_name_prefix="work"))
    asyncio.set_event_loop(loop)
    with loop:
        return int(loop.run_until_complete(_run(app, core, asked, practise)))


async def _run(
    app: Any,
    core: Engine,
    asked: Callable[[], Sequence[Command]],
    practise: Callable[[], Awaitable[Command]] | None,
) -> int:
    from PySide6.QtCore import QSettings

    from ui.bridge import Bridge
    from ui.notify import DesktopService, Notifier
    from ui.pickup import PickupWindow
    from ui.summons import Summons
    from ui.theme import Scheme, Theme, program_icon
    from ui.tray import Tray
    from ui.window import MainWindow

    loop = asyncio.get_running_loop()
    quitting = asyncio.Event()
    app.setWindowIcon(program_icon())
    theme = Theme(app, Scheme(core.settings.window.theme))
    theme.apply()
    bridge = Bridge(core.bus, core.do)
    tray = Tray(bridge.do)
    window = MainWindow(
        theme, bridge, tray, _emergency(core.settings.region), QSettings("holdslayer", "window")
    )
    pickup = PickupWindow(theme, bridge.attempt)
    bell = RingerBell(core.settings.sound.ring, lambda text: _later(loop, pickup.say, text))
    notifier = Notifier(DesktopService(), tray.message)
    summons = Summons(pickup, bell, notifier, bridge.do, window.come_back)
    bridge.changed.connect(summons.show_state)
    tray.show_window.connect(window.come_back)
    window.quit_asked.connect(quitting.set)
    tray.quit.connect(lambda: _quit_if_allowed(window, bool(bridge.state.live), quitting))
    faults = Faults(loop, bridge.say)
    signals = Signals(quitting.set)

    practising: set[asyncio.Task[None]] = set()
    if practise is not None and not core.settings.accounts:
        window.dial.welcome()
        window.dial.practise_asked.connect(
            lambda: practising.add(loop.create_task(_practise(practise, bridge, window), name="practise"))
        )

    window.show()
    starting = loop.create_task(_start(core, bridge, window, asked), name="start")
    try:
        await quitting.wait()
    finally:
        window.close_for_good()
        pickup.put_away()
        for task in (starting, *practising):
            task.cancel()
        await asyncio.gather(starting, *practising, return_exceptions=True)
        await core.stop()
        await notifier.close()
        await asyncio.to_thread(bell.close)
        tray.close()
        bridge.close()
        signals.close()
        faults.close()
    return 0


async def _start(core: Engine, bridge: Any, window: Any, asked: Callable[[], Sequence[Command]]) -> None:
    await asyncio.sleep(0.05)  # the window paints first
    try:
        await core.start()
    except Exception as error:
        log.exception("the engine did not start")
        bridge.started()
        words = str(error)
        if not words.endswith("."):  # not a sentence for a person: a fault of ours or of a library
            words = f"The telephone could not be started ({type(error).__name__}: {words}). The log has the details."
        bridge.say(" ".join([words, *core.notices]))
        return
    bridge.started()
    window.dial.suggest(places(core.flows.all))
    # What the status line says already needs no notice.
    state = bridge.state
    said = {part.text for part in (state.audio, state.recogniser) if part is not None}
    notices = [sentence for sentence in core.notices if sentence not in said]
    if notices:
        bridge.say("\n".join(notices))
    for command in asked():
        bridge.do(command)
    # The bell's libraries are loaded before they are needed, off the loop: a ring must not wait for an import.
    await asyncio.to_thread(importlib.import_module, "engine.audio.ringer")


async def _practise(practise: Callable[[], Awaitable[Command]], bridge: Any, window: Any) -> None:
    try:
        bridge.do(await practise())
    except Exception as error:
        log.exception("the practice company did not open")
        words = sentence_of(error) or f"The practice company could not be opened ({type(error).__name__})."
        bridge.say(words)
    finally:
        window.dial.practice_opened()


def places(flows: Iterable[Any]) -> tuple[Any, ...]:
    """The companies that can be called by name: those of the flows with a number."""
    from ui.dial import Place

    return tuple(Place(flow.company or flow.name, flow.numbers[0], flow.id) for flow in flows if flow.numbers)


def _emergency(region: str) -> Callable[[str], bool]:
    def is_emergency(text: str) -> bool:
        from engine import numbers  # its tables load with the first number typed

        try:
            return numbers.parse(text, region).emergency
        except numbers.NumberError:
            return False

    return is_emergency


def _quit_if_allowed(window: Any, live: bool, quitting: asyncio.Event) -> None:
    if not live or window.ask_to_hang_up():
        quitting.set()


def _later(loop: asyncio.AbstractEventLoop, show: Callable[[str], None], text: str) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has closed: nobody is left to be told
        loop.call_soon_threadsafe(show, text)


class RingerBell:
    """The window's bell on the engine's ringer, whose libraries load with the first ring."""

    def __init__(self, device: str, on_problem: Callable[[str], None]) -> None:
        self._device, self._on_problem = device, on_problem
        self._ringer: Any = None

    def ring(self) -> None:
        """Ring until silenced."""
        self._made().ring()

    def cue(self) -> None:
        """The quiet cue, once."""
        self._made().ring(quiet=True)

    def silence(self) -> None:
        """Stop."""
        if self._ringer is not None:
            self._ringer.stop()

    def close(self) -> None:
        """Stop and wait for the devices to close; blocks up to a second."""
        if self._ringer is not None:
            self._ringer.close()

    def _made(self) -> Any:
        if self._ringer is None:
            try:
                from engine.audio.ringer import Ringer
            except (ImportError, OSError) as error:  # PortAudio's own library may be missing
                raise RuntimeError(f"It cannot ring: the sound library does not load ({error}).") from error
            self._ringer = Ringer((self._device,) if self._device else (), on_problem=self._on_problem)
        return self._ringer


class Faults:
    """What nobody caught, from Qt's slots, asyncio's tasks and threads: logged in full, shown in a sentence."""

    def __init__(self, loop: asyncio.AbstractEventLoop, show: Callable[[str], None]) -> None:
        self._loop, self._show = loop, show
        self._hooks = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._uncaught
        threading.excepthook = self._in_thread
        loop.set_exception_handler(self._in_loop)

    def close(self) -> None:
        """As it was before."""
        sys.excepthook, threading.excepthook = self._hooks
        self._loop.set_exception_handler(None)

    def _uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("uncaught", exc_info=(kind, error, trace))
        self._loop.call_soon_threadsafe(self._show, _fault_words(error))

    def _in_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._uncaught(args.exc_type, args.exc_value, args.exc_traceback)

    def _in_loop(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            self._uncaught(type(error), error, error.__traceback__)
        else:
            log.error("the loop reports: %s", context.get("message"))


def _fault_words(error: BaseException) -> str:
    return (
        f"Something went wrong inside Hold Slayer ({type(error).__name__}: {error}). "
        "Your calls go on; the log has the details."
    )


class Signals:
    """SIGINT and SIGTERM quit in order, at once: Qt sleeps in C, so a socket wakes it."""

    def __init__(self, quit_: Callable[[], None]) -> None:
        from PySide6.QtCore import QSocketNotifier

        self._quit = quit_
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        self._old_fd = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._old = {number: signal.signal(number, self._noted) for number in (signal.SIGINT, signal.SIGTERM)}
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._woken)

    def close(self) -> None:
        """As it was before."""
        self._notifier.setEnabled(False)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._old_fd)
        self._read.close()
        self._write.close()

    def _noted(self, number: int, frame: object) -> None:
        log.info("signal %d: quitting", number)
        self._quit()

    def _woken(self) -> None:
        # Python runs ``_noted`` as soon as it is back in bytecode, which is now.
        self._read.recv(4096)
