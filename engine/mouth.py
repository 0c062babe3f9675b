"""What the program says into a call: text to speech, then to the leg's talk ring as fast as it takes it."""

from __future__ import annotations

import asyncio

from engine.audio.ring import RingWriter
from engine.speaking.voice import Voice

WAIT_S = 0.1
"""How often a full ring is looked at again: a tenth of a second is nothing against its half minute of sound."""


class Mouth:
    """Speaks into one call, one text after the other."""

    def __init__(self, voice: Voice | None, ring: RingWriter) -> None:
        self._voice = voice
        self._ring = ring
        self._turn = asyncio.Lock()
        self._utterance = 0

    async def say(self, text: str) -> None:
        """Render ``text`` off the loop's thread and play it; returns when all has been handed to the line.

        Raises ``speaking.voice.VoiceError`` when there is no voice or it fails.
        """
        from engine.speaking.voice import VoiceError

        if self._voice is None:
            raise VoiceError("There is no voice to speak with on this computer.")
        utterance = self._utterance
        async with self._turn:
            samples = await asyncio.to_thread(self._voice.render, text)
            while samples.size and utterance == self._utterance:
                taken = self._ring.write(samples)
                samples = samples[taken:]
                if samples.size:
                    await asyncio.sleep(WAIT_S)

    def hush(self) -> None:
        """Stop talking now, and do not go on with what was being said."""
        self._utterance += 1
        self._ring.clear()
