"""What an ear costs: processor time of music, silence and speech, without and with words, as x real time.

python tests/bench/hearing/cost.py
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from engine.audio.format import RATE_HZ
from engine.hearing.ear import Ear
from engine.hearing.sphinx import SphinxTranscriber
from tests.engine.hearing.sound import clip, silence


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    music = np.concatenate(
        [clip("music_trow_acoustic_guitar"), clip("music_moh-manolo_camp-morning_coffee")] * 2
    )
    speech = np.concatenate(
        [clip("recording_allison_menu_8"), clip("human_librispeech-1737"), clip("recording_allison_hold_2")]
    )
    sounds = {"music": music, "silence": silence(40.0), "speech": speech}
    for name, transcriber in (("without words", None), ("with pocketsphinx", SphinxTranscriber())):
        for kind, sound in sounds.items():
            ear = Ear(transcriber)
            ear.feed(sound[:RATE_HZ])
            began = time.process_time()
            for start in range(RATE_HZ, len(sound), RATE_HZ // 10):
                ear.feed(sound[start : start + RATE_HZ // 10])
            ear.finish()
            spent, length = time.process_time() - began, len(sound) / RATE_HZ - 1.0
            print(
                f"{name}, {kind}: {length / spent:.0f} x real time, {100 * spent / length:.2f} % of a core a call"
            )
    before = megabytes()
    ears = [Ear() for _ in range(20)]
    for ear in ears:
        ear.feed(speech)
    print(f"memory: {(megabytes() - before) / len(ears):.2f} MB a call")


if __name__ == "__main__":
    main()
