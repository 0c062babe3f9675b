"""Make the language model and the dictionary of the embedded recogniser from our sentences and the general model.

    python resources/language/build.py [--share 0.95] [--words 8000] [--pairs 150000] [--into FOLDER]

Writes ``phone.lm.bin`` (trigrams) and ``phone.dict``. The same input always gives the same files.

Theory: two models, the phone model P (trigrams of our sentences, absolute discounting) and the
general model G (one- and two-word part of ``en-us.lm.bin`` in the pocketsphinx wheel, cut to its most frequent words
and pairs), are merged as if their counts were added:

    M(w|h) = share(h) P(w|h) + (1 - share(h)) G(w|h),     share(h) = s P(h) / (s P(h) + (1 - s) G(h))

so that after "your call is" the phone model speaks nearly alone, and after "the old house" the general one. A fixed
share would push menu words into every sentence of a person.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import re
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.hearing.pronunciation import pronounce

HERE = Path(__file__).resolve().parent
SOURCES = ("phone_sentences.txt", "menus.txt")
SAID = {"recordings.txt": "systems", "agents.txt": "people"}
"""Sentences of many businesses and of people, from ``resources/cues/said``, and their section."""
DISCOUNT = 0.5
SCALE = 30
"""Count of a sentence without slots: one of a template with 900 fillings counts once."""
STRIDES = (1, 7, 11, 13, 17)
JOINED = 0.5
"""Share of a system's sentences after which it says another one without a pause that ends the utterance."""
START, END = "<s>", "</s>"
Words = tuple[str, ...]


def sentences(text: str, section: str = "") -> Counter[Words]:
    """Every sentence of a file (of one section, if given) with its count, slots filled."""
    slots: dict[str, list[str]] = {}
    templates: list[tuple[int, str]] = []
    current = ""
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            current = line.strip("[]")
        elif line.startswith("@"):
            name, sign, words = re.split(r" ([=+]) ", line[1:], maxsplit=1)
            if sign == "=":
                slots[name] = []
            slots.setdefault(name, []).extend(word.strip() for word in words.split("|"))
        elif not section or current == section:
            marked = re.match(r"\*(\d+) ", line)
            templates.append((int(marked[1]), line[marked.end() :]) if marked else (1, line))
    filled_slots: dict[str, list[str]] = {}

    def values(name: str) -> list[str]:
        if name not in filled_slots:
            every = [words for number, value in enumerate(slots[name]) for words in fillings(value, number)]
            filled_slots[name] = every
        return filled_slots[name]

    def fillings(template: str, number: int) -> list[str]:
        """As many as the longest slot has words; other slots run along, in another order for each template."""
        parts = re.split(r"{(\w+)}", template)
        choices = [values(name) for name in parts[1::2]]
        turns = max((len(choice) for choice in choices), default=1)
        strides = [
            next(
                step
                for step in range(STRIDES[place % len(STRIDES)], 10**6)
                if math.gcd(step, len(choice)) == 1
            )
            for place, choice in enumerate(choices)
        ]
        found = []
        for turn in range(turns):
            filled = parts[0]
            for place, choice in enumerate(choices):
                lap = turn // len(choice)
                filled += choice[(turn * strides[place] + lap + place * number * 7) % len(choice)]
                filled += parts[2 * place + 2]
            found.append(filled)
        return found

    counted: Counter[Words] = Counter()
    for number, (weight, template) in enumerate(templates):
        found = fillings(template, number)
        for filled in found:
            # a template counts as much whether it has one filling or a thousand, within reason
            counted[tuple(filled.split())] += max(1, round(SCALE * weight / math.sqrt(len(found))))
    return counted


def all_sentences(section: str = "") -> Counter[Words]:
    """What the phone model learns from: all files, or one section of them ("systems", "people")."""
    counted: Counter[Words] = Counter()
    for name in SOURCES:
        counted.update(sentences((HERE / name).read_text("utf-8"), section))
    for name, kind in SAID.items():
        if section in ("", kind):
            for line in (HERE.parent / "cues" / "said" / name).read_text("utf-8").splitlines():
                if line and line[0] not in "#[":
                    counted[tuple(line.split())] += SCALE
    return counted


class PhoneModel:
    """Trigrams with absolute discounting, interpolated with the lower order."""

    def __init__(self, counted: Counter[Words], systems: Counter[Words]) -> None:
        self.counts: list[Counter[Words]] = [Counter(), Counter(), Counter()]
        for words, count in counted.items():
            framed = (START, *words, END)
            for order in range(3):
                for place in range(len(framed) - order):
                    gram = framed[place : place + order + 1]
                    if gram != (START,):
                        self.counts[order][gram] += count
        self._join(systems)
        self.after: list[dict[Words, list[float]]] = []  # history -> [count, kinds]
        for order in range(3):
            table: dict[Words, list[float]] = defaultdict(lambda: [0.0, 0.0])
            for gram, count in self.counts[order].items():
                table[gram[:-1]][0] += count
                table[gram[:-1]][1] += 1
            self.after.append(dict(table))

    def _join(self, systems: Counter[Words]) -> None:
        """Count the seams between sentences that follow each other in one utterance: any end, any beginning."""
        starts: Counter[str] = Counter()
        ends: list[Counter[Words]] = [Counter(), Counter()]
        for words, count in systems.items():
            starts[words[0]] += count
            ends[0][words[-1:]] += count
            if len(words) > 1:
                ends[1][words[-2:]] += count
        # the root: there are a hundred times as many menus among the templates as there are notices
        total = sum(math.sqrt(count) for count in starts.values())
        for order, table in enumerate(ends, 1):
            for end, count in table.items():
                for start, begins in starts.items():
                    seams = round(JOINED * count * math.sqrt(begins) / total)
                    if seams:
                        self.counts[order][(*end, start)] += seams

    def probability(self, gram: Words) -> float:
        """P(last word | words before it)."""
        if len(gram) == 1:
            return self.counts[0][gram] / self.after[0][()][0]
        lower = self.probability(gram[1:])
        total, kinds = self.after[len(gram) - 1].get(gram[:-1], (0.0, 0.0))
        if not total:
            return lower
        count = self.counts[len(gram) - 1][gram]
        return max(0.0, count - DISCOUNT) / total + DISCOUNT * kinds / total * lower


class GeneralModel:
    """One- and two-word part of a back-off model in ARPA form, cut to the most frequent."""

    def __init__(self, arpa: Path, words: int, pairs: int, keep: set[str]) -> None:
        self.single: dict[str, float] = {}
        self.weight: dict[str, float] = {}
        self.double: dict[tuple[str, str], float] = {}
        part = 0
        with arpa.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("\\"):
                    part = {"\\1-grams:": 1, "\\2-grams:": 2}.get(line.strip(), 0)
                    if line.startswith("\\3"):
                        break
                    if part == 2:
                        self._cut_words(words, keep)
                    continue
                fields = line.split()
                if part == 1 and len(fields) >= 2:
                    self.single[fields[1]] = 10 ** float(fields[0])
                    self.weight[fields[1]] = 10 ** float(fields[2]) if len(fields) > 2 else 1.0
                elif part == 2 and len(fields) >= 3 and fields[1] in self.single and fields[2] in self.single:
                    self.double[fields[1], fields[2]] = 10 ** float(fields[0])
        best = sorted(self.double, key=lambda pair: (-self.single[pair[0]] * self.double[pair], pair))
        self.frequent = best[:pairs]

    def _cut_words(self, words: int, keep: set[str]) -> None:
        known = sorted(self.single, key=lambda word: (-self.single[word], word))
        chosen = set([word for word in known if re.fullmatch(r"[a-z][a-z']*|</?s>", word)][:words])
        chosen |= keep & set(self.single) | {START, END}
        self.single = {word: p for word, p in self.single.items() if word in chosen}
        total = sum(p for word, p in self.single.items() if word != START)
        self.single = {word: p / total for word, p in self.single.items()}

    def probability(self, gram: Words) -> float:
        """G(last word | word before it); three words are cut to two."""
        gram = gram[-2:]
        if len(gram) == 1:
            return self.single.get(gram[0], 0.0)
        found = self.double.get((gram[0], gram[1]))
        if found is not None:
            return found
        return self.weight.get(gram[0], 1.0) * self.single.get(gram[1], 0.0)


def merge(phone: PhoneModel, general: GeneralModel, share: float) -> list[dict[Words, float]]:
    """M for one, two and three words."""

    def mixed(gram: Words) -> float:
        history = gram[:-1]
        ours = theirs = 1.0
        for place in range(len(history)):
            before = history[max(0, place - 1) : place]
            word = history[place]
            if word == START:
                continue
            ours *= phone.probability((*before, word)) if place else phone.probability((word,))
            theirs *= general.probability((*before, word)) if place else general.probability((word,))
        if theirs == 0.0 and ours == 0.0:
            theirs = 1.0
        part = share * ours / (share * ours + (1.0 - share) * theirs)
        return part * phone.probability(gram) + (1.0 - part) * general.probability(gram)

    words = {gram[0] for gram in phone.counts[0]} | set(general.single) - {START}
    single: dict[Words, float] = {(word,): mixed((word,)) for word in sorted(words)}
    pairs = set(phone.counts[1]) | {pair for pair in general.frequent if pair[1] != START}
    double = {gram: mixed(gram) for gram in sorted(pairs)}
    triple = {gram: mixed(gram) for gram in sorted(phone.counts[2])}
    return [single, double, triple]


def write_arpa(tables: list[dict[Words, float]], path: Path) -> None:
    """ARPA with back-off weights that make every history sum to one."""

    def value(gram: Words) -> float:
        table = tables[len(gram) - 1]
        if gram in table:
            return table[gram]
        return weights.get(gram[:-1], 1.0) * value(gram[1:]) if len(gram) > 1 else 0.0

    weights: dict[Words, float] = {}
    for order in (1, 2):
        explicit: dict[Words, list[float]] = defaultdict(lambda: [0.0, 0.0])
        followers: dict[Words, list[Words]] = defaultdict(list)
        for gram, p in tables[order].items():
            followers[gram[:-1]].append(gram)
            explicit[gram[:-1]][0] += p
            explicit[gram[:-1]][1] += value(gram[1:])
        for history, (high, low) in explicit.items():
            if high > 0.999:  # a history that is spoken for: leave a little for the rest
                for gram in followers[history]:
                    tables[order][gram] *= 0.999 / high
                high = 0.999
            weights[history] = (1.0 - high) / max(1e-6, 1.0 - low)
    with path.open("w", encoding="utf-8") as out:
        out.write("\\data\\\n")
        for order, table in enumerate(tables, 1):
            out.write(f"ngram {order}={len(table) + (order == 1)}\n")
        for order, table in enumerate(tables, 1):
            out.write(f"\n\\{order}-grams:\n")
            if order == 1:
                out.write(f"-99.0000 {START} {math.log10(weights.get((START,), 1.0)):.4f}\n")
            for gram, p in table.items():
                line = f"{math.log10(max(p, 1e-9)):.4f} {' '.join(gram)}"
                if order < 3 and gram[-1] != END:
                    line += f" {math.log10(max(weights.get(gram, 1.0), 1e-9)):.4f}"
                out.write(line + "\n")
        out.write("\n\\end\\\n")


def _dump(binary: str, arpa: str) -> None:
    """Child process: pocketsphinx 5.1 writes the one- and two-word part of its model and then crashes in the third."""
    from pocketsphinx import Config, LogMath, NGramModel

    logarithms = LogMath()  # kept in a name: the model holds a bare pointer to it
    NGramModel(Config(), logarithms, binary).write(arpa, NGramModel.str_to_type("arpa"))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--share", type=float, default=0.95)
    options.add_argument("--words", type=int, default=8000)
    options.add_argument("--pairs", type=int, default=150000)
    options.add_argument("--into", type=Path, default=HERE)
    options.add_argument("--general", type=Path, help="an ARPA made earlier from the general model")
    chosen = options.parse_args()

    from pocketsphinx import Config, LogMath, NGramModel, get_model_path

    counted = all_sentences()
    spoken: dict[str, list[str]] = defaultdict(list)
    for source in (Path(get_model_path("en-us/cmudict-en-us.dict")), HERE / "phone_words.dict"):
        for line in source.read_text("utf-8").splitlines():
            word, _, phones = line.partition(" ")
            if phones and not word.startswith("#"):
                spoken[word.split("(")[0]].append(phones.strip())
    unknown = sorted({word for sentence in counted for word in sentence if word not in spoken})
    known = {word: phones[0] for word, phones in spoken.items()}
    for word in unknown:
        spoken[word].append(pronounce(word, known))
    if unknown:
        print("By rule:", ", ".join(f"{word} {spoken[word][0]}" for word in unknown))
    phone = PhoneModel(counted, all_sentences("systems"))
    ours = {gram[0] for gram in phone.counts[0]}
    with tempfile.TemporaryDirectory() as scratch:
        arpa = chosen.general or Path(scratch) / "general.arpa"
        if not chosen.general:
            child = multiprocessing.get_context("spawn").Process(
                target=_dump, args=(get_model_path("en-us/en-us.lm.bin"), str(arpa))
            )
            child.start()
            child.join()
        general = GeneralModel(arpa, chosen.words, chosen.pairs, ours)
        for word in [w for w in general.single if w not in spoken and w not in (START, END)]:
            del general.single[word]
        general.frequent = [p for p in general.frequent if p[0] in general.single and p[1] in general.single]
        tables = merge(phone, general, chosen.share)
        mixed = Path(scratch) / "mixed.arpa"
        write_arpa(tables, mixed)
        model = NGramModel(Config(), LogMath(), str(mixed))
        model.write(str(chosen.into / "phone.lm.bin"), NGramModel.str_to_type("bin"))
    words = sorted({gram[0] for gram in tables[0]} - {START, END})
    with (chosen.into / "phone.dict").open("w", encoding="utf-8") as out:
        for word in words:
            for number, phones in enumerate(spoken[word], 1):
                out.write(f"{word}{'' if number == 1 else f'({number})'} {phones}\n")
    print(
        f"{sum(counted.values())} sentences ({len(counted)} different); {[len(table) for table in tables]} n-grams"
    )


if __name__ == "__main__":
    main()
