"""The pretend company that a user of the window can call with one click, to see how it all works."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.commands.practice import DEFAULT_COMPANY, Visit, Wish

if TYPE_CHECKING:
    from app.compose import Core
    from engine.commands import SlayHold


class OnDemand:
    """The company that opens when somebody in the window wants to see how it all works, and stays until the end."""

    def __init__(self) -> None:
        self._core: Core | None = None
        self._visit: Visit | None = None
        self._opening = asyncio.Lock()

    async def arrive(self, core: Core) -> None:
        """Nobody has asked yet: nothing opens."""
        self._core = core

    async def call(self) -> SlayHold:
        """Open the company, if it is not open, and return the wish to call it. Raises sentences (``complaints``)."""
        from engine.practice import scenario as scenarios

        if self._core is None:
            raise RuntimeError("the program has not started")
        wish = Wish(scenarios.load(DEFAULT_COMPANY), DEFAULT_COMPANY, "", use_flow=True)
        async with self._opening:
            if self._visit is None:
                visit = Visit(wish)
                await visit.arrive(self._core)
                self._visit = visit
        return wish.command(self._core, self._visit.uri)

    async def leave(self) -> None:
        """Close the company."""
        if self._visit is not None:
            await self._visit.leave()
            self._visit = None
