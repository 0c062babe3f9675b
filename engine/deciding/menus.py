"""A menu as it is heard, turned into options: what to press or say, and what for.

    words ->  keys ("press two", "press or say two", "credit for", "the star key")  ->  labels between them

A label stands before its key ("for billing press two") or after it ("press two for billing"); which of the two is
seen from the words around. Recognisers miswrite the short words of menus; the variants are in
``resources/cues/menu.toml``. An option with neither ``digits`` nor ``say`` means: stay on the line for it.
Pure: nothing here presses a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from engine.deciding.decisions import Option
from engine.deciding.phrases import BREAK, normalise, read_cues


@dataclass(frozen=True, slots=True)
class _Grammar:
    press: frozenset[str]
    before_key: frozenset[str]
    between: frozenset[str]
    keys: dict[str, str]
    true_keys: frozenset[str]
    starters: frozenset[str]
    noise: tuple[str, ...]
    lead: tuple[str, ...]
    tail: tuple[str, ...]
    stay: tuple[str, ...]
    english: tuple[str, ...]
    foreign: tuple[str, ...]


@lru_cache(maxsize=1)
def _grammar() -> _Grammar:
    table = read_cues("menu")
    keys = {word: key for key, words in table["keys"].items() for word in words}

    def longest_first(words: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(words, key=lambda phrase: (-phrase.count(" "), phrase)))

    frame = table["frame"]
    return _Grammar(
        press=frozenset(table["press"]["sure"]),
        before_key=frozenset(table["press"]["before_key"]),
        between=frozenset(table["press"]["between"]),
        keys=keys,
        true_keys=frozenset(words[0] for words in table["keys"].values()) | {"hash", "asterisk"},
        starters=frozenset(frame["starters"]),
        noise=longest_first(frame["noise"]),
        lead=longest_first(frame["lead"]),
        tail=longest_first(frame["tail"]),
        stay=longest_first(table["stay"]["phrases"]),
        english=tuple(table["languages"]["english"]),
        foreign=tuple(table["languages"]["other"]),
    )


@dataclass(frozen=True, slots=True)
class _Key:
    """A key named in words ``start`` to ``end`` (exclusive)."""

    start: int
    end: int
    digits: str


def _key_at(words: list[str], at: int) -> _Key | None:
    """The key that is told to be pressed by the words from ``at`` on, or None."""
    grammar = _grammar()
    word = words[at]
    sure = word in grammar.press
    if not sure and word not in grammar.before_key:
        return None
    index = at + 1
    spoken = 0
    while index < len(words) and spoken < 4 and words[index] in grammar.between:
        if words[index] not in grammar.keys or words[index] == "o":
            index += 1
            spoken += 1
        else:
            break
    if index >= len(words):
        return None
    found = grammar.keys.get(words[index])
    if found is None:
        return None
    if words[index] not in grammar.true_keys:
        following = words[index + 1] if index + 1 < len(words) else ""
        if following in grammar.keys and following in grammar.true_keys:
            # "press to two", "press for four": the small word was noise.
            index += 1
            found = grammar.keys[following]
        elif not sure and following not in grammar.starters | {"", BREAK, "or", "and", "now"}:
            return None  # "best for customers" is no key
    end = index + 1
    while end < len(words) and words[end] in ("key", "now", "button"):
        end += 1
    if end + 1 < len(words) and words[end] == "or" and words[end + 1] == "say" and words[index] == "say":
        end += 2
    return _Key(at, end, found)


def _without_noise(words: list[str]) -> list[str]:
    text = f" {' '.join(words)} "
    for phrase in _grammar().noise:
        text = text.replace(f" {phrase} ", f" {BREAK} ")
    return text.split()


def _label(words: list[str]) -> str:
    """The words as a label: without the talk around it."""
    grammar = _grammar()
    text = " ".join(word for word in words if word != BREAK)
    changed = True
    while changed and text:
        changed = False
        for phrase in grammar.lead:
            if text == phrase or text.startswith(f"{phrase} "):
                text = text[len(phrase) :].strip()
                changed = True
                break
        for phrase in grammar.tail:
            if text == phrase or text.endswith(f" {phrase}"):
                text = text[: len(text) - len(phrase)].strip()
                changed = True
                break
    return text


_BEFORE_PLAIN_TO = frozenset(
    [
        "like",
        "wish",
        "want",
        "speak",
        "talk",
        "need",
        "calling",
        "way",
        "access",
        "listen",
        "up",
        "related",
        "have",
    ]
)
"""Words after which "to" goes on with a label instead of beginning one."""


_AFTER_POLITE_FOR = frozenset(
    ["calling", "holding", "waiting", "listening", "choosing", "joining", "quality", "training"]
)
"""Words after which "for" belongs to a politeness ("thank you for calling ..."), however its verb was heard."""


def _last_part(words: list[str]) -> list[str]:
    """Of the words before a key those that belong to its label: after the last break, from the last starter."""
    words = _without_noise(words)
    while words and words[-1] == BREAK:
        words = words[:-1]
    if BREAK in words:
        words = words[len(words) - words[::-1].index(BREAK) :]
    firsts = [
        i
        for i, word in enumerate(words)
        if (
            word in ("for", "if", "regarding")
            and not (words[i + 1 : i + 2] and words[i + 1] in _AFTER_POLITE_FOR)
        )
        or (word == "to" and (i == 0 or words[i - 1] not in _BEFORE_PLAIN_TO))
    ]
    if firsts and len(words) - min(firsts) > 9:
        near = [i for i in firsts if len(words) - i <= 9] or [max(firsts)]
        return words[min(near) :]
    return words[min(firsts) :] if firsts else words


def _keys(words: list[str]) -> list[_Key]:
    found: list[_Key] = []
    at = 0
    while at < len(words):
        key = _key_at(words, at)
        if key is None:
            at += 1
        else:
            found.append(key)
            at = key.end
    return found


def _after_style(words: list[str], keys: list[_Key], complete: bool) -> bool:
    """Whether labels follow their keys. Judged by the words that touch the first and the last key.

    Of a ``complete`` menu of several keys that ends with a key, the labels come before: the last would have none.
    """
    before = _last_part(words[: keys[0].start])
    starters = _grammar().starters
    parted = _without_noise(words[: keys[0].start])[-1:] == [BREAK]  # talk of another kind lies between
    if before and before[0] in starters and not parted:
        return False
    after = words[keys[0].end :]
    if complete and len(keys) > 1 and before and not parted and not _label(words[keys[-1].end :]):
        return False
    if len(keys) > 1:
        after = words[keys[0].end : keys[1].start]
    return (bool(after) and after[0] in starters | {"and", "when"}) or not before


_SAY_LIST = re.compile(
    r"\b(?:you can say|please say|just say|say things like|say one of the following|say)\b (?P<list>[^|]+)"
)
_SAY_FOR = re.compile(r"\bsay (?P<say>[a-z' ]+?) (?:for|to) (?P<label>[a-z' ]+)")
_FOR_SAY = re.compile(r"\bfor (?P<label>[a-z' ]+?) (?:please |just )?say (?P<say>[a-z' ]+?)(?= for\b| \||$)")
_NOT_SAID = re.compile(r"^(?:your|the (?:name|reason)|or enter|it|a few|why|that|again|things)\b")


def _spoken_options(text: str, raw: str) -> list[Option]:
    """Options to be spoken: "say billing", "you can say billing, sales or support"."""
    out: list[Option] = []
    for pair in _FOR_SAY.finditer(text):
        out.append(Option(_label(pair["label"].split()), say=pair["say"].strip()))
    if out:
        return out
    for sentence in re.split(r"[.;!?|]", raw.lower()):
        match = _SAY_LIST.search(sentence)
        if match is None or _NOT_SAID.match(match["list"].strip()):
            continue
        said_for = _SAY_FOR.search(sentence)
        if said_for and "," not in match["list"]:
            out.append(Option(_label(said_for["label"].split()), say=said_for["say"].strip()))
            continue
        for item in re.split(r",\s*(?:or\s|and\s)?|\s(?:or|and)\s(?:say\s)?", match["list"]):
            said = normalise(item)
            if said and len(said.split()) <= 5 and not _NOT_SAID.match(said) and said not in _grammar().keys:
                out.append(Option(said, say=said))
    return out


def _listed(text: str) -> list[Option]:
    """ "billing, two. support, three": sentences that end in a key. At least two, with different keys."""
    out: list[Option] = []
    grammar = _grammar()
    for sentence in text.split(f" {BREAK} "):
        words = sentence.split()
        if 2 <= len(words) <= 6 and words[-1] in grammar.true_keys and "number" not in words:
            out.append(Option(_label(words[:-1]), digits=grammar.keys[words[-1]]))
    good = len(out) >= 2 and len({option.digits for option in out}) == len(out) and all(o.label for o in out)
    return out if good else []


def _stay_option(words: list[str], keys: list[_Key], found: list[Option]) -> Option | None:
    """ "... or stay on the line", "for a representative, please hold": waiting as an option."""
    grammar = _grammar()
    text = f" {' '.join(words)} "
    for phrase in grammar.stay:
        place = text.rfind(f" {phrase} ")
        if place < 0:
            continue
        at = text[:place].count(" ")
        begins = max(
            [key.end for key in keys if key.end <= at] + [i + 1 for i in range(at) if words[i] == BREAK] + [0]
        )
        if any(key.start > at and key.start - at <= phrase.count(" ") + 2 for key in keys):
            continue  # "to stay on the line press one": a key does it
        segment = words[begins:at]
        if segment[:1] in (["or"], ["otherwise"]):
            label = _label(segment) or (
                found[-1].label if segment[0] == "or" and found else "a representative"
            )
        elif 1 < len(segment) <= 9 and segment[0] in grammar.starters:
            label = _label(segment)
        else:
            continue
        return Option(label or "a representative")
    return None


def parse(*utterances: str, complete: bool = True) -> tuple[Option, ...]:
    """The options of a menu spread over ``utterances`` (in the order heard). Repeats are merged, the first stays.

    ``complete``: the last utterance has ended; False for a caption of a menu that is still being read.
    """
    return _parse(f" {BREAK} ".join(text for text in utterances if text.strip()), complete)


@lru_cache(maxsize=2048)
def _parse(raw: str, complete: bool) -> tuple[Option, ...]:
    text = normalise(raw)
    words = text.split()
    if not words:
        return ()
    keys = _keys(words)
    found: list[Option] = []
    if keys:
        after = _after_style(words, keys, complete)
        done = 0
        for number, key in enumerate(keys):
            ahead = keys[number + 1].start if number + 1 < len(keys) else len(words)
            if after:
                label = _label(_until_break(words[key.end : ahead]))
                if not label:
                    label = _label(_last_part(words[done : key.start]))
                done = ahead
            else:
                label = _label(_last_part(words[done : key.start]))
                done = key.end
                if not label:
                    label = _label(_until_break(words[key.end : ahead]))
                    done = ahead if label else done
            said = re.match(r"^or say ([a-z' ]+)", " ".join(words[key.end : ahead]))
            say = said[1].split(" for ")[0].strip() if said and not after else ""
            if say and " ".join(words[key.end : ahead]).split(" for ")[0] == f"or say {say}":
                done = min(ahead, key.end + 2 + len(say.split()))
                label = label or say
            if label:
                found.append(Option(label, digits=key.digits, say=say if len(say.split()) <= 4 else ""))
    else:
        found = _listed(text) or _spoken_options(text, raw)
    stay = _stay_option(words, keys, found)
    if stay is not None:
        found.append(stay)
    merged: list[Option] = []
    for option in found:
        same = [o for o in merged if o.digits == option.digits and o.say == option.say]
        if not any(fuzz.token_set_ratio(o.label, option.label) >= 70 or o.digits for o in same):
            merged.append(option)
    return tuple(merged)


def _until_break(words: list[str]) -> list[str]:
    """The label after a key ends with its sentence."""
    while words and words[0] == BREAK:
        words = words[1:]
    return words[: words.index(BREAK)] if BREAK in words else words


def is_foreign(option: Option) -> bool:
    """Whether the option leads to another language than English."""
    return any(f" {name} " in f" {option.label} " for name in _grammar().foreign)


def english(options: tuple[Option, ...]) -> int | None:
    """Index of the option that goes on in English, when this is a choice of languages."""
    for index, option in enumerate(options):
        if any(f" {name} " in f" {option.label} " for name in _grammar().english):
            return index
    return None


def stays(option: Option) -> bool:
    """Whether the option is taken by staying on the line."""
    return not option.digits and not option.say
