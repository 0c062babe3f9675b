"""What holds for every test: nothing of the user's is touched, nothing is left behind, no warning passes unseen.

* Qt draws off screen unless `QT_QPA_PLATFORM` says otherwise.
* HOME, the XDG folders and their Windows twins are fresh and empty for each test.
* The keyring refuses to work unless a test sets one of its own; model hubs are off line.
* A record of level WARNING or worse fails the test that logged it. A test that provokes one takes the fixture
  `expected_warnings` and looks at what came; the marker `allow_warnings("why")` is for where it cannot.
* A thread, a child process or an asyncio task that outlives its test fails it.
* Hypothesis tries the same examples each time, however slow the machine; `--hypothesis-profile=default` looks for new
  ones.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio

hypothesis.settings.register_profile(
    "same each time",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("same each time")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

LEAK_PATIENCE_S = 10.0
"""How long a thread, process or task may take to end after its test before it counts as leaked."""

_FOREIGN_THREAD_NAMES = ("tqdm_monitor", "pydevd", "pytest_timeout", "asyncio-waitpid")


def _point_home_at(folder: Path, setenv: pytest.MonkeyPatch) -> None:
    """Make `folder` the home of everything a program writes for its user."""
    places = {
        "HOME": folder,
        "USERPROFILE": folder,
        "APPDATA": folder / "AppData" / "Roaming",
        "LOCALAPPDATA": folder / "AppData" / "Local",
        "XDG_CONFIG_HOME": folder / ".config",
        "XDG_DATA_HOME": folder / ".local" / "share",
        "XDG_STATE_HOME": folder / ".local" / "state",
        "XDG_CACHE_HOME": folder / ".cache",
        "XDG_RUNTIME_DIR": folder / "run",
    }
    for name, place in places.items():
        place.mkdir(parents=True, exist_ok=True)
        setenv.setenv(name, str(place))
    # Qt complains of a runtime folder that others may read.
    (folder / "run").chmod(0o700)


@pytest.fixture(scope="session", autouse=True)
def _session_surroundings() -> Iterator[None]:
    """The same protection for fixtures that live longer than one test."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="hs-home-") as folder:
        _point_home_at(Path(folder), patch)
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        yield


@pytest.fixture(autouse=True)
def _private_home(_session_surroundings: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        _point_home_at(tmp_path_factory.mktemp("home"), patch)
        yield


@dataclass
class WarningsLogged:
    """Records of level WARNING and worse of one test, in the order they came."""

    records: list[logging.LogRecord] = field(default_factory=list)

    @property
    def messages(self) -> list[str]:
        """Texts of the records, arguments filled in."""
        return [record.getMessage() for record in self.records]


class _Collector(logging.Handler):
    def __init__(self, into: WarningsLogged) -> None:
        super().__init__(logging.WARNING)
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        self._into.records.append(record)


def _allowed(request: pytest.FixtureRequest) -> bool:
    marker = request.node.get_closest_marker("allow_warnings")
    if marker is None:
        return False
    reason = marker.kwargs.get("reason", marker.args[0] if marker.args else "")
    if not reason:
        pytest.fail(
            "The marker allow_warnings needs a reason: @pytest.mark.allow_warnings('why')", pytrace=False
        )
    return True


@pytest.fixture(autouse=True)
def _no_warning_logged(request: pytest.FixtureRequest) -> Iterator[WarningsLogged]:
    logged = WarningsLogged()
    collector = _Collector(logged)
    root = logging.getLogger()
    root.addHandler(collector)
    try:
        yield logged
    finally:
        root.removeHandler(collector)
    if "expected_warnings" in request.fixturenames:
        if not logged.records:
            pytest.fail(
                "The test takes expected_warnings, and nothing was logged at WARNING or worse.", pytrace=False
            )
    elif logged.records and not _allowed(request):
        lines = [f"{r.levelname} {r.name}: {r.getMessage()}" for r in logged.records]
        pytest.fail("Logged during the test:\n  " + "\n  ".join(lines), pytrace=False)


@pytest.fixture
def expected_warnings(_no_warning_logged: WarningsLogged) -> WarningsLogged:
    """For a test that provokes warnings: what was logged so far. At least one must come."""
    return _no_warning_logged


def _ours(thread: threading.Thread) -> bool:
    # A thread that Qt, PortAudio or pj made shows up as a dummy when Python runs in it, and never ends for Python.
    return not isinstance(thread, threading._DummyThread) and not thread.name.startswith(
        _FOREIGN_THREAD_NAMES
    )


@pytest.fixture(autouse=True)
def _nothing_left_running() -> Iterator[None]:
    threads_before = set(threading.enumerate())
    children_before = {child.pid for child in multiprocessing.active_children()}
    yield

    def threads() -> list[threading.Thread]:
        return [t for t in threading.enumerate() if t not in threads_before and t.is_alive() and _ours(t)]

    def children() -> list[multiprocessing.process.BaseProcess]:
        return [c for c in multiprocessing.active_children() if c.pid not in children_before]

    if not threads() and not children():
        return
    gc.collect()  # an executor nobody holds any more ends its workers when it is collected
    give_up_at = time.monotonic() + LEAK_PATIENCE_S
    while (threads() or children()) and time.monotonic() < give_up_at:
        time.sleep(0.01)
    left = [f"thread {t.name}" for t in threads()]
    for child in children():
        left.append(f"process {child.name}")
        child.kill()
        child.join()
    if left:
        pytest.fail("Still running after the test: " + ", ".join(left), pytrace=False)


@pytest.fixture(autouse=True)
def _tasks_watched(_nothing_left_running: None, request: pytest.FixtureRequest) -> None:
    # Asked for before the fixtures of the test itself, so that it looks after they are all torn down.
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("_no_task_left")


@pytest_asyncio.fixture
async def _no_task_left() -> AsyncIterator[None]:
    """Torn down after every other fixture of the test and before its loop is closed."""
    before = asyncio.all_tasks()
    yield
    new = asyncio.all_tasks() - before - {asyncio.current_task()}
    if not new:
        return
    _, pending = await asyncio.wait(new, timeout=LEAK_PATIENCE_S)
    if pending:
        names = ", ".join(f"{task.get_name()} ({task.get_coro()!r})" for task in pending)
        for task in pending:
            task.cancel()
        pytest.fail(f"asyncio tasks still running after the test: {names}", pytrace=False)
