"""Statistics of a handful of numbers, many times a second: numpy's to the bit, at a fraction of their cost.

Looking at 200 numbers takes ``np.percentile`` 60 us, of which 5 are the looking, and a waiting call asks a dozen times
in every tenth of a second. Here the caller sorts once and asks as often as it likes.
"""

from __future__ import annotations

from typing import Any


def between(ordered: Any, share: float) -> Any:
    """The ``share`` quantile (0..1) of values sorted along their first axis, linear between neighbours.

    As ``np.percentile(values, 100 * share, axis=0)``: of the values' own type. Hyndman and Fan (1996), definition 7.
    """
    at = (len(ordered) - 1) * share
    below = int(at)
    part = at - below
    low = ordered[below]
    high = ordered[min(below + 1, len(ordered) - 1)]
    rise = high - low
    return high - rise * (1 - part) if part >= 0.5 else low + rise * part
