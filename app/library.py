"""All call flows there are: those shipped with the program and the user's own, found by id or by whom they are for.

A flow of the user's with the id of a shipped one takes its place. A file that cannot be used is left out and said so
(``notices``); it never keeps the others away.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from flows import codec
from flows.model import Flow

SHIPPED = Path(codec.__file__).resolve().parent / "library"


class Library:
    """The flows as they were on the disk when ``load`` was called last."""

    def __init__(self, own: Path, shipped: Path = SHIPPED) -> None:
        self._own = own
        self._shipped = shipped
        self._flows: dict[str, Flow] = {}
        self.notices: tuple[str, ...] = ()

    def load(self) -> None:
        """Read all flows anew. Never raises for what is in a file; see ``notices``."""
        flows: dict[str, Flow] = {}
        notices: list[str] = []
        for folder in (self._shipped, self._own):
            for path in sorted(folder.glob("*.json")):
                try:
                    flow = codec.load(path)
                except codec.FlowError as error:
                    notices.append(str(error))
                else:
                    flows[flow.id] = flow
        self._flows, self.notices = flows, tuple(notices)

    def add(self, flow: Flow) -> None:
        """Know a flow that is in no file of ours (given on the command line), for as long as the program runs."""
        self._flows[flow.id] = flow

    @property
    def all(self) -> tuple[Flow, ...]:
        """Every flow, by name."""
        return tuple(sorted(self._flows.values(), key=lambda flow: flow.name.casefold()))

    def get(self, flow: str) -> Flow | None:
        """The flow of that id."""
        return self._flows.get(flow)

    def for_company(self, company: str) -> Flow | None:
        """A flow for the company of that id or name."""
        wanted = company.casefold().strip()
        if not wanted:
            return None
        with contextlib.suppress(KeyError):
            return self._flows[company]
        return next(
            (flow for flow in self.all if wanted in (flow.company.casefold(), flow.name.casefold())), None
        )

    def for_number(self, number: str) -> Flow | None:
        """A flow for that number (E.164 or SIP URI)."""
        return next((flow for flow in self.all if number in flow.numbers), None)
