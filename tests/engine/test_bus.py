"""The bus delivers every fact, in order, to those who asked, whatever else goes wrong."""

from __future__ import annotations

import asyncio
import threading

import pytest

from engine.bus import HISTORY, Bus
from engine.call import CallId, LineState
from engine.events import Event, LineChanged, LineProcess

UP = LineProcess(at=1.0, line="line 1", up=True)
CHANGED = LineChanged(at=2.0, call=CallId("a"), state=LineState.EARLY)


def test_a_handler_hears_its_class_only_and_no_more_after_unsubscribing() -> None:
    bus = Bus()
    heard: list[Event] = []
    stop = bus.subscribe(LineProcess, heard.append)
    bus.publish(UP)
    bus.publish(CHANGED)
    stop()
    stop()  # twice is harmless
    bus.publish(UP)
    assert heard == [UP]


def test_late_joiners_find_the_last_events_in_order() -> None:
    bus = Bus()
    for number in range(HISTORY + 5):
        bus.publish(LineProcess(at=float(number), line="line 1", up=True))
    assert [event.at for event in bus.history] == [float(n) for n in range(5, HISTORY + 5)]


def test_a_handler_that_fails_keeps_nobody_from_hearing(expected_warnings) -> None:  # type: ignore[no-untyped-def]
    bus = Bus()
    heard: list[Event] = []

    def fails(_event: LineProcess) -> None:
        raise ValueError("broken handler")

    bus.subscribe(LineProcess, fails)
    bus.subscribe(LineProcess, heard.append)
    bus.subscribe_all(heard.append)
    bus.publish(UP)
    assert heard == [UP, UP]
    assert expected_warnings.messages == ["a handler of LineProcess failed"]


async def test_posts_from_many_threads_arrive_on_the_loop_thread_none_lost() -> None:
    bus = Bus(asyncio.get_running_loop())
    here = threading.get_ident()
    seen: list[tuple[int, Event]] = []
    bus.subscribe_all(lambda event: seen.append((threading.get_ident(), event)))

    def post_many(name: str) -> None:
        for number in range(200):
            bus.post(LineProcess(at=float(number), line=name, up=True))

    threads = [threading.Thread(target=post_many, args=(f"line {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    await asyncio.sleep(0)
    assert {thread for thread, _ in seen} == {here}
    for name in ("line 0", "line 1", "line 2", "line 3"):
        assert [e.at for _, e in seen if isinstance(e, LineProcess) and e.line == name] == [
            float(n) for n in range(200)
        ]


def test_a_bus_without_a_loop_says_so_when_posted_to() -> None:
    with pytest.raises(RuntimeError, match="without a loop"):
        Bus().post(UP)


def test_after_the_loop_has_closed_posts_go_nowhere() -> None:
    loop = asyncio.new_event_loop()
    bus = Bus(loop)
    loop.close()
    bus.post(UP)
    assert bus.history == ()
