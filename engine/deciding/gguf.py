"""Opening a model file in llama.cpp: quietly, and with a sentence when it cannot be used.

llama-cpp-python silences the library by pointing the process's stdout and stderr at nowhere while a model loads. In a
program whose stdout is a stream of JSON lines written by another thread that would lose lines, so its redirection is
switched off and the library's own log goes to ``logging`` at DEBUG instead.
"""

from __future__ import annotations

import ctypes
import logging
from functools import lru_cache
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

_MAGIC = b"GGUF"


class ModelError(Exception):
    """A model file cannot be used. ``str()`` is a sentence: which file, what is wrong, what to do."""


class _LeaveStreamsAlone:
    def __init__(self, disable: bool = True) -> None:
        pass

    def __enter__(self) -> _LeaveStreamsAlone:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@lru_cache(maxsize=1)
def _library() -> Any:
    """llama_cpp, imported where it is first needed (it is heavy), with its hands off our streams."""
    import llama_cpp
    from llama_cpp import _internals, _utils, llama, llama_chat_format

    modules: tuple[Any, ...] = (_internals, llama, llama_chat_format)
    for module in modules:
        module.suppress_stdout_stderr = _LeaveStreamsAlone
    _utils.outnull_file.close()
    _utils.errnull_file.close()

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
    def to_log(_level: int, text: bytes, _data: object) -> None:
        log.debug("llama.cpp: %s", text.decode("utf-8", "replace").rstrip())

    llama_cpp.llama_log_set(to_log, ctypes.c_void_p(0))
    library: Any = llama_cpp
    library.holdslayer_log = to_log  # kept alive as long as the library may call it
    return library


def check(path: Path) -> None:
    """Raise ``ModelError`` when ``path`` is plainly no model: missing, a folder, of another kind, cut to nothing."""
    try:
        with path.open("rb") as file:
            head = file.read(24)
    except FileNotFoundError as error:
        raise ModelError(
            f"The model file {path} is not there. Choose another, or download it again."
        ) from error
    except OSError as error:
        raise ModelError(f"The model file {path} cannot be read: {error.strerror or error}.") from error
    if head[:4] != _MAGIC or len(head) < 24:
        raise ModelError(f"The file {path} is no GGUF model. Choose a file that ends in .gguf.")


def open_gguf(path: Path, **options: Any) -> Any:
    """A ``llama_cpp.Llama`` of the file. ``ModelError`` when it cannot be loaded. Slow: call it on a worker thread."""
    check(path)
    library = _library()
    try:
        return library.Llama(model_path=str(path), verbose=False, use_mmap=True, **options)
    except Exception as error:
        raise ModelError(
            f"The model {path.name} could not be loaded: it is damaged, cut short or of a kind this program does not "
            f"know ({type(error).__name__}). Download it again, or choose another."
        ) from error


def grammar(text: str) -> Any:
    """A GBNF grammar, compiled."""
    return _library().LlamaGrammar.from_string(text, verbose=False)
