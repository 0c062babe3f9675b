"""A storage for TinyDB that cannot lose the file: TinyDB's own overwrites in place.

What is read is kept, and read again only when the file on the disk is another one, so that a query does not parse
the whole file each time. A file that cannot be read is kept aside as ``NAME.corrupt-DATE`` and said so.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

from tinydb.storages import Storage

from engine.storage import durable

log = logging.getLogger(__name__)

Tables = dict[str, dict[str, Any]]


class AtomicJSONStorage(Storage):
    """Keeps TinyDB's tables in one JSON file, mode 0600, replaced as a whole at every write.

    ``notices`` are sentences for the user about what had to be kept aside.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._known: Tables | None = None
        self._known_as: tuple[int, int, int] | None = None
        self.notices: list[str] = []
        durable.make_folder(self._path.parent)
        durable.sweep(self._path)

    def read(self) -> Tables | None:
        """The tables, None while there is no file. A damaged file is kept aside and counts as no file."""
        mark = self._mark()
        if mark is None:
            return None
        if mark != self._known_as:
            self._known = self._load()
            self._known_as = self._mark()
        return self._known

    def write(self, data: Tables) -> None:
        """Replace the file. Raises ``OSError``; what was there before is then still there."""
        self._known_as = (
            None  # TinyDB changes the tables in place before it writes: on failure, read them anew
        )
        durable.write(self._path, json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())
        self._known = data
        self._known_as = self._mark()

    def close(self) -> None:
        """Nothing is held open."""

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return (status.st_mtime_ns, status.st_size, status.st_ino)

    def _load(self) -> Tables | None:
        try:
            content = json.loads(self._path.read_bytes().decode())
            if not isinstance(content, dict) or not all(
                isinstance(table, dict) for table in content.values()
            ):
                raise ValueError("it does not hold tables")
        except (ValueError, RecursionError) as error:
            aside = durable.keep_aside(self._path, "corrupt")
            notice = (
                f"The file {self._path} cannot be read ({error}). It is kept as {aside.name} beside it, "
                "and a new one is begun."
            )
            self.notices.append(notice)
            log.warning("%s", notice)
            return None
        return content
