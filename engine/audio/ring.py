"""A ring of PCM with an absolute sample clock, shared between processes or within one.

The writer only ever moves forward; sample ``n`` of a call is sample ``n`` for everybody, for ever, and events point at
sound by index. A reader that is too late gets ``SoundLost`` with how much is gone, never wrong sound.

(The protocols are here; the shared-memory ring and its twin in memory are in ``shared_ring`` and ``memory_ring``.)
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]


class SoundLost(Exception):
    """Samples asked for have been overwritten: ``first`` is the oldest index still there."""

    def __init__(self, first: int) -> None:
        super().__init__(f"sound before sample {first} is gone")
        self.first = first


class RingReader(Protocol):
    """Reads by absolute index."""

    @property
    def rate(self) -> int:
        """Samples per second."""
        ...

    @property
    def written(self) -> int:
        """How many samples have been written since the beginning: also the call clock."""
        ...

    @property
    def oldest(self) -> int:
        """Index of the oldest sample that can still be read."""
        ...

    def read(self, start: int, count: int) -> Samples:
        """Copy ``count`` samples from ``start`` (fewer when not written yet). Raises ``SoundLost``."""
        ...


class RingWriter(Protocol):
    """Writes, and knows how far it was played."""

    @property
    def rate(self) -> int:
        """Samples per second."""
        ...

    @property
    def room(self) -> int:
        """How many samples can be written now without overtaking the player."""
        ...

    @property
    def written(self) -> int:
        """Samples written since the beginning."""
        ...

    @property
    def played(self) -> int:
        """Samples taken by the player since the beginning (silence it made up itself not counted)."""
        ...

    def write(self, samples: Samples) -> int:
        """Append as much as there is room for; returns how many samples were taken."""
        ...

    def clear(self) -> None:
        """Drop what was written but not yet played (stop talking now)."""
        ...
