"""The ribbon: what the line sounded like, from the first ring to now, left to right.

Each class of sound has a colour *and* a shape, so that it reads without colours too: silence a thin line, tones dots,
music low waves, a voice bars, a person a full band. Keys pressed and other marks sit above.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.ribbon import Heard, Mark, Stretch
from ui.sentences import clock
from ui.theme import Theme

SHORTEST_S = 60.0
"""A young call is shown as if it had this length, so that the ribbon grows calmly instead of shrinking its past."""
_BAND = 34.0
_MARKS = 24.0
_AXIS = 20.0
_WAVE_PX = 40
_NAMES = {
    Heard.SILENCE: "silence",
    Heard.TONE: "tones",
    Heard.MUSIC: "music",
    Heard.VOICE: "voice",
    Heard.PERSON: "person",
}
_STEPS_S = (10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


class Timeline(QWidget):
    """Paints stretches and marks given in seconds on the call clock."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._sounds: Sequence[Stretch] = ()
        self._marks: Sequence[Mark] = ()
        self._now_s = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Timeline of the call")
        theme.changed.connect(self.update)

    def show_call(self, sounds: Sequence[Stretch], marks: Sequence[Mark], now_s: float) -> None:
        """Show these up to ``now_s``."""
        if sounds is self._sounds and marks is self._marks and now_s == self._now_s:
            return
        self._sounds, self._marks, self._now_s = sounds, marks, max(0.0, now_s)
        heard = [f"{_NAMES[s.heard]} from {clock(s.start_s)}" for s in sounds[-3:]]
        self.setAccessibleDescription(", ".join(heard))
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room, as high as marks, band and axis."""
        return QSize(320, int(_MARKS + _BAND + _AXIS))

    minimumSizeHint = sizeHint

    def stretches(self) -> list[tuple[float, float, Heard]]:
        """What is painted: (start, end, class) in seconds, up to now."""
        shown = []
        for index, stretch in enumerate(self._sounds):
            end = self._sounds[index + 1].start_s if index + 1 < len(self._sounds) else self._now_s
            end = min(end, self._now_s)
            if end > stretch.start_s:
                shown.append((stretch.start_s, end, stretch.heard))
        return shown

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint ribbon, axis and marks."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        length_s = max(SHORTEST_S, self._now_s)
        per_s = self.width() / length_s
        band = QRectF(0, _MARKS, self.width(), _BAND)

        ground = QPainterPath()
        ground.addRoundedRect(band, 8, 8)
        painter.fillPath(ground, self._theme.colour("sunken"))
        painter.save()
        painter.setClipPath(ground)
        for start_s, end_s, heard in _merged(self.stretches(), 1.5 / per_s):
            self._paint_stretch(painter, band, start_s * per_s, end_s * per_s, heard)
        painter.restore()
        if self._now_s < length_s:
            x = self._now_s * per_s
            painter.setPen(QPen(self._theme.colour("soft"), 2))
            painter.drawLine(QPointF(x, band.top() + 2), QPointF(x, band.bottom() - 2))
        self._paint_axis(painter, band, length_s, per_s)
        self._paint_marks(painter, band, per_s)

    def _paint_stretch(
        self, painter: QPainter, band: QRectF, left: float, right: float, heard: Heard
    ) -> None:
        paint_heard(
            painter, QRectF(left, band.top(), max(1.0, right - left), band.height()), heard, self._theme
        )

    def _paint_axis(self, painter: QPainter, band: QRectF, length_s: float, per_s: float) -> None:
        painter.setFont(self._theme.font("small"))
        painter.setPen(self._theme.colour("faint"))
        metrics = QFontMetricsF(painter.font())
        step = next((s for s in _STEPS_S if s * per_s >= 84), _STEPS_S[-1])
        at = 0.0
        while at <= length_s:
            text = clock(at)
            x = at * per_s
            width = metrics.horizontalAdvance(text)
            if x + width <= self.width():
                painter.drawText(QPointF(x, band.bottom() + 4 + metrics.ascent()), text)
            at += step

    def _paint_marks(self, painter: QPainter, band: QRectF, per_s: float) -> None:
        painter.setFont(self._theme.font("small", bold=True))
        metrics = QFontMetricsF(painter.font())
        free_from = 0.0
        for mark in self._marks:
            if mark.kind not in ("key", "said"):
                continue
            label = mark.text if mark.kind == "key" else "said"
            x = mark.at_s * per_s
            width = max(18.0, metrics.horizontalAdvance(label) + 10)
            left = min(max(0.0, x - width / 2), self.width() - width)
            painter.setPen(QPen(self._theme.colour("accent"), 1.5))
            painter.drawLine(QPointF(x, _MARKS - 4), QPointF(x, band.bottom()))
            if left < free_from:
                continue  # the line stays; the label would cover its neighbour
            box = QRectF(left, 0, width, _MARKS - 5)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour("accent_fill"))
            painter.drawRoundedRect(box, 5, 5)
            painter.setPen(self._theme.colour("on_accent"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, label)
            free_from = left + width + 3


def _merged(
    stretches: Iterable[tuple[float, float, Heard]], shortest_s: float
) -> list[tuple[float, float, Heard]]:
    """Stretches too short to be seen are swallowed by the one before, except a person: that is never hidden."""
    merged: list[tuple[float, float, Heard]] = []
    for start, end, heard in stretches:
        if merged and end - start < shortest_s and heard is not Heard.PERSON:
            merged[-1] = (merged[-1][0], end, merged[-1][2])
        else:
            merged.append((start, end, heard))
    return merged


def paint_heard(painter: QPainter, box: QRectF, heard: Heard, theme: Theme) -> None:
    """Paint one class of sound into ``box`` in its colour and shape."""
    colour: QColor = theme.colour(f"ribbon_{heard.value}")
    middle = box.center().y()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    match heard:
        case Heard.SILENCE:
            painter.drawRect(QRectF(box.left(), middle - 1, box.width(), 2))
        case Heard.TONE:
            x = box.left() + 2
            while x < box.right() - 1:
                painter.drawEllipse(QPointF(x + 2, middle), 2.6, 2.6)
                x += 9
        case Heard.MUSIC:
            washed = QColor(colour)
            washed.setAlphaF(0.45)
            tile = _wave(
                washed.name(QColor.NameFormat.HexArgb), int(box.height()), painter.device().devicePixelRatio()
            )
            # One wave runs through the whole ribbon, whatever interrupts it.
            painter.drawTiledPixmap(box, tile, QPointF(box.left() % _WAVE_PX, 0))
        case Heard.VOICE:
            x, index = box.left(), int(box.left() // 5)
            while x < box.right():
                height = box.height() * (0.46, 0.72, 0.56, 0.82, 0.6)[index % 5]
                bar = QRectF(x, middle - height / 2, min(3.0, box.right() - x), height)
                painter.drawRoundedRect(bar, 1.5, 1.5)
                x, index = x + 5, index + 1
        case Heard.PERSON:
            painter.drawRect(box)


@lru_cache(maxsize=16)
def _wave(colour: str, height: int, scale: float) -> QPixmap:
    """One period of the wave that stands for music: a picture, for a path of a long hold is slow to fill."""
    tile = QPixmap(round(_WAVE_PX * scale), round(height * scale))
    tile.setDevicePixelRatio(scale)
    tile.fill(Qt.GlobalColor.transparent)
    wave = QPainterPath(QPointF(0, height))
    for x in range(_WAVE_PX + 1):
        wave.lineTo(x, height * (0.56 + 0.1 * math.sin(2 * math.pi * x / _WAVE_PX)))
    wave.lineTo(_WAVE_PX, height)
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillPath(wave, QColor(colour))
    painter.end()
    return tile


class Legend(QWidget):
    """One class of sound with its name, as the ribbon paints it."""

    def __init__(self, theme: Theme, heard: Heard) -> None:
        super().__init__()
        self._theme, self._heard = theme, heard
        theme.changed.connect(self.update)
        self.setAccessibleName(_NAMES[heard])
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Swatch and word."""
        metrics = QFontMetricsF(self._theme.font("small"))
        return QSize(int(28 + metrics.horizontalAdvance(_NAMES[self._heard])) + 2, int(metrics.height()) + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint swatch and word."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(0, (self.height() - 14) / 2, 20, 14)
        clip = QPainterPath()
        clip.addRoundedRect(box, 4, 4)
        painter.fillPath(clip, self._theme.colour("sunken"))
        painter.save()
        painter.setClipPath(clip)
        paint_heard(painter, box, self._heard, self._theme)
        painter.restore()
        painter.setFont(self._theme.font("small"))
        painter.setPen(self._theme.colour("soft"))
        rest = QRectF(28, 0, self.width() - 28, self.height())
        painter.drawText(
            rest, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, _NAMES[self._heard]
        )
