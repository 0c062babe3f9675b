"""A call being composed: a place in time that moves on with every sound laid down."""

from __future__ import annotations

from tests.bench.hearing.clips import Clip
from tests.bench.hearing.recipe import Kind, Layer, Truth

SWELL_S = 0.3
"""How fast hold music is turned up and down."""


class Draft:
    """Layers and truth so far. Backgrounds move ``now_s``; voices lie over a background laid by the caller."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.layers: list[Layer] = []
        self.truth: list[Truth] = []
        self.track_s = 0.0  # how far the hold music has played
        self.tags: list[str] = []

    def lay(self, layer: Layer) -> None:
        """Add a layer as it is."""
        self.layers.append(layer)

    def background(self, kind: Kind, length_s: float) -> None:
        """So much time of a background; one of the same kind goes on."""
        start_s, end_s = self.now_s, round(self.now_s + length_s, 3)
        for index in range(len(self.truth) - 1, -1, -1):
            last = self.truth[index]
            if last.kind is kind and abs(last.end_s - start_s) < 1e-6 and not last.clip:
                self.truth[index] = Truth(kind, last.start_s, end_s)
                break
        else:
            self.truth.append(Truth(kind, start_s, end_s))
        self.now_s = end_s

    def quiet(self, length_s: float, comfort_db: float | None = None, kind: Kind = Kind.SILENCE) -> None:
        """Silence, or comfort noise so loud."""
        if comfort_db is not None:
            self.lay(Layer(("comfort:",), self.now_s, length_s, gain_db=comfort_db, fade_s=0.02))
        self.background(kind, length_s)

    def ringback(self, country: str, length_s: float, kind: Kind = Kind.RINGBACK) -> None:
        """The ringing tone."""
        self.lay(Layer((f"ringback:{country}",), self.now_s, length_s))
        self.background(kind, length_s)

    def click(self) -> None:
        """A switch thrown here; takes no time."""
        self.lay(Layer(("click:",), self.now_s, 0.03, fade_s=0.0))

    def beep(self, hz: int, length_s: float) -> None:
        """A beep."""
        self.lay(Layer((f"beep:{hz}",), self.now_s, length_s))
        self.background(Kind.BEEP, length_s)

    def music(self, tracks: tuple[str, ...], length_s: float, gain_db: float, kind: Kind) -> None:
        """The hold music from where it is, joined softly to what it did before and does next."""
        half_s = SWELL_S / 2
        start_s = max(0.0, self.now_s - half_s)
        from_s = max(0.0, self.track_s - (self.now_s - start_s))
        length = length_s + half_s + (self.now_s - start_s)
        self.lay(Layer(tracks, start_s, length, from_s, gain_db, SWELL_S))
        self.track_s += length_s
        self.background(kind, length_s)

    def voice(self, clip: Clip, kind: Kind, gain_db: float, at_s: float | None = None) -> None:
        """A recorded voice over the background (which the caller lays for as long)."""
        start_s = self.now_s if at_s is None else at_s
        self.lay(Layer((clip.id,), start_s, clip.length_s, gain_db=gain_db))
        self.truth.append(
            Truth(kind, round(start_s, 3), round(start_s + clip.length_s, 3), clip.id, clip.voice, clip.text)
        )
