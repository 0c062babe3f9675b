"""Colours that can be read, rules without gaps, icons that draw."""

from __future__ import annotations

import re

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

import resources
from ui import theme as theme_module
from ui.sentences import Face
from ui.theme import Scheme, Theme, contrast, palette, pixmap, readable_pairs

ICONS = sorted(path.stem for path in resources.locate("icons").glob("*.svg"))


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48)]
)
def test_contrast_as_published(one: str, other: str, ratio: float) -> None:
    # Both figures are those of WCAG's own examples.
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)
    assert contrast(other, one) == contrast(one, other)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("text", "ground"), readable_pairs())
def test_every_text_can_be_read(dark: bool, text: str, ground: str) -> None:
    colours = palette(dark)
    assert contrast(colours[text], colours[ground]) >= 4.5


def test_both_palettes_have_the_same_roles() -> None:
    assert set(palette(dark=False)) == set(palette(dark=True))


def test_every_colour_of_the_rules_is_in_the_palette(theme: Theme) -> None:
    assert "$" not in theme.stylesheet()


def test_every_colour_of_a_text_is_checked_for_contrast() -> None:
    rules = resources.locate("style", "window.qss").read_text(encoding="utf-8")
    used = set(re.findall(r"(?<![-\w])color: \$(\w+)", rules))
    assert used <= {text for text, _ in readable_pairs()}


@pytest.mark.parametrize("name", ICONS)
def test_every_icon_draws(qapp: QApplication, name: str) -> None:
    image: QImage = pixmap(name, 32, "#FF0000").toImage()
    drawn = sum(image.pixelColor(x, y).alpha() > 0 for x in range(32) for y in range(32))
    assert drawn > 40


def test_every_state_has_an_icon() -> None:
    assert {f"state-{face.value}" for face in Face} <= set(ICONS)


def test_icons_differ_in_shape_not_only_in_colour(qapp: QApplication) -> None:
    def grey(face: Face) -> bytes:
        shape = pixmap(f"state-{face.value}", 32).toImage().convertToFormat(QImage.Format.Format_Grayscale8)
        ink = [1 if shape.pixelColor(x, y).red() > 200 else 0 for y in range(32) for x in range(32)]
        return bytes(ink)

    assert len({grey(face) for face in Face}) == len(Face)


def test_switching_is_live(theme: Theme, qapp: QApplication) -> None:
    told = []
    theme.changed.connect(lambda: told.append(theme.dark))
    try:
        theme.show_as(Scheme.DARK)
        assert theme.colours["ground"] == palette(dark=True)["ground"]
        assert qapp.palette().window().color().name().upper() == palette(dark=True)["ground"]
    finally:
        theme.show_as(Scheme.LIGHT)
    assert told == [True, False]


def test_following_the_system(theme: Theme, monkeypatch: pytest.MonkeyPatch) -> None:
    dark = [False]

    class Hints:
        def colorScheme(self) -> object:
            scheme = theme_module.Qt.ColorScheme
            return scheme.Dark if dark[0] else scheme.Light

    class Application:
        @staticmethod
        def styleHints() -> Hints:
            return Hints()

    monkeypatch.setattr(theme_module, "QGuiApplication", Application)
    try:
        theme.show_as(Scheme.SYSTEM)
        assert not theme.dark
        dark[0] = True
        theme._system_changed()
        assert theme.colours is palette(dark=True)
        theme.show_as(Scheme.LIGHT)
        theme._system_changed()
        assert theme.colours is palette(dark=False)
    finally:
        theme.show_as(Scheme.LIGHT)
