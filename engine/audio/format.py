"""The one sound format inside the program: mono, 16-bit signed PCM, 16 kHz, frames of 20 ms."""

from __future__ import annotations

RATE_HZ = 16_000
FRAME_MS = 20
FRAME_SAMPLES = RATE_HZ * FRAME_MS // 1000
FRAME_BYTES = FRAME_SAMPLES * 2
