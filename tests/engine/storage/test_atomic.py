"""TinyDB's file under crashes and damage."""

from __future__ import annotations

import json
import random
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tinydb import TinyDB

from engine.storage.atomic import AtomicJSONStorage
from tests.conftest import WarningsLogged

WRITER = """
import sys
from tinydb import TinyDB
from engine.storage.atomic import AtomicJSONStorage
with TinyDB(sys.argv[1], storage=AtomicJSONStorage) as db:
    count = len(db)
    print("ready", flush=True)
    while True:
        count += 1
        db.insert({"count": count, "filling": "x" * 20_000})
        print(count, flush=True)
"""


def test_it_keeps_what_is_inserted(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    with TinyDB(path, storage=AtomicJSONStorage) as db:
        assert db.all() == []
        db.insert({"a": 1})
        assert db.all() == [{"a": 1}]
    with TinyDB(path, storage=AtomicJSONStorage) as db:
        assert db.all() == [{"a": 1}]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_sees_what_another_wrote(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    with TinyDB(path, storage=AtomicJSONStorage) as one, TinyDB(path, storage=AtomicJSONStorage) as other:
        one.insert({"a": 1})
        assert len(other) == 1
        other.insert({"b": 1})
        one.clear_cache()
        assert len(one.all()) == 2


def test_a_refused_write_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "db.json"
    with TinyDB(path, storage=AtomicJSONStorage) as db:
        db.insert({"a": 1})
        with monkeypatch.context() as patch:

            def refuse(source: object, target: object) -> None:
                raise PermissionError(13, "no")

            patch.setattr("os.replace", refuse)
            with pytest.raises(PermissionError):
                db.insert({"b": 1})
        assert db.all() == [{"a": 1}]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b'{"_default": 3}', b"\xff", b'{"_default": {"1": {"a"']
)
def test_a_damaged_file_is_kept_aside(
    tmp_path: Path, content: bytes, expected_warnings: WarningsLogged
) -> None:
    path = tmp_path / "db.json"
    path.write_bytes(content)
    storage = AtomicJSONStorage(path)
    assert storage.read() is None
    kept = list(tmp_path.glob("db.json.corrupt-*"))
    assert [k.read_bytes() for k in kept] == [content]
    assert kept[0].name in storage.notices[0]
    assert expected_warnings.messages == storage.notices
    storage.write({"_default": {}})
    assert storage.read() == {"_default": {}}


def test_killed_in_mid_write_it_is_always_whole(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    seed = random.Random(7)
    promised = 0
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(seed.uniform(0.0, 0.05))
            writer.kill()
            said = [int(line) for line in writer.stdout.read().splitlines()]
        promised = max([promised, *said])
        kept = json.loads(path.read_text()) if path.exists() else {"_default": {}}
        counts = [row["count"] for row in kept["_default"].values()]
        # Every insert that was reported is there, in order and complete; at most one more that was not yet reported.
        assert counts == list(range(1, len(counts) + 1))
        assert promised <= len(counts) <= promised + 1
        promised = len(counts)
    assert promised > 0
    assert not list(tmp_path.glob("*.corrupt*"))
