"""What is kept of every call, and the shelf where it is kept.

    events -> RecordBuilder (loop thread) -> CallRecord -> disk thread -> running/RUN/CALL.json, later calls.json

A call still going on has a small file of its own, written when it begins and at each change of phase, so that writing
costs the same however long the history is and a crash loses no call. When it ends, its record moves to the shelf
(TinyDB). Each run of the program holds a lock as long as it lives; what lies in the folder of a run whose lock can be
had was left by a crash, and goes to the shelf as *interrupted* at the next start.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TypeVar

from pydantic import ValidationError
from tinydb import TinyDB, where

from engine.bus import Bus
from engine.call import CallId
from engine.events import CallEnded, Event
from engine.storage import durable
from engine.storage.atomic import AtomicJSONStorage
from engine.storage.record import CallRecord, RecordBuilder

log = logging.getLogger(__name__)

T = TypeVar("T")


class Records:
    """The user's call records. ``start`` before anything else; ``stop`` waits until all is on the disk.

    ``folder`` is theirs alone. Every method that touches the disk does so on one disk thread.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._run = f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:8]}"
        self._disk: ThreadPoolExecutor | None = None
        self._lock: IO[bytes] | None = None
        self._shelf: TinyDB | None = None
        self._storage: AtomicJSONStorage | None = None
        self._building: dict[CallId, RecordBuilder] = {}
        self._detach: list[Callable[[], None]] = []

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the user: what was damaged and where it is kept."""
        return tuple(self._storage.notices) if self._storage is not None else ()

    async def start(self) -> int:
        """Open the shelf and put calls of crashed runs on it; returns how many those were. Raises ``OSError``."""
        if self._disk is not None:
            return 0
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="disk")
        try:
            return await self._on_disk(self._open)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Let go of the bus and wait for the disk. Any number of times. A call still going on stays *interrupted*."""
        for detach in self._detach:
            detach()
        self._detach.clear()
        disk, self._disk = self._disk, None
        if disk is None:
            return
        for builder in self._building.values():
            disk.submit(self._write_running, builder.record)
        self._building.clear()
        await asyncio.get_running_loop().run_in_executor(disk, self._close)
        disk.shutdown(wait=True)

    def attach(self, bus: Bus) -> Callable[[], None]:
        """Build records from what the bus says. Returns the function that ends it."""
        detach = bus.subscribe_all(self.note)
        self._detach.append(detach)
        return detach

    def note(self, event: Event) -> None:
        """Take one event into the record of its call. On the loop's thread; never waits."""
        call = getattr(event, "call", None)
        if call is None:
            return
        builder = self._building.get(call)
        if builder is None:
            builder = RecordBuilder.begin(event)
            if builder is None:
                return
            self._building[call] = builder
            important = True
        else:
            important = builder.take(event)
        if isinstance(event, CallEnded):
            del self._building[call]
            self._submit(self._finish, builder.record)
        elif important:
            self._submit(self._write_running, builder.record)

    async def flush(self) -> None:
        """Wait until everything noted so far is on the disk."""
        if self._disk is not None:
            await self._on_disk(lambda: None)

    async def recent(self, limit: int = 100) -> list[CallRecord]:
        """The last calls that are over, the newest first."""
        return (await self._on_disk(self._read))[:limit]

    async def get(self, call: str) -> CallRecord | None:
        """The record of one call that is over, None when there is none."""
        for record in await self._on_disk(self._read):
            if record.id == call:
                return record
        return None

    async def delete(self, call: str) -> None:
        """Forget one call (its recording, if it has one, stays where it is)."""
        await self._on_disk(lambda: self._change(lambda shelf: shelf.remove(where("id") == call)))

    # --- on the disk thread -------------------------------------------------------------------------------------

    async def _on_disk(self, work: Callable[[], T]) -> T:
        if self._disk is None:
            raise RuntimeError("the records are not open")
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)

    def _submit(self, work: Callable[[CallRecord], None], record: CallRecord) -> None:
        if self._disk is None:
            log.error("a call record came after the records were closed")
            return
        self._disk.submit(self._guarded, work, record)

    def _guarded(self, work: Callable[[CallRecord], None], record: CallRecord) -> None:
        try:
            work(record)
        except Exception:
            # The call goes on without its record; the next change of phase tries again.
            log.exception("the record of a call could not be written")

    def _open(self) -> int:
        durable.make_folder(self._folder)
        running = self._folder / "running"
        own = running / f"{self._run}.lock"
        while self._lock is None:
            held = durable.acquire(own)
            # Another program that starts now may have taken it for one left behind, in the moment before it was held.
            if own.exists():
                self._lock = held
            else:
                held.close()
        shelf = TinyDB(self._folder / "calls.json", storage=AtomicJSONStorage)
        self._shelf = shelf
        storage = shelf.storage
        assert isinstance(storage, AtomicJSONStorage)
        self._storage = storage
        return sum(self._recover(lock) for lock in sorted(running.glob("*.lock")) if lock.stem != self._run)

    def _close(self) -> None:
        if self._lock is None:
            return
        folder = self._running_folder
        if not folder.exists() or not any(folder.iterdir()):
            # Nothing left behind: the run leaves no trace. Otherwise the next start finds what was going on.
            with contextlib.suppress(OSError):
                folder.rmdir()
            self._unlink(folder.with_suffix(".lock"))
        self._lock.close()
        self._lock = None

    def _unlink(self, lock: Path) -> None:
        # Windows cannot remove an open file; it is removed there by the next start.
        with contextlib.suppress(OSError):
            lock.unlink()

    def _recover(self, lock: Path) -> int:
        try:
            held = durable.acquire(lock, wait=False)
        except durable.Taken:
            return 0  # that run is alive
        left: list[CallRecord] = []
        folder = lock.with_suffix("")
        with held:
            for file in sorted(folder.glob("*.json")):
                try:
                    left.append(CallRecord.model_validate_json(file.read_bytes()).as_interrupted())
                except ValidationError:
                    aside = durable.keep_aside(file, "corrupt")
                    shutil.move(aside, self._folder / aside.name)
                    log.warning("The record of an interrupted call is damaged; it is kept as %s.", aside.name)
            self._put(left)
            if folder.exists():
                shutil.rmtree(folder)
            self._unlink(lock)
        self._unlink(lock)
        return len(left)

    @property
    def _running_folder(self) -> Path:
        return self._folder / "running" / self._run

    def _write_running(self, record: CallRecord) -> None:
        durable.write(
            self._running_folder / f"{file_name(record.id)}.json", record.model_dump_json().encode()
        )

    def _finish(self, record: CallRecord) -> None:
        self._put([record])
        durable.remove(self._running_folder / f"{file_name(record.id)}.json")

    def _put(self, records: Iterable[CallRecord]) -> None:
        rows = [record.model_dump(mode="json") for record in records]
        if not rows:
            return

        def insert(shelf: TinyDB) -> None:
            for row in rows:
                shelf.upsert(row, where("id") == row["id"])

        self._change(insert)

    def _change(self, change: Callable[[TinyDB], object]) -> None:
        assert self._shelf is not None
        # Two programs may run at once: the shelf is read anew and written back under a lock.
        with durable.locked(self._folder / "calls.lock"):
            self._shelf.clear_cache()
            # TinyDB remembers the last id it gave; another program may have given the next one.
            self._shelf.table(self._shelf.default_table_name)._next_id = None
            change(self._shelf)

    def _read(self) -> list[CallRecord]:
        assert self._shelf is not None
        self._shelf.clear_cache()
        records = []
        for row in self._shelf.all():
            try:
                records.append(CallRecord.model_validate(dict(row)))
            except ValidationError:
                log.warning("a call record on the shelf cannot be understood and is left as it is")
        return sorted(records, key=lambda record: record.started_at, reverse=True)


def file_name(call: str) -> str:
    """A call's id as a file name (ids are ours, but what is dialled may one day be part of one)."""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in call)[:100] or os.urandom(8).hex()
