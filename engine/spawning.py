"""Starting child processes that do not import the program's main module.

``multiprocessing`` has a spawned child import whatever the parent was started as, so that functions of ``__main__`` can
be found there. Ours live in modules of their own; the child of a test run, of the window or of a script that has no
``if __name__ == "__main__"`` would import half the world, or start the program anew, for nothing.
"""

from __future__ import annotations

import threading
from multiprocessing import spawn
from multiprocessing.context import SpawnProcess
from typing import Any

_lock = threading.Lock()


def start_without_main(child: SpawnProcess) -> None:
    """Start ``child``. Its target and arguments must be found without ``__main__``. From any thread."""
    with _lock:
        whole = spawn.get_preparation_data

        def lean(name: str) -> dict[str, Any]:
            data = whole(name)
            if name == child.name:
                data.pop("init_main_from_name", None)
                data.pop("init_main_from_path", None)
            return data

        spawn.get_preparation_data = lean
        try:
            child.start()
        finally:
            spawn.get_preparation_data = whole
