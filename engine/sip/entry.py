"""Where a line process begins. Small, so that a missing SIP library is told as a sentence and not as a traceback."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import signal
import sys
from multiprocessing.connection import Connection

from engine.call import EndReason
from engine.sip import wire
from engine.sip.line import LineError

SWITCH_INTERVAL_S = 0.0005
"""The library's clock thread waits for the interpreter at most about this long."""


def run(pipe: Connection, set_up: wire.SetUp) -> None:
    """Main function of the line process. Never returns: it ends by ``os._exit`` after everything was hung up."""
    # Whatever a library prints must not get into the program's output, which may be JSON lines.
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the window process's business; it tells us
    faulthandler.enable()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    # The cyclic collector may run in any thread, and an object of the library must not die in a foreign one.
    gc.disable()
    try:
        with _library_found():
            from engine.sip.pjsua import SipThread
        thread = SipThread(pipe, set_up)
    except LineError as error:
        _last_words(pipe, wire.Failed(error.reason, error.text))
    except Exception as error:
        _last_words(pipe, wire.Failed(EndReason.FAILED, f"The line could not start: {error!r}."))
    else:
        thread.loop()
    os._exit(0)


class _library_found(contextlib.AbstractContextManager[None]):
    """Turn a missing library into a sentence."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ImportError):
            raise LineError(
                EndReason.FAILED,
                f"The SIP library cannot be loaded ({error}). Install it with packaging/run, or with "
                "“pip install pjsua2-python”.",
            ) from error


def _last_words(pipe: Connection, words: wire.Failed) -> None:
    with contextlib.suppress(OSError):
        pipe.send(words)
    os._exit(1)
