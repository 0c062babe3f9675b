"""What the company asks the caller to enter, when the user has given it along with the wish.

"make a claim, my policy number is 4471902" answers "please enter your policy number, followed by the pound key". The
digits must follow the very words that the company uses; nothing else is ever entered.
"""

from __future__ import annotations

import re

from engine.deciding.phrases import NUMBER_WORDS, plain

_ASKED = re.compile(
    r"\b(?:enter|say|your) (?:your )?(?P<what>[a-z']+(?: [a-z']+){0,3} (?:number|code|pin|id))\b"
)
_LAST_KEY = re.compile(r"\b(?:followed by|then press|and press) (?:the )?(?P<key>pound|hash|star)\b")
_GIVEN = re.compile(r"\b(?:and |with )?(?:my |the )?(?:[a-z']+ ){1,2}(?:number|code|pin|id) is(?: [a-z]+)+$")
_LEAST_DIGITS = 3


def _digits_after(words: list[str]) -> str:
    digits = ""
    for word in words:
        value = NUMBER_WORDS.get(word)
        if value is not None and value < 10:
            digits += str(value)
        elif digits or word not in ("is", "number", "are"):
            break
    return digits


def digits_for(intent: str, prompt: str) -> str:
    """The keys that answer ``prompt`` out of ``intent``, with the closing key when one is asked for; "" when none."""
    asked = _ASKED.search(plain(prompt))
    if asked is None:
        return ""
    name = asked["what"].split()[-2:]
    words = plain(intent).split()
    for at in range(len(words) - len(name)):
        if words[at : at + len(name)] == name:
            digits = _digits_after(words[at + len(name) :])
            if len(digits) >= _LEAST_DIGITS:
                last = _LAST_KEY.search(plain(prompt))
                return digits + ("*" if last and last["key"] == "star" else "#" if last else "")
    return ""


def wish(intent: str) -> str:
    """The intent without the numbers given along with it."""
    text = plain(intent)
    given = _GIVEN.search(text)
    if given is None or not _digits_after(given.group().rpartition(" is")[2].split()):
        return text
    return text[: given.start()].strip() or text
