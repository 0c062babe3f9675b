"""How the window looks: one palette (light and dark), one type scale, one spacing scale, one set of radii.

Colours live in ``resources/style/palette.toml``, rules in ``resources/style/window.qss`` with ``$names`` in place of
values. The theme follows the system (``QStyleHints.colorScheme``) unless it is told to be light or dark, and says
``changed`` when it switches, for those who paint by hand.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from string import Template

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

import resources


class Scheme(StrEnum):
    """Which colours to show."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Space:
    """The spacing scale, in device-independent pixels."""

    XS = 4
    S = 8
    M = 12
    L = 16
    XL = 24
    XXL = 40


RADIUS_CONTROL = 10
RADIUS_CARD = 16

TYPE_SCALE = {"small": 0.90, "body": 1.0, "large": 1.2, "title": 1.5, "display": 2.1}
"""Sizes relative to the system's own font, so that a user who reads large reads large here too."""

SMALLEST_BODY_PT = 10.0


@cache
def _palette_file() -> dict[str, object]:
    with resources.locate("style", "palette.toml").open("rb") as file:
        return tomllib.load(file)


def palette(dark: bool) -> Mapping[str, str]:
    """Colours by role, ``#rrggbb``."""
    colours = _palette_file()["dark" if dark else "light"]
    assert isinstance(colours, dict)
    return colours


def readable_pairs() -> list[tuple[str, str]]:
    """Pairs (text, ground) of roles that must be readable on each other."""
    pairs = _palette_file()["readable"]
    assert isinstance(pairs, list)
    return [(text, ground) for text, ground in pairs]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two ``#rrggbb`` colours, 1..21, as WCAG 2.2 defines it (with relative luminance)."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@cache
def _svg(name: str) -> str:
    return resources.locate("icons", f"{name}.svg").read_text(encoding="utf-8")


def pixmap(name: str, size: int, colour: str = "#000000", scale: float = 1.0, gap: int = 0) -> QPixmap:
    """The icon ``name`` drawn ``size`` pixels high for a screen of ``scale``; ``currentColor`` becomes ``colour``.

    ``gap``: clear pixels to the right of it, for a button whose text would else stand too near.
    """
    renderer = QSvgRenderer(QByteArray(_svg(name).replace("currentColor", colour).encode()))
    drawn = QPixmap(QSize(round((size + gap) * scale), round(size * scale)))
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    renderer.render(painter, QRectF(0, 0, drawn.height(), drawn.height()))
    painter.end()
    drawn.setDevicePixelRatio(scale)
    return drawn


def icon(name: str, colour: str = "#000000", sizes: tuple[int, ...] = (16, 20, 24, 32, 48)) -> QIcon:
    """The icon ``name`` in the sizes given, sharp on screens of 1 and 2 pixels a point."""
    made = QIcon()
    for size in sizes:
        for scale in (1.0, 2.0):
            made.addPixmap(pixmap(name, size, colour, scale))
    return made


def program_icon() -> QIcon:
    """The program's own icon."""
    return icon("holdslayer", sizes=(16, 24, 32, 48, 64, 128, 256))


class Theme(QObject):
    """The look of the whole application. Make one, give it to the widgets, call ``apply`` once."""

    changed = Signal()

    def __init__(self, app: QApplication, scheme: Scheme = Scheme.SYSTEM) -> None:
        super().__init__(app)
        self._app = app
        self._scheme = scheme
        self._colours: Mapping[str, str] = palette(dark=False)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def dark(self) -> bool:
        """Whether the dark colours are shown."""
        if self._scheme is Scheme.SYSTEM:
            return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self._scheme is Scheme.DARK

    @property
    def colours(self) -> Mapping[str, str]:
        """The colours shown now, by role."""
        return self._colours

    def colour(self, role: str) -> QColor:
        """One colour by role."""
        return QColor(self._colours[role])

    def icon(self, name: str, role: str = "ink", size: int = 18, gap: int = 0) -> QIcon:
        """An icon for a button, in the colour of that role as shown now."""
        made = QIcon()
        for scale in (1.0, 2.0):
            made.addPixmap(pixmap(name, size, self._colours[role], scale, gap))
        return made

    def font(self, size: str = "body", bold: bool = False) -> QFont:
        """The system's font in a size of the type scale."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
        font.setPointSizeF(self._body_pt() * TYPE_SCALE[size])
        if bold:
            font.setWeight(QFont.Weight.DemiBold)
        return font

    def show_as(self, scheme: Scheme) -> None:
        """Follow the system, or be light or dark whatever it says."""
        self._scheme = scheme
        self.apply()

    def apply(self) -> None:
        """Dress the application in the colours of now."""
        self._colours = palette(self.dark)
        self._app.setStyle("Fusion")
        self._app.setPalette(self._qt_palette())
        self._app.setFont(self.font())
        self._app.setStyleSheet(self.stylesheet())
        self.changed.emit()

    def stylesheet(self) -> str:
        """The rules with every ``$name`` filled in. ``KeyError`` for a name that is none."""
        rules = resources.locate("style", "window.qss").read_text(encoding="utf-8")
        values: dict[str, str] = dict(self._colours)
        values |= {f"pt_{name}": f"{self._body_pt() * factor:.1f}pt" for name, factor in TYPE_SCALE.items()}
        values |= {f"space_{n.lower()}": f"{v}px" for n, v in vars(Space).items() if n.isupper()}
        values |= {"radius_control": f"{RADIUS_CONTROL}px", "radius_card": f"{RADIUS_CARD}px"}
        return Template(rules).substitute(values)

    def _body_pt(self) -> float:
        size = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).pointSizeF()
        return max(SMALLEST_BODY_PT, size)

    def _system_changed(self) -> None:
        if self._scheme is Scheme.SYSTEM:
            self.apply()

    def _qt_palette(self) -> QPalette:
        made = QPalette()
        roles = {
            QPalette.ColorRole.Window: "ground",
            QPalette.ColorRole.WindowText: "ink",
            QPalette.ColorRole.Base: "surface",
            QPalette.ColorRole.AlternateBase: "sunken",
            QPalette.ColorRole.Text: "ink",
            QPalette.ColorRole.Button: "surface",
            QPalette.ColorRole.ButtonText: "ink",
            QPalette.ColorRole.PlaceholderText: "faint",
            QPalette.ColorRole.Highlight: "accent_fill",
            QPalette.ColorRole.HighlightedText: "on_accent",
            QPalette.ColorRole.Link: "accent",
            QPalette.ColorRole.ToolTipBase: "surface",
            QPalette.ColorRole.ToolTipText: "ink",
        }
        for role, name in roles.items():
            made.setColor(role, self.colour(name))
        return made
