"""Asked before Qt is: can a window be shown here?"""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from app import display


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_there_is_always_a_display_where_there_is_a_desktop(platform: str) -> None:
    assert display.why_none({}, platform) == ""


@pytest.mark.parametrize("wished", ["offscreen", "minimal", "vnc:size=800x600"])
def test_some_platforms_of_qt_need_none(wished: str) -> None:
    assert display.why_none({"QT_QPA_PLATFORM": wished}, "linux") == ""


def test_none_at_all() -> None:
    why = display.why_none({}, "linux")
    assert why.startswith("There is no display to show the window on.")
    assert "--headless" in why


def test_one_that_does_not_answer() -> None:
    assert display.why_none({"DISPLAY": ":4711"}, "linux").startswith("The display :4711 does not answer.")


def test_wayland(tmp_path: Path) -> None:
    environment = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert display.why_none(environment, "linux") != ""
    (tmp_path / "wayland-0").touch()
    assert display.why_none(environment, "linux") == ""
    assert display.why_none(environment | {"QT_QPA_PLATFORM": "xcb"}, "linux") != ""


def test_a_missing_system_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = ctypes.CDLL

    def loads(name: str) -> ctypes.CDLL:
        if "libqxcb" in name:
            raise OSError("libxcb-cursor.so.0: cannot open shared object file")
        return real(name)

    monkeypatch.setattr(display, "_x11_answers", lambda name: True)
    monkeypatch.setattr(ctypes, "CDLL", loads)
    why = display.why_none({"DISPLAY": ":0"}, "linux")
    assert "libxcb-cursor.so.0" in why
    assert "apt-get install" in why
