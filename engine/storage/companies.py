"""The shelf of what is remembered of each company: one small file a company, so that damage to one harms no other.

    recall(number, name) -> CompanyMemory         before dialling
    teach(number, name, Lesson) -> Taught         when a call ends, or the user says what a voice was: at once
    undo(Taught)                                  one click

A company is known by its name when it has one, else by the number dialled; ``numbers.json`` says which name a number
has. Files are TinyDB's, replaced as a whole and readable by their owner only. A damaged one is kept aside and said so
(``notices``); the call goes on and its memory begins anew. All of it happens on one disk thread, in order.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tinydb import TinyDB, where

from engine.deciding.expecting import Wait
from engine.hearing.prints import Prints
from engine.storage import durable
from engine.storage.atomic import AtomicJSONStorage
from engine.storage.company import LONGEST_WAIT_S, MOST_WAITS, CompanyMemory, Lesson, undone
from engine.storage.records import file_name

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST_COMPANIES = 400
"""Companies remembered; the one not called for longest goes first. A full memory takes about 250 kB."""
MOST_NUMBERS = 4000


class _Wait(BaseModel):
    model_config = ConfigDict(extra="ignore")
    weekday: int = Field(ge=0, le=6)
    hour: int = Field(ge=0, le=23)
    length_s: float = Field(ge=0, le=LONGEST_WAIT_S)


class _Row(BaseModel):
    """A memory as it lies in its file."""

    model_config = ConfigDict(extra="ignore")
    company: str
    prints: str = ""
    sentences: tuple[str, ...] = ()
    waits: tuple[_Wait, ...] = Field(default=(), max_length=MOST_WAITS)
    outcomes: dict[str, int] = {}


@dataclass(slots=True)
class Taught:
    """A lesson that was taught: what ``undo`` needs. ``before`` and ``after`` are filled in by the disk thread."""

    key: str
    lesson: Lesson
    before: CompanyMemory | None = None
    after: CompanyMemory | None = None


class Companies:
    """What is remembered of companies. ``start`` first; ``stop`` waits until all is on the disk.

    ``folder`` is theirs alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._disk: ThreadPoolExecutor | None = None
        self._notices: list[str] = []

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the user: what was damaged and where it is kept."""
        return tuple(self._notices)

    async def start(self) -> None:
        """Make the folder. Raises ``OSError``."""
        if self._disk is not None:
            return
        disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="companies")
        try:
            await asyncio.get_running_loop().run_in_executor(disk, durable.make_folder, self._folder)
        except BaseException:
            disk.shutdown(wait=False)
            raise
        self._disk = disk

    async def stop(self) -> None:
        """Wait for the disk. Any number of times."""
        disk, self._disk = self._disk, None
        if disk is not None:
            await asyncio.get_running_loop().run_in_executor(None, disk.shutdown)

    async def flush(self) -> None:
        """Wait until everything taught so far is on the disk."""
        if self._disk is not None:
            await self._on_disk(lambda: None)

    async def recall(self, number: str, name: str = "") -> CompanyMemory:
        """All that is remembered of a company. Never raises: what cannot be read is a notice, and not remembered."""
        if self._disk is None:
            return CompanyMemory()
        return await self._on_disk(lambda: self._recall(number, name))

    def teach(self, number: str, name: str, lesson: Lesson) -> Taught:
        """Remember a lesson. Returns at once; in order with all else, and written whole or not at all."""
        taught = Taught(_key(number, name), lesson)
        self._submit(lambda: self._teach(taught, number, name))
        return taught

    def undo(self, taught: Taught) -> None:
        """Take a lesson back. Returns at once."""
        self._submit(lambda: self._undo(taught))

    async def forget(self, number: str, name: str = "") -> bool:
        """Forget a company; whether there was anything. Raises ``OSError``."""
        return await self._on_disk(lambda: self._forget(number, name))

    # --- on the disk thread -------------------------------------------------------------------------------------

    async def _on_disk(self, work: Callable[[], T]) -> T:
        if self._disk is None:
            raise RuntimeError("the memory of companies is not open")
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)

    def _submit(self, work: Callable[[], None]) -> None:
        if self._disk is None:
            log.info("what a call has taught is not kept: the memory of companies is not open")
            return
        self._disk.submit(self._guarded, work)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            # The call matters more than what it teaches.
            log.exception("what a call has taught could not be kept")
            self._notices.append(f"What this call has taught could not be kept: {error}.")

    def _recall(self, number: str, name: str) -> CompanyMemory:
        try:
            if not name:
                name = self._name_of(number)
            of_number = self._read(_key(number, ""))
            return of_number.merge(self._read(_key(number, name))) if name else of_number
        except OSError as error:
            self._notices.append(
                f"What is remembered of this company cannot be read: {error.strerror or error}."
            )
            log.info("the memory of a company cannot be read", exc_info=True)
            return CompanyMemory()

    def _teach(self, taught: Taught, number: str, name: str) -> None:
        with durable.locked(self._folder / "companies.lock"):
            if not name and (known_name := self._name_of(number)):
                taught.key = _key(number, known_name)
            taught.before = self._read(taught.key)
            taught.after = taught.lesson.taught(taught.before)
            self._write(taught.key, taught.after)
            if name:
                self._note_number(number, name)
                # A sentence of the number's own memory, from a time without a name, is dropped there as well.
                own = _key(number, "")
                if self._path(own).exists():
                    known = self._read(own)
                    dropped = Lesson(drop=taught.lesson.drop).taught(known)
                    if dropped != known:
                        self._write(own, dropped)

    def _undo(self, taught: Taught) -> None:
        if taught.before is None or taught.after is None:
            return  # it never came to be taught
        with durable.locked(self._folder / "companies.lock"):
            known = self._read(taught.key)
            self._write(taught.key, undone(known, taught.before, taught.after))

    def _forget(self, number: str, name: str) -> bool:
        with durable.locked(self._folder / "companies.lock"):
            name = name or self._name_of(number)
            paths = {self._path(_key(number, "")), self._path(_key(number, name))}
            known = [path for path in paths if path.exists()]
            for path in known:
                durable.remove(path)
        return bool(known)

    def _path(self, key: str) -> Path:
        kind, _, words = key.partition(":")
        told = f"{file_name(words)[:40]}-" if kind == "name" else "number-"
        return self._folder / f"{told}{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"

    def _read(self, key: str) -> CompanyMemory:
        path = self._path(key)
        if not path.exists():
            return CompanyMemory()
        rows, storage = self._rows(path)
        self._notices += storage.notices
        if not rows:
            return CompanyMemory()
        try:
            row = _Row.model_validate(rows[0])
        except ValidationError:
            self._keep_copy(path, "It is not understood, and begun anew.")
            return CompanyMemory()
        try:
            prints = Prints.from_text(row.prints) if row.prints else Prints()
        except ValueError as error:
            self._keep_copy(path, str(error))
            prints = Prints()
        waits = tuple(Wait(wait.weekday, wait.hour, wait.length_s) for wait in row.waits)
        read = CompanyMemory(prints, row.sentences, waits, tuple(sorted(row.outcomes.items())))
        return CompanyMemory().merge(read)

    def _keep_copy(self, path: Path, what: str) -> None:
        kept = durable.keep_copy(path, "corrupt")
        notice = f"What was remembered of a company is damaged. {what} The old file is kept as {kept}."
        if notice not in self._notices:
            self._notices.append(notice)
            log.warning("%s", notice)

    def _rows(self, path: Path) -> tuple[list[dict[str, Any]], AtomicJSONStorage]:
        with TinyDB(path, storage=AtomicJSONStorage) as shelf:
            storage = shelf.storage
            assert isinstance(storage, AtomicJSONStorage)
            return [dict(row) for row in shelf.all()], storage

    def _write(self, key: str, memory: CompanyMemory) -> None:
        path = self._path(key)
        row = _Row(
            company=key,
            prints=memory.prints.to_text() if memory.prints.utterances else "",
            sentences=memory.sentences,
            waits=tuple(_Wait(weekday=w.weekday, hour=w.hour, length_s=w.length_s) for w in memory.waits),
            outcomes=dict(memory.outcomes),
        )
        if not path.exists():
            self._make_room()
        with TinyDB(path, storage=AtomicJSONStorage) as shelf:
            # One write of the whole table: a row that was damaged goes with it (its file is kept beside).
            shelf.storage.write({shelf.default_table_name: {"1": row.model_dump(mode="json")}})

    def _make_room(self) -> None:
        files = [f for f in self._folder.glob("*.json") if f.name != "numbers.json"]
        for old in sorted(files, key=lambda f: f.stat().st_mtime)[: max(0, len(files) - MOST_COMPANIES + 1)]:
            durable.remove(old)

    # --- which name a number has --------------------------------------------------------------------------------

    def _name_of(self, number: str) -> str:
        path = self._folder / "numbers.json"
        if not path.exists():
            return ""
        rows, storage = self._rows(path)
        self._notices += storage.notices
        return next((str(row.get("name", "")) for row in rows if row.get("number") == number), "")

    def _note_number(self, number: str, name: str) -> None:
        if self._name_of(number) == name:
            return
        with TinyDB(self._folder / "numbers.json", storage=AtomicJSONStorage) as shelf:
            shelf.upsert({"number": number, "name": name}, where("number") == number)
            extra = sorted(row.doc_id for row in shelf.all())[:-MOST_NUMBERS]
            shelf.remove(doc_ids=extra)


def _key(number: str, name: str) -> str:
    return f"name:{' '.join(name.casefold().split())}" if name.strip() else f"number:{number}"
