"""How a word that no dictionary of ours has is spoken: names of companies are made of known words, or read by rule.

    word -> dictionary -> two or three known words run together (bright + water) -> known word and ending -> letters

Phones are those of the CMU dictionary without stress marks, as the acoustic model of pocketsphinx wants them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

SHORTEST_PART = 3
"""Letters of a word within a word; shorter ones ("a", "in") are found everywhere."""
_ENDINGS = {
    "s": "Z",
    "'s": "Z",
    "es": "IH Z",
    "ed": "D",
    "ing": "IH NG",
    "er": "ER",
    "ers": "ER Z",
    "ly": "L IY",
    "y": "IY",
    "co": "K OW",
    "ex": "EH K S",
    "ix": "IH K S",
    "io": "IY OW",
    "ia": "IY AH",
    "o": "OW",
    "a": "AH",
}
_VOICELESS = frozenset(["P", "T", "K", "F", "TH"])
_HISSING = frozenset(["S", "Z", "SH", "CH", "JH", "ZH"])
_LETTERS = (
    ("tion", "SH AH N"), ("sion", "ZH AH N"), ("ough", "AO"), ("augh", "AO"), ("eigh", "EY"), ("tch", "CH"),
    ("sch", "S K"), ("igh", "AY"), ("dge", "JH"), ("oor", "AO R"), ("our", "AO R"), ("air", "EH R"), ("ear", "IH R"),
    ("eer", "IH R"), ("ch", "CH"), ("sh", "SH"), ("th", "TH"), ("ph", "F"), ("wh", "W"), ("ck", "K"), ("ng", "NG"),
    ("qu", "K W"), ("ee", "IY"), ("ea", "IY"), ("oo", "UW"), ("ou", "AW"), ("ow", "OW"), ("oa", "OW"), ("oi", "OY"),
    ("oy", "OY"), ("ai", "EY"), ("ay", "EY"), ("au", "AO"), ("aw", "AO"), ("ei", "IY"), ("ey", "IY"), ("ie", "IY"),
    ("eu", "Y UW"), ("ew", "UW"), ("ar", "AA R"), ("er", "ER"), ("ir", "ER"), ("or", "AO R"), ("ur", "ER"),
    ("ce", "S EH"), ("ci", "S IH"), ("cy", "S IY"), ("ge", "JH EH"), ("gi", "JH IH"), ("kn", "N"), ("wr", "R"),
    ("a", "AE"), ("b", "B"), ("c", "K"), ("d", "D"), ("e", "EH"), ("f", "F"), ("g", "G"), ("h", "HH"), ("i", "IH"),
    ("j", "JH"), ("k", "K"), ("l", "L"), ("m", "M"), ("n", "N"), ("o", "AA"), ("p", "P"), ("q", "K"), ("r", "R"),
    ("s", "S"), ("t", "T"), ("u", "AH"), ("v", "V"), ("w", "W"), ("x", "K S"), ("y", "IY"), ("z", "Z"),
)  # fmt: skip
_MAGIC_E = re.compile(r"([aeiou])([bcdfgklmnprstvz])e$")
_LONG = {"a": "EY", "e": "IY", "i": "AY", "o": "OW", "u": "UW"}


def words(name: str) -> list[str]:
    """The words of a name as the recogniser writes them: lower case, letters and apostrophes."""
    return re.findall(r"[a-z]+(?:'[a-z]+)?", name.lower().replace("’", "'").replace("&", " and "))


def pronounce(word: str, known: Mapping[str, str]) -> str:
    """Phones of ``word``, "" for what is no word. ``known``: words and their phones."""
    word = word.lower()
    if word in known:
        return known[word]
    return _joined(word, known, 3) or _with_ending(word, known) or _by_letters(word)


def _joined(word: str, known: Mapping[str, str], parts: int) -> str:
    """Known words run together: the longest first one that leaves known words."""
    if word in known:
        return known[word]
    if parts > 1:
        for cut in range(len(word) - SHORTEST_PART, SHORTEST_PART - 1, -1):
            if word[:cut] in known:
                rest = _joined(word[cut:], known, parts - 1)
                if rest:
                    return f"{known[word[:cut]]} {rest}"
    return ""


def _with_ending(word: str, known: Mapping[str, str]) -> str:
    for ending in sorted(_ENDINGS, key=len, reverse=True):
        stem = word[: -len(ending)] if word.endswith(ending) else ""
        if len(stem) >= SHORTEST_PART and stem in known:
            phones, last = known[stem], known[stem].split()[-1]
            if _ENDINGS[ending] == "Z":
                return f"{phones} {'IH Z' if last in _HISSING else 'S' if last in _VOICELESS else 'Z'}"
            return f"{phones} {_ENDINGS[ending]}"
    return ""


def _by_letters(word: str) -> str:
    if word and not re.search("[aeiouy]", word):  # an abbreviation: letter by letter
        return " ".join(_SPELLED[letter] for letter in word if letter in _SPELLED)
    phones: list[str] = []
    long = _MAGIC_E.search(word)
    rest = word[: long.start()] if long else word
    while rest:
        doubled = len(rest) > 1 and rest[0] == rest[1] and rest[0] not in "aeiou"
        letters, sound = next(((a, b) for a, b in _LETTERS if rest.startswith(a)), (rest[0], ""))
        if sound:
            phones.append(sound)
        rest = rest[2 if doubled and len(letters) == 1 else len(letters) :]
    if long:
        phones += [_LONG[long[1]], next(sound for letters, sound in _LETTERS if letters == long[2])]
    return " ".join(phones)


_SPELLED = {
    "a": "EY", "b": "B IY", "c": "S IY", "d": "D IY", "e": "IY", "f": "EH F", "g": "JH IY", "h": "EY CH",
    "i": "AY", "j": "JH EY", "k": "K EY", "l": "EH L", "m": "EH M", "n": "EH N", "o": "OW", "p": "P IY",
    "q": "K Y UW", "r": "AA R", "s": "EH S", "t": "T IY", "u": "Y UW", "v": "V IY", "w": "D AH B AH L Y UW",
    "x": "EH K S", "y": "W AY", "z": "Z IY",
}  # fmt: skip
