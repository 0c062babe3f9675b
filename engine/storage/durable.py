"""Files that survive a crash: written beside, flushed to the disk, then put in place in one step.

    bytes -> NAME.tmp-PID-N (0600) -> fsync -> os.replace(NAME) -> fsync of the folder

A reader sees the old file or the new one, never half of either, whatever moment the power fails in. A damaged file
that comes from elsewhere is never overwritten: ``keep_aside`` and ``keep_copy`` hold on to it under another name.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

FILE_MODE = 0o600
"""What is written here is the user's own: calls, settings, secrets."""
FOLDER_MODE = 0o700

_serial = itertools.count()


def make_folder(folder: Path) -> None:
    """Make ``folder`` and what is above it; what is made new is for the user alone."""
    if not folder.is_dir():
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)


def write(path: Path, content: bytes) -> None:
    """Replace the file ``path`` by one that holds ``content``, all or nothing. Raises ``OSError``."""
    make_folder(path.parent)
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}-{next(_serial)}")
    descriptor = os.open(
        temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), FILE_MODE
    )
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _flush_folder(path.parent)


def remove(path: Path) -> None:
    """Remove the file for good; nothing happens when it is not there."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
        _flush_folder(path.parent)


def sweep(path: Path) -> None:
    """Remove temporary files that a crash in mid-write left beside ``path`` (only those of dead writers are old)."""
    an_hour_ago = time.time() - 3600
    for left in path.parent.glob(f"{path.name}.tmp-*"):
        with contextlib.suppress(OSError):
            if left.stat().st_mtime < an_hour_ago:
                left.unlink()


def keep_aside(path: Path, word: str) -> Path:
    """Rename the damaged file ``path`` to ``NAME.word-DATE`` and return where it is now."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in itertools.count():
        target = path.with_name(f"{path.name}.{word}-{stamp}" + (f"-{number}" if number else ""))
        if not target.exists():
            os.replace(path, target)
            _flush_folder(path.parent)
            return target
    raise AssertionError("count() has no end")


def keep_copy(path: Path, word: str) -> Path:
    """Copy the damaged file ``path`` to ``NAME.word`` (numbered when that is another one) and leave it in place."""
    content = path.read_bytes()
    for number in itertools.count():
        target = path.with_name(f"{path.name}.{word}" + (f"-{number}" if number else ""))
        if not target.exists():
            write(target, content)
            shutil.copystat(path, target)
            with contextlib.suppress(OSError):
                target.chmod(FILE_MODE)
            return target
        if target.read_bytes() == content:
            return target
    raise AssertionError("count() has no end")


class Taken(Exception):
    """Another process holds the lock."""


@contextlib.contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[IO[bytes]]:
    """Hold the lock file ``path`` against every other process. ``wait`` False: raises ``Taken`` instead of waiting.

    The system lets go of the lock when its holder dies, however it dies.
    """
    file = acquire(path, wait=wait)
    try:
        yield file
    finally:
        file.close()


def acquire(path: Path, wait: bool = True) -> IO[bytes]:
    """Take the lock file ``path`` and hold it until the returned file is closed. Raises ``Taken``."""
    make_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), FILE_MODE)
    file = os.fdopen(descriptor, "r+b", buffering=0)
    try:
        _take(file, wait)
    except BaseException:
        file.close()
        raise
    return file


if os.name == "nt":  # pragma: no cover - the other branch is what runs elsewhere
    import msvcrt

    def _take(file: IO[bytes], wait: bool) -> None:
        while True:
            try:
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
                return
            except OSError as error:
                if not wait:
                    raise Taken(str(error)) from error
                time.sleep(0.02)

    def _flush_folder(folder: Path) -> None:
        """NTFS keeps the order of renames by itself, and a folder cannot be opened there."""

else:
    import fcntl

    def _take(file: IO[bytes], wait: bool) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise Taken(str(error)) from error

    def _flush_folder(folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            # Some file systems (a few network ones) refuse to flush a folder; the file itself is safe there already.
            with contextlib.suppress(OSError):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
