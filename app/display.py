"""Whether a window can be shown here - asked before Qt is, because Qt answers "no" by ending the process."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

_ALWAYS = ("offscreen", "minimal", "vnc")
"""Qt platforms that need no display."""

_WITHOUT = "Without one, 'holdslayer practice --headless' and 'holdslayer slay NUMBER --headless' run in the terminal."


def why_none(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> str:
    """ "" when a window can be shown, else a sentence that says why not and what to do."""
    if platform in ("win32", "darwin"):
        return ""
    wished = environment.get("QT_QPA_PLATFORM", "").split(":")[0].split(";")[0]
    if wished in _ALWAYS:
        return ""
    if wished != "xcb" and _wayland_answers(environment):
        return ""
    display = environment.get("DISPLAY", "")
    if not display:
        return f"There is no display to show the window on. {_WITHOUT}"
    if not _x11_answers(display):
        return f"The display {display} does not answer. {_WITHOUT}"
    return _why_qt_cannot()


def _wayland_answers(environment: Mapping[str, str]) -> bool:
    name = environment.get("WAYLAND_DISPLAY", "")
    return bool(name) and Path(environment.get("XDG_RUNTIME_DIR", "/"), name).exists()


def _x11_answers(display: str) -> bool:
    """Connect as Qt will, with the same library and the same authority."""
    try:
        xcb = ctypes.CDLL(ctypes.util.find_library("xcb") or "libxcb.so.1")
    except OSError:
        return True  # cannot be asked; what Qt misses is said by ``_why_qt_cannot``
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(display.encode(), None)
    answers = bool(xcb.xcb_connection_has_error(connection) == 0)
    xcb.xcb_disconnect(connection)
    return answers


def _why_qt_cannot() -> str:
    """Load Qt's X11 plugin as Qt will: the loader names the system library that is missing."""
    import PySide6.QtGui  # noqa: F401 - brings the Qt libraries the plugin needs
    from PySide6.QtCore import QLibraryInfo

    plugins = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath))
    plugin = plugins / "platforms" / "libqxcb.so"
    if not plugin.exists():
        return ""
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        return (
            f"The window needs a system library that is missing ({error}). On Debian and Ubuntu: "
            "apt-get install libegl1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libdbus-1-3."
        )
    return ""
