"""Whether a trunk can be reached and lets us in: a line of its own, one registration, away again."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from engine.sip.line import Account, Line, LineEvent, LineSettings, Registration, RemoveAccount, SetAccount

PATIENCE_S = 35.0
"""SIP gives a request up after 32 s (RFC 3261 timer F)."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How it went, in words."""

    works: bool
    text: str


async def try_account(
    account: Account, make_line: Callable[[LineSettings], Line] | None = None, patience_s: float = PATIENCE_S
) -> Trial:
    """Register once, whatever the account says of registering, and take the registration back.

    Raises ``LineError`` when not even a line can be had.
    """
    line = make_line(LineSettings(name="trial")) if make_line is not None else _line()
    answer: asyncio.Future[Registration] = asyncio.get_running_loop().create_future()

    def take(event: LineEvent) -> None:
        settled = isinstance(event, Registration) and (event.registered or event.reason is not None)
        if settled and isinstance(event, Registration) and event.account == account.id and not answer.done():
            answer.set_result(event)

    line.subscribe(take)
    await line.start()
    try:
        line.send(SetAccount(dataclasses.replace(account, register=True)))
        found = await asyncio.wait_for(answer, patience_s)
        if found.registered:
            line.send(RemoveAccount(account.id))
        return Trial(found.registered, found.text)
    except TimeoutError:
        return Trial(
            False, f"{account.host} did not answer within {patience_s:.0f} s. Check host, port and transport."
        )
    finally:
        await line.stop()


def _line() -> Line:
    from engine.sip.process import LineProcess

    return LineProcess(LineSettings(name="trial"))
