"""Files that survive a crash."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from engine.storage import durable


def test_write_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    durable.write(path, b"one")
    durable.write(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    durable.write(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        durable.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_keep_aside_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "file"
    kept = []
    for content in (b"a", b"b", b"c"):
        path.write_bytes(content)
        kept.append(durable.keep_aside(path, "corrupt"))
        assert not path.exists()
    assert [k.read_bytes() for k in kept] == [b"a", b"b", b"c"]


def test_sweep_takes_only_old_leftovers_of_this_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    old, new, other = (tmp_path / name for name in ("file.tmp-1-0", "file.tmp-2-0", "else.tmp-1-0"))
    for left in (old, new, other):
        left.write_bytes(b"x")
    for left in (old, other):
        os.utime(left, (0, 0))
    durable.sweep(path)
    assert not old.exists()
    assert new.exists()
    assert other.exists()


def test_a_lock_keeps_others_out_until_its_holder_dies(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, pathlib; from engine.storage import durable\n"
            "held = durable.acquire(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()",
            str(path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(durable.Taken):
            durable.acquire(path, wait=False)
        holder.kill()
    with durable.locked(path, wait=False):
        pass
