"""What words alone tell of who says them: cues of recordings and of persons, and the way the words are put."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from engine.deciding import phrases

_WEAK_TIERS = frozenset(
    {"opening", "thanks_for_holding", "please_hold", "transfer", "record_notice", "closing", "bulletin"}
)
"""What persons say as well, next to a greeting of their own."""

_FURTHER = 1 / 3  # What a second match of a tier is worth of the first
_RECORDED_BOUND, _LIVE_BOUND = -9.0, 7.5


@dataclass(frozen=True, slots=True)
class Said:
    """Log-odds of the cues of recordings and of persons, all pieces as (kind, log-odds, because), how many words there
    are, and what the way they are put is worth (log-odds)."""

    recorded: float
    live: float
    pieces: tuple[tuple[str, float, str], ...]
    count: int
    register: float


@lru_cache(maxsize=2048)
def said(text: str) -> Said:
    """What there is in the words of ``text``."""
    matches = phrases.spot(text)
    live_names = {m.tier.name for m in matches if m.tier.weight >= 2.9}
    pieces: list[tuple[str, float, str]] = []
    sums = {True: 0.0, False: 0.0}
    seen: dict[str, int] = {}
    for match in matches:
        tier = match.tier
        weight = tier.weight * (_FURTHER if seen.get(tier.name) else 1.0)
        if seen.get(tier.name, 0) > 2:
            continue
        if weight < 0 and live_names and tier.name in _WEAK_TIERS:
            weight *= 0.5
        seen[tier.name] = seen.get(tier.name, 0) + 1
        live = weight > 0
        bounded = min(_LIVE_BOUND, sums[live] + weight) if live else max(_RECORDED_BOUND, sums[live] + weight)
        weight, sums[live] = bounded - sums[live], bounded
        if weight:
            pieces.append(("live" if live else "recorded", weight, f"“{match.phrase}”: {tier.means}"))
    register = phrases.register(text)
    # Words that a matched phrase already counted would count twice.
    bounded = min(0.8, register) if register > 0 else max(-1.0 if matches else -3.0, register)
    if live_names and bounded < 0:
        bounded *= 0.5  # persons name their company and department too
    if bounded:
        side = "like a person" if bounded > 0 else "like an announcement"
        pieces.append(("register", bounded, f"speaks {side}"))
    plain = phrases.plain(text)
    return Said(sums[False], sums[True], tuple(pieces), len(plain.split()), bounded)


def recorded(text: str) -> bool:
    """Whether the words alone are clearly a recording's."""
    return odds(text) <= -2.0


def odds(text: str) -> float:
    """Log-odds of the words alone."""
    return sum(weight for _, weight, _ in said(text).pieces)
