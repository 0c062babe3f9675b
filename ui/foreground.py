"""Bring a window in front of everything and give it the keyboard.

Window managers keep programs from stealing the focus; a ringing telephone is the case they make exceptions for, each
in its own way. On X11 the request of a *pager* (source 2 in ``_NET_ACTIVE_WINDOW``, EWMH 1.5) is honoured where the
program's own (source 1, what Qt sends) only makes the task bar blink. It goes through a connection of our own to
the X server, for Qt offers no way to send it.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import logging
import struct

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

log = logging.getLogger(__name__)

_CLIENT_MESSAGE = 33
_SUBSTRUCTURE_NOTIFY_AND_REDIRECT = 0x80000 | 0x100000
_FROM_A_PAGER = 2


def come_forward(window: QWidget) -> None:
    """Show ``window`` above all others, with the keyboard, and make the task bar call for attention."""
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()
    QApplication.alert(window, 0)
    if QGuiApplication.platformName() == "xcb":
        try:
            _activate_on_x11(int(window.winId()))
        except OSError as error:
            log.info("the X server was not asked to bring the window forward: %s", error)


def _activate_on_x11(window: int) -> None:
    """Send ``_NET_ACTIVE_WINDOW`` for ``window`` to the root window. ``OSError`` when that cannot be done."""
    xcb = ctypes.CDLL(ctypes.util.find_library("xcb") or "libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_int)]
    for name in ("xcb_connection_has_error", "xcb_disconnect", "xcb_flush", "xcb_get_setup"):
        getattr(xcb, name).argtypes = [ctypes.c_void_p]
    screen_number = ctypes.c_int()
    connection = xcb.xcb_connect(None, ctypes.byref(screen_number))
    try:
        if xcb.xcb_connection_has_error(connection):
            raise OSError("no connection to the X server")
        atom = _atom(xcb, connection, b"_NET_ACTIVE_WINDOW")
        root = _root(xcb, connection)
        # xcb_client_message_event_t: type, format, sequence, window, message type, five 32-bit values
        event = struct.pack("=BBHII5I", _CLIENT_MESSAGE, 32, 0, window, atom, _FROM_A_PAGER, 0, 0, 0, 0)
        xcb.xcb_send_event.argtypes = [
            ctypes.c_void_p,
            ctypes.c_uint8,
            ctypes.c_uint32,
            ctypes.c_uint32,
            ctypes.c_char_p,
        ]
        xcb.xcb_send_event.restype = _Cookie
        xcb.xcb_send_event(connection, 0, root, _SUBSTRUCTURE_NOTIFY_AND_REDIRECT, event)
        xcb.xcb_flush(connection)
        # A round trip, so that the server has the message before the connection goes.
        _atom(xcb, connection, b"_NET_WM_STATE")
    finally:
        xcb.xcb_disconnect(connection)


class _Cookie(ctypes.Structure):
    _fields_ = (("sequence", ctypes.c_uint),)


def _atom(xcb: ctypes.CDLL, connection: int, name: bytes) -> int:
    xcb.xcb_intern_atom.restype = _Cookie
    xcb.xcb_intern_atom.argtypes = [ctypes.c_void_p, ctypes.c_uint8, ctypes.c_uint16, ctypes.c_char_p]
    xcb.xcb_intern_atom_reply.restype = ctypes.c_void_p
    xcb.xcb_intern_atom_reply.argtypes = [ctypes.c_void_p, _Cookie, ctypes.c_void_p]
    reply = xcb.xcb_intern_atom_reply(connection, xcb.xcb_intern_atom(connection, 0, len(name), name), None)
    if not reply:
        raise OSError("the X server did not answer")
    # xcb_intern_atom_reply_t: response type, pad, sequence, length, atom
    atom = struct.unpack("=BBHII", ctypes.string_at(reply, 12))[4]
    _free(reply)
    return int(atom)


def _root(xcb: ctypes.CDLL, connection: int) -> int:
    xcb.xcb_setup_roots_iterator.restype = _Screens
    xcb.xcb_setup_roots_iterator.argtypes = [ctypes.c_void_p]
    xcb.xcb_get_setup.restype = ctypes.c_void_p
    screens = xcb.xcb_setup_roots_iterator(xcb.xcb_get_setup(connection))
    # xcb_screen_t begins with the root window
    return int(struct.unpack("=I", ctypes.string_at(screens.data, 4))[0])


class _Screens(ctypes.Structure):
    _fields_ = (("data", ctypes.c_void_p), ("rem", ctypes.c_int), ("index", ctypes.c_int))


def _free(pointer: int) -> None:
    libc = ctypes.CDLL(None)
    libc.free.argtypes = [ctypes.c_void_p]
    libc.free(pointer)
