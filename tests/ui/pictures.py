"""Write pictures of the window in each of its states: ``python tests/ui/pictures.py FOLDER [NAME ...]``.

Not a test: a person looks at what it writes. Draws off screen unless QT_QPA_PLATFORM says otherwise.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QApplication, QWidget

from engine.bus import Bus
from tests.ui import replay
from ui.bridge import Bridge
from ui.dial import Place
from ui.pickup import PickupWindow
from ui.theme import Scheme, Theme
from ui.window import MainWindow

T0 = 1_700_000_000.0
SIZES = {"wide": QSize(1280, 800), "narrow": QSize(1024, 640), "small": QSize(720, 600)}
PLACES = (Place("Acme Insurance", "+15550100199"), Place("Lark Airlines", "sip:desk@lark.example"))


def states() -> dict[str, tuple[Callable[[Bus], None], float]]:
    """Name, what to publish, and the time on the clock then."""
    ready = replay.READY

    def of(*scripts: Callable[[float], object], length: float) -> tuple[Callable[[Bus], None], float]:
        def publish(bus: Bus) -> None:
            replay.play(ready, bus.publish)
            for script in scripts:
                replay.play(script(T0), bus.publish)  # type: ignore[arg-type]

        return publish, T0 + length

    def troubled(bus: Bus) -> None:
        replay.play(replay.trouble(), bus.publish)

    return {
        "home": of(length=0),
        "trouble": (troubled, T0),
        "navigating": of(replay.navigating, length=24.5),
        "hold": of(replay.on_hold, length=replay.HOLD_LENGTH_S),
        "maybe": of(replay.maybe, length=233),
        "person": of(replay.person, length=234.5),
        "talking": of(replay.talking, length=252),
        "warned": of(replay.warned, length=238),
        "learned": of(replay.dismissed, length=240),
        "back-on-hold": of(replay.back_on_hold, length=255),
        "several": of(replay.busy, replay.on_hold, length=replay.HOLD_LENGTH_S),
    }


def settle(app: QApplication) -> None:
    """Let Qt lay out and paint."""
    for _ in range(4):
        app.processEvents()
        app.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def save(widget: QWidget, path: Path) -> None:
    """Write a picture of a widget."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not widget.grab().save(str(path)):
        raise SystemExit(f"{path} could not be written")


def main() -> None:
    """Write them all, or those named."""
    folder, wanted = Path(sys.argv[1]), sys.argv[2:]
    app = QApplication([])
    theme = Theme(app)
    for scheme in (Scheme.LIGHT, Scheme.DARK):
        theme.show_as(scheme)
        for name, (publish, now) in states().items():
            if wanted and name not in wanted:
                continue
            bus = Bus()
            bridge = Bridge(bus, lambda command: None)
            bridge.started()
            window = MainWindow(
                theme, bridge, None, lambda text: text in ("911", "112"), now=lambda now=now: now
            )
            window.dial.suggest(PLACES)
            publish(bus)
            (window.calls if bridge.state.calls else window.dial).setFocus()
            for size_name, size in SIZES.items():
                window.resize(size)
                window.show()
                settle(app)
                window.show_state(bridge.state)
                settle(app)
                save(window, folder / f"{name}-{scheme}-{size_name}.png")
            if name == "home":
                window.resize(SIZES["wide"])
                window.dial.number.setText("911")
                settle(app)
                save(window, folder / f"emergency-{scheme}.png")
                window.dial.number.setText("Nobody knows")
                window.dial.slay.click()
                settle(app)
                save(window, folder / f"unknown-{scheme}.png")
            if name == "hold":
                window.resize(SIZES["wide"])
                card = window.calls.cards[0]
                card.keys.setChecked(True)
                settle(app)
                save(window, folder / f"keypad-{scheme}.png")
            if name == "learned":
                window.resize(SIZES["wide"])
                window.calls.cards[0].why.setChecked(True)
                for size_name, size in SIZES.items():
                    window.resize(size)
                    settle(app)
                    save(window, folder / f"why-{scheme}-{size_name}.png")
            if name == "person":
                pickup = PickupWindow(theme, lambda command: "")
                call = bridge.state.alarm
                assert call is not None
                pickup.show_call(call, new=True)
                settle(app)
                save(pickup, folder / f"pickup-{scheme}.png")
                pickup.put_away()
                pickup.deleteLater()
            window.hide()
            bridge.close()
            window.deleteLater()
            settle(app)


if __name__ == "__main__":
    main()
