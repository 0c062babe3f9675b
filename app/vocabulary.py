"""The words of the output: every event name there is, and one line of it.

``NAMES`` is the whole vocabulary; it is what ``--help`` prints, and scripts may rely on it: names and fields are added,
never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NAMES: dict[str, str] = {
    "human": "a person speaks: the program rings",
    "maybe_human": "it may be a person: not sure yet",
    "stand_down": "it was no person, or nobody is there any more",
    "recording": "what was just said is a recording",
    "person": "what was just said is a person's",
    "hold": "the call waits in a queue from here on",
    "hold_music": "music began",
    "silence": "silence began",
    "speech": "a voice began",
    "speech_ended": "the voice has ended",
    "tone": "a tone: ringback, busy, reorder, sit, dtmf, beep, fax, steady",
    "words": "what was said",
    "hearing": "what has been understood so far of what is being said",
    "unheard": "something was said and not understood",
    "menu": "a menu was understood",
    "queue": "position in the queue or expected wait, as announced",
    "estimate": "how long the wait will probably last from now on, and by when to be back",
    "queue_warning": "the wait goes wrong: position_up, wait_up, or closing",
    "hours": "opening hours were announced",
    "phase": "what the program believes is going on",
    "outcome": "how the attempt ends",
    "call": "the call is made",
    "line": "what SIP says: dialing, early, confirmed, ended",
    "pressed": "keys were pressed",
    "said": "the program spoke",
    "step": "a step of the call flow was entered",
    "flow_left": "the call flow does not match what is heard",
    "back_on_hold": "you talk, and were put back on hold: the program offers to wait for you",
    "offer_ended": "that offer is over",
    "learned": "you said what a voice was, and the memory of the company has it",
    "memory_damaged": "what was remembered of the company could not be read; it is kept aside, and the call goes on",
    "learning_undone": "that was taken back",
    "need_user": "the program cannot go on alone",
    "voice": "microphone and speaker were connected or taken out",
    "recorder": "the recording of the call began or ended",
    "line_process": "a telephone line came up or was lost",
    "account": "whether a trunk account is registered",
    "audio": "which microphone and speaker are in use",
    "recogniser": "which speech recogniser is in use",
    "ended": "the call is over, and why",
    "summary": "the last line of slay and practice",
}
"""Every event name there is, and what it means."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of output: the event's name, its fields, and the same as words for a person (empty: not shown)."""

    event: str
    text: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
