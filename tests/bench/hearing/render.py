"""From a recipe to the sound of a call: layers mixed for each leg, each leg through its channel, the legs added.

Sounds made here have names with a colon: ``ringback:us`` (also uk, eu), ``beep:1000`` (hertz), ``click:``,
``comfort:`` (noise of 0 dB here, as soft as the layer's gain says).
"""

from __future__ import annotations

import zlib

import numpy as np

from tests.bench.hearing import channel
from tests.bench.hearing.channel import Samples
from tests.bench.hearing.clips import RATE_HZ, Floats, Library, sound
from tests.bench.hearing.recipe import Layer, Leg, Recipe

RINGBACK = {
    "us": ((440.0, 480.0), (2.0, 4.0)),
    "uk": ((400.0, 450.0), (0.4, 0.2, 0.4, 2.0)),
    "eu": ((425.0,), (1.0, 4.0)),
}
"""Frequencies in hertz, and seconds on, off, on, ... (ITU-T E.180, supplement 2)."""
TONE_LEVEL = 0.1


def render(recipe: Recipe, library: Library) -> Samples:
    """The whole call: int16, 8 kHz, mono."""
    length = _samples(recipe.length_s)
    total = np.zeros(length, np.int32)
    for number, leg in enumerate(recipe.legs):
        start, end = _samples(leg.start_s), min(length, _samples(leg.end_s))
        if end > start:
            total[start:end] += _leg(recipe, number, leg, library, start, end)
    return np.clip(total, -32768, 32767).astype(np.int16)


def _leg(recipe: Recipe, number: int, leg: Leg, library: Library, start: int, end: int) -> Samples:
    mixed = np.zeros(end - start, np.float32)
    for layer in recipe.layers:
        if layer.leg != number:
            continue
        piece = _piece(layer, library)
        at = _samples(layer.at_s) - start
        first, last = max(0, at), min(len(mixed), at + len(piece))
        if last > first:
            mixed[first:last] += piece[first - at : last - at]
    return channel.through(mixed, leg.channel)


def _piece(layer: Layer, library: Library) -> Floats:
    length = _samples(layer.length_s)
    source = _source(layer, library, length)
    start = _samples(layer.from_s)
    if start + length <= len(source):
        piece = source[start : start + length].copy()
    else:
        piece = np.take(source, np.arange(start, start + length), mode="wrap")
    piece *= np.float32(10 ** (layer.gain_db / 20))
    fade = min(_samples(layer.fade_s), length // 2)
    if fade:
        ramp = (np.arange(fade, dtype=np.float32) + 0.5) / fade
        piece[:fade] *= ramp
        piece[-fade:] *= ramp[::-1]
    return piece


def _source(layer: Layer, library: Library, length: int) -> Floats:
    name, colon, detail = layer.sources[0].partition(":")
    if not colon:
        parts = [sound(library.find(clip).path) for clip in layer.sources]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
    match name:
        case "ringback":
            return ringback(detail, length)
        case "beep":
            return _tone((float(detail),), length)
        case "click":
            return _click(length, layer)
        case "comfort":
            random = np.random.default_rng(zlib.crc32(repr(layer).encode()))
            return channel.line_noise("coloured", length, random)
        case _:
            raise ValueError(f"There is no sound {layer.sources[0]!r}.")


def _tone(hz: tuple[float, ...], length: int) -> Floats:
    t = np.arange(length) / RATE_HZ
    return np.asarray(sum(np.sin(2 * np.pi * f * t) for f in hz) * TONE_LEVEL / len(hz), np.float32)


def ringback(country: str, length: int) -> Floats:
    """The ringing tone of a country (us, uk, eu)."""
    hz, cadence = RINGBACK[country]
    gate = np.zeros(length, np.float32)
    at, step = 0, 0
    while at < length:
        until = at + _samples(cadence[step % len(cadence)])
        if step % 2 == 0:
            gate[at:until] = 1.0
        at, step = until, step + 1
    return _tone(hz, length) * gate


def _click(length: int, layer: Layer) -> Floats:
    random = np.random.default_rng(zlib.crc32(repr(layer).encode()))
    decay = np.exp(-np.arange(length) / (0.002 * RATE_HZ))
    return np.asarray(random.standard_normal(length) * decay * 0.3, np.float32)


def _samples(seconds: float) -> int:
    return round(seconds * RATE_HZ)
