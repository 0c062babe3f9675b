"""Notifications: with buttons, as a balloon, or not at all - and never an error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from ui.notify import Action, Notifier


@dataclass
class Service:
    """In place of the desktop. ``broken`` refuses; ``gate``, when set, makes showing take its time."""

    shown: list[tuple[str, str]] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    actions: tuple[Action, ...] = ()
    broken: bool = False
    gate: asyncio.Event | None = None
    closed: bool = False

    async def show(
        self, title: str, text: str, actions: Sequence[Action], clicked: Callable[[], object], urgent: bool
    ) -> str:
        if self.gate is not None:
            await self.gate.wait()
        if self.broken:
            raise RuntimeError("no notification service answers")
        self.shown.append((title, text))
        self.actions = tuple(actions)
        return f"note {len(self.shown)}"

    async def withdraw(self, shown: str) -> None:
        self.withdrawn.append(shown)

    async def close(self) -> None:
        self.closed = True


class Balloons:
    """In place of the tray's balloons."""

    def __init__(self, works: bool = True) -> None:
        self.works, self.shown = works, []  # type: tuple[bool, list[tuple[str, str]]]

    def __call__(self, title: str, text: str) -> bool:
        if self.works:
            self.shown.append((title, text))
        return self.works


def show(notifier: Notifier, title: str, *actions: Action) -> None:
    notifier.show(title, "words", actions, lambda: None, urgent=True)


async def test_its_buttons_act() -> None:
    service, pressed = Service(), []
    notifier = Notifier(service, Balloons())
    show(notifier, "A person", Action("Pick up", lambda: pressed.append("picked up")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    service.actions[0].pressed()
    assert pressed == ["picked up"]
    await notifier.close()
    assert service.withdrawn == ["note 1"]
    assert service.closed


async def test_the_next_takes_the_place_of_the_last() -> None:
    service = Service()
    notifier = Notifier(service, Balloons())
    show(notifier, "one")
    await asyncio.sleep(0.01)
    show(notifier, "two")
    await asyncio.sleep(0.01)
    assert [title for title, _ in service.shown] == ["one", "two"]
    assert service.withdrawn == ["note 1"]
    await notifier.close()


async def test_withdrawn_while_it_is_being_shown_it_does_not_stay() -> None:
    service = Service(gate=asyncio.Event())
    notifier = Notifier(service, Balloons())
    show(notifier, "one")
    await asyncio.sleep(0)
    notifier.withdraw()
    assert service.gate is not None
    service.gate.set()
    await notifier.close()
    assert service.shown == [("one", "words")]
    assert service.withdrawn == ["note 1"]


async def test_without_a_service_a_balloon() -> None:
    service, balloons = Service(broken=True), Balloons()
    notifier = Notifier(service, balloons)
    show(notifier, "one")
    await asyncio.sleep(0.01)
    await notifier.close()
    assert balloons.shown == [("one", "words")]


async def test_a_service_that_failed_is_not_asked_again() -> None:
    service, balloons = Service(broken=True), Balloons()
    notifier = Notifier(service, balloons)
    show(notifier, "one")
    await asyncio.sleep(0.01)
    service.broken = False
    show(notifier, "two")
    await asyncio.sleep(0.01)
    await notifier.close()
    assert service.shown == []
    assert [title for title, _ in balloons.shown] == ["one", "two"]


async def test_with_nothing_at_all_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    notifier = Notifier(None, Balloons(works=False))
    with caplog.at_level("INFO"):
        show(notifier, "one")
        await asyncio.sleep(0.01)
        await notifier.close()
    assert "the window alone calls the user" in caplog.text


def test_after_the_loop_has_ended_nothing_is_shown() -> None:
    service = Service()
    notifier = Notifier(service, Balloons())
    show(notifier, "too late")
    assert service.shown == []
