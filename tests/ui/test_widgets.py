"""Ribbon, captions and words."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from ui.callview import Line
from ui.ribbon import Heard, Mark, Stretch
from ui.theme import Theme
from ui.widgets.captions import Captions
from ui.widgets.timeline import Legend, Timeline, _merged
from ui.widgets.words import ElidedWords, Words


def picture(timeline: Timeline) -> QImage:
    timeline.resize(600, timeline.sizeHint().height())
    return timeline.grab().toImage()


def has(image: QImage, colour: QColor, columns: range) -> bool:
    return any(image.pixelColor(x, y) == colour for x in columns for y in range(image.height()))


def test_the_ribbon_paints_what_was_heard_where_it_was_heard(qtbot: QtBot, theme: Theme) -> None:
    timeline = Timeline(theme)
    qtbot.addWidget(timeline)
    sounds = (Stretch(0, Heard.VOICE), Stretch(30, Heard.SILENCE), Stretch(50, Heard.PERSON))
    timeline.show_call(sounds, (), 60)
    assert timeline.stretches() == [(0, 30, Heard.VOICE), (30, 50, Heard.SILENCE), (50, 60, Heard.PERSON)]
    image = picture(timeline)
    person = theme.colour("ribbon_person")
    assert has(image, person, range(505, 590))
    assert not has(image, person, range(495))
    assert has(image, theme.colour("ribbon_voice"), range(295))


def test_keys_are_marked(qtbot: QtBot, theme: Theme) -> None:
    timeline = Timeline(theme)
    qtbot.addWidget(timeline)
    timeline.show_call((), (), 60)
    assert not has(picture(timeline), theme.colour("accent_fill"), range(290, 310))
    timeline.show_call((), (Mark(30, "key", "2"),), 60)
    assert has(picture(timeline), theme.colour("accent_fill"), range(290, 310))


def test_a_stretch_too_short_to_see_is_swallowed_but_never_a_person() -> None:
    stretches = [
        (0.0, 10.0, Heard.MUSIC),
        (10.0, 10.1, Heard.SILENCE),
        (10.1, 20.0, Heard.MUSIC),
        (20.0, 20.1, Heard.PERSON),
    ]
    merged = _merged(stretches, 0.5)
    assert (10.0, 10.1, Heard.SILENCE) not in merged
    assert merged[-1] == (20.0, 20.1, Heard.PERSON)


@pytest.mark.parametrize("heard", list(Heard))
def test_every_class_of_sound_has_a_legend(qtbot: QtBot, theme: Theme, heard: Heard) -> None:
    legend = Legend(theme, heard)
    qtbot.addWidget(legend)
    assert legend.accessibleName()
    legend.resize(legend.sizeHint())
    image = legend.grab().toImage()
    ground = image.pixelColor(image.width() - 1, 0)
    assert any(image.pixelColor(x, image.height() // 2) != ground for x in range(28, image.width()))


@pytest.fixture
def captions(qtbot: QtBot, theme: Theme) -> Captions:
    captions = Captions(theme)
    captions.resize(400, 120)
    qtbot.addWidget(captions)
    captions.show()
    return captions


def line(start: float, text: str, speaker: str = "recording", final: bool = True) -> Line:
    return Line(start, text, speaker, final)


@pytest.mark.parametrize(
    "steps",
    [
        [[line(1, "for", final=False)], [line(1, "for sales")]],
        [[line(1, "a"), line(5, "b", "")], [line(1, "a"), line(5, "b", "person")]],
        [[line(1, "a"), line(5, "b")], [line(5, "b")]],
        [[line(1, "a"), line(5, "b")], [line(1, "a")], [line(1, "a"), line(6, "c"), line(90, "d", "us")]],
        [[line(1, "a")], [], [line(2, "b")]],
        [[line(1, "a", "person"), line(2, "b")], [line(1, "x"), line(2, "b")]],
    ],
)
def test_changed_step_by_step_it_reads_as_if_shown_at_once(
    qtbot: QtBot, theme: Theme, captions: Captions, steps: list[list[Line]]
) -> None:
    for lines in steps:
        captions.show_lines(lines)
    at_once = Captions(theme)
    qtbot.addWidget(at_once)
    at_once.show_lines(steps[-1])
    assert captions.toPlainText() == at_once.toPlainText()


def test_speakers_are_named_where_they_change(captions: Captions) -> None:
    captions.show_lines([line(1, "a"), line(4, "b"), line(9, "hello", "person"), line(12, "yes", "us")])
    assert captions.toPlainText().split("\n") == [
        "Recording   0:01",
        "a",
        "b",
        "Person   0:09",
        "hello",
        "Hold Slayer, for you   0:12",
        "yes",
    ]


def test_words_that_may_still_change_look_so(captions: Captions) -> None:
    captions.show_lines([line(1, "please hold", final=False)])
    assert captions.toPlainText().endswith("please hold …")


def test_what_a_company_says_is_never_markup(captions: Captions) -> None:
    captions.show_lines([line(1, "<b>press</b> one")])
    assert "<b>press</b> one" in captions.toPlainText()


def test_it_follows_the_end_unless_scrolled_up(captions: Captions) -> None:
    bar = captions.verticalScrollBar()
    lines = [line(float(i), f"line {i}") for i in range(40)]
    captions.show_lines(lines)
    assert bar.value() == bar.maximum() > 0
    bar.triggerAction(bar.SliderAction.SliderToMinimum)
    captions.show_lines([*lines, line(50, "more")])
    assert bar.value() == 0
    bar.triggerAction(bar.SliderAction.SliderToMaximum)
    captions.show_lines([*lines, line(50, "more"), line(51, "and more")])
    assert bar.value() == bar.maximum()


def test_a_switch_of_colours_keeps_the_words(theme: Theme, captions: Captions) -> None:
    captions.show_lines([line(1, "a"), line(9, "hello", "person")])
    before = captions.toPlainText()
    theme.changed.emit()
    assert captions.toPlainText() == before


def test_long_words_are_cut_and_kept_as_a_tip(qtbot: QtBot) -> None:
    words = ElidedWords("body", "a very long sentence that does not fit in here by far")
    qtbot.addWidget(words)
    words.resize(80, 20)
    words.show()
    assert words.text().endswith("…")
    assert (
        words.toolTip() == words.accessibleName() == "a very long sentence that does not fit in here by far"
    )


def test_nothing_to_say_takes_no_room(qtbot: QtBot) -> None:
    words = Words("body", "something")
    qtbot.addWidget(words)
    words.show()
    words.say("")
    assert not words.isVisible()
