"""Write the sample corpus: ``python assets/make_sample.py [--seed 0] [--output assets/sample]``.

The rules are in ``grammar.py``, the words in ``lexicon.py``. One seed always gives the same
files.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from grammar import CONTEXT, FAMILIES, RULES, Family
from lexicon import CLOSED_CLASS, DOMAINS, NAME_ENDINGS, NAME_STEMS, WORDS

SIZES = {"train": 3000, "dev": 500, "test": 1000}
TOPICS = (
    "question",
    "request",
    "complaint",
    "price",
    "delivery",
    "service",
    "comparison",
    "refund",
)
TOPIC = "#"  # the tag of a token that names a topic and stays out of the text
MAX_TOKENS = 45
# Shares of the words and of the names of dev and test that are drawn from the held-out ones.
HELD_OUT_WORDS = 0.15
HELD_OUT_NAMES = 0.5
SYMBOL = re.compile(r"\$([a-z_]+)([+-]?)((?:\.\d)?)(\??)")
NO_SPACE_BEFORE = frozenset({".", ",", "?", ";", ")", "n't", "'s", "'ll", "'ve"})
NO_SPACE_AFTER = frozenset({"(", "$", "€"})
VOWELS = frozenset("aeiou")
NEGATABLE = frozenset(
    {"is", "was", "are", "were", "do", "did", "has", "have", "had", "would", "could", "can"}
)
OPPOSITE = {"good": "bad", "bad": "good"}
VERDICTS = {"good": "positive", "bad": "negative"}


@dataclass(frozen=True)
class Token:
    """A token with its tag and, inside an entity, the label and number of that entity."""

    text: str
    tag: str
    entity: str = ""
    entity_number: int = 0


def name_parts(held_out: bool) -> list[str]:
    """Surnames and towns made of two parts; every fourth combination is held out."""
    return [
        stem + ending
        for row, stem in enumerate(NAME_STEMS.split())
        for column, ending in enumerate(NAME_ENDINGS.split())
        if ((row + 3 * column) % 4 == 0) == held_out
    ]


def numerals() -> dict[str, list[Token]]:
    """Days, years and amounts in figures."""
    suffixes = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd"}
    return {
        "day_number": [Token(str(day), "CD") for day in range(1, 29)],
        "ordinal": [Token(f"{day}{suffixes.get(day, 'th')}", "JJ") for day in range(1, 29)],
        "year": [Token(str(year), "CD") for year in range(2012, 2026)],
        "amount": [
            Token(text, "CD")
            for euros in range(3, 400, 7)
            for text in (str(euros), f"{euros}.50", f"{euros}.99")
        ],
    }


def word_lists(held_out: bool) -> dict[str, list[list[Token]]]:
    """The words of every lexical symbol, either the common or the held-out ones."""
    lists: dict[str, list[list[Token]]] = {}
    for symbol, (tag, words) in WORDS.items():
        common, _, rare = words.partition("|")
        entries = (rare if held_out else common).split()
        lists[symbol] = [[Token(part, tag) for part in entry.split("_")] for entry in entries]
    for symbol in ("surname", "town"):
        lists[symbol] = [[Token(name, "NNP")] for name in name_parts(held_out)]
    if not held_out:
        lists |= {symbol: [[token] for token in tokens] for symbol, tokens in numerals().items()}
    return lists


COMMON_WORDS = word_lists(held_out=False)
RARE_WORDS = word_lists(held_out=True)


@dataclass
class Writer:
    """Expands templates for one text; the parts drawn so far are kept."""

    rng: random.Random
    domain: str
    held_out: bool
    drawn: dict[tuple[str, str], list[Token]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    entities: int = 0

    def expand(self, template: str, polarity: str) -> list[Token]:
        """Turn a template into tokens."""
        tokens: list[Token] = []
        entity, start = "", 0
        for item in template.split():
            if item.startswith("<"):
                entity, start = item[1:], len(tokens)
            elif item == ">":
                self.entities += 1
                tokens[start:] = [
                    replace(token, entity=entity, entity_number=self.entities)
                    for token in tokens[start:]
                ]
            elif item.startswith("#"):
                tokens.append(Token(item[1:], TOPIC))
            elif symbol := SYMBOL.fullmatch(item):
                tokens += self.draw(symbol, polarity)
            else:
                word, _, tag = item.partition("/")
                tokens.append(Token(word, tag or CLOSED_CLASS[word.lower()]))
        return tokens

    def draw(self, item: re.Match[str], polarity: str) -> list[Token]:
        """Expand one symbol, or repeat what it became before."""
        name, sign, number, maybe = item.groups()
        if sign == "-":
            polarity = OPPOSITE[polarity]
        key = (name + number, polarity)
        if number and key in self.drawn:
            return self.drawn[key]
        skipped = bool(maybe) and self.rng.random() < 0.5
        self.drawn[key] = [] if skipped else self.choose(name, polarity)
        return self.drawn[key]

    def choose(self, name: str, polarity: str) -> list[Token]:
        """Pick a new rule or word for a symbol, the narrowest definition first."""
        for symbol in (
            f"{name}:{polarity}@{self.domain}",
            f"{name}@{self.domain}",
            f"{name}:{polarity}",
            name,
        ):
            if symbol in RULES:
                fresh = [rule for rule in RULES[symbol] if rule not in self.used]
                rule = self.rng.choice(fresh or RULES[symbol])
                self.used.add(rule)
                return self.expand(rule, polarity)
            if symbol in COMMON_WORDS:
                return self.choose_word(symbol)
        raise KeyError(name)

    def choose_word(self, symbol: str) -> list[Token]:
        """Pick a word that the text does not have yet."""
        words = COMMON_WORDS[symbol]
        if self.held_out and (rare := RARE_WORDS.get(symbol)):
            rate = HELD_OUT_NAMES if rare[0][0].tag == "NNP" else HELD_OUT_WORDS
            words = rare if self.rng.random() < rate else words
        fresh = [word for word in words if word[0].text not in self.used] or words
        word = self.rng.choice(fresh)
        self.used.add(word[0].text)
        return word


def contract(tokens: list[Token], rng: random.Random) -> list[Token]:
    """Shorten half of the words that can be: ``was not``, ``can not``, ``we will``."""
    contracted: list[Token] = []
    for token in tokens:
        previous = contracted[-1].text if contracted else ""
        if token.text == "not" and previous in NEGATABLE and rng.random() < 0.5:
            if previous == "can":
                contracted[-1] = Token("ca", "MD")
            token = Token("n't", "RB")
        elif token.text == "will" and previous in {"I", "we"} and rng.random() < 0.5:
            token = Token("'ll", "MD")
        contracted.append(token)
    return contracted


def finish(tokens: list[Token]) -> list[Token]:
    """Settle what depends on the neighbours: doubled commas, ``a`` or ``an``, capitals."""
    finished: list[Token] = []
    for token, following in zip(tokens, [*tokens[1:], Token("", "")], strict=True):
        if token.text == "," and following.text in {",", ".", "?", ";", "("}:
            continue
        if token.text == "a" and following.text[:1] in VOWELS:
            token = replace(token, text="an")
        if not finished or finished[-1].tag == ".":
            token = replace(token, text=token.text[:1].upper() + token.text[1:])
        finished.append(token)
    return finished


def make_row(drawn: list[Token], label: str, rng: random.Random) -> dict[str, Any]:
    """Lay the tokens out as text and find where the entities lie in it."""
    topics = {token.text for token in drawn if token.tag == TOPIC}
    tokens = finish(contract([token for token in drawn if token.tag != TOPIC], rng))
    text = ""
    entities: list[dict[str, Any]] = []
    numbers: list[int] = []
    for position, token in enumerate(tokens):
        if position and token.text not in NO_SPACE_BEFORE:
            text += "" if tokens[position - 1].text in NO_SPACE_AFTER else " "
        start = len(text)
        text += token.text
        if token.entity and token.entity_number in numbers[-1:]:
            entities[-1]["end"] = len(text)
        elif token.entity:
            entities.append({"start": start, "end": len(text), "label": token.entity})
        numbers.append(token.entity_number)
    return {
        "text": text,
        "tokens": [token.text for token in tokens],
        "tags": [token.tag for token in tokens],
        "entities": entities,
        "label": label,
        "labels": [topic for topic in TOPICS if topic in topics],
    }


def normalise(text: str) -> str:
    """Letters and digits only, for finding texts that differ in case or marks alone."""
    return re.sub(r"\W+", "", text).casefold()


def make_verdicts(rng: random.Random, held_out: bool) -> Iterator[dict[str, Any]]:
    """One or two texts from the same parts, in the order of two templates of one family."""
    index = rng.choices(range(len(FAMILIES)), [family.weight for family in FAMILIES])[0]
    family: Family = FAMILIES[index]
    domain = rng.randrange(len(DOMAINS))
    if not held_out and (index + 2 * domain) % 11 == 0:
        return  # a combination that only dev and test have
    polarity = rng.choice(("good", "bad"))
    labels = {"same": VERDICTS[polarity], "opposite": VERDICTS[OPPOSITE[polarity]]}
    writer = Writer(rng, DOMAINS[domain], held_out)
    before = rng.random() < 0.1
    after = not before and rng.random() < 0.1
    for verdict, template in rng.sample(family.variants, 2 if rng.random() < 0.4 else 1):
        aside = f"${rng.choice(CONTEXT)}"
        parts = [aside, template] if before else [template, aside] if after else [template]
        if writer.domain == "service":
            parts.append("#service")
        tokens = writer.expand(" ".join(parts), polarity)
        row = make_row(tokens, labels.get(verdict, verdict), rng)
        if row["label"] == "negative" or "complaint" not in row["labels"]:
            yield row


def make_context(rng: random.Random, held_out: bool) -> Iterator[dict[str, Any]]:
    """A text of one or two sentences without a verdict, unless a fault is one."""
    writer = Writer(rng, rng.choice(DOMAINS), held_out)
    template = " ".join(f"${symbol}" for symbol in rng.choices(CONTEXT, k=rng.choice((1, 2, 2))))
    tokens = writer.expand(template, "good")
    fault = Token("complaint", TOPIC) in tokens
    yield make_row(tokens, "negative" if fault else "neutral", rng)


def make_split(
    rng: random.Random, size: int, held_out: bool, seen: set[str]
) -> list[dict[str, Any]]:
    """Collect texts that no split has had before."""
    rows: list[dict[str, Any]] = []
    while len(rows) < size:
        make = make_context if rng.random() < 0.15 else make_verdicts
        for row in make(rng, held_out):
            key = normalise(row["text"])
            if 5 <= len(row["tokens"]) <= MAX_TOKENS and key not in seen and len(rows) < size:
                seen.add(key)
                rows.append(row)
    rng.shuffle(rows)
    return rows


def write_sample(output: Path, seed: int = 0) -> None:
    """Write the three splits, each beside its place and then renamed."""
    rng = random.Random(seed)
    seen: set[str] = set()
    output.mkdir(parents=True, exist_ok=True)
    for split, size in SIZES.items():
        path = output / f"{split}.jsonl"
        unfinished = path.with_suffix(".part")
        with unfinished.open("w", encoding="utf-8", newline="\n") as lines:
            for row in make_split(rng, size, split != "train", seen):
                lines.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
        os.replace(unfinished, path)


def main() -> None:
    """Read the command line and write the corpus."""
    parser = argparse.ArgumentParser(description="Write the sample corpus.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "sample")
    arguments = parser.parse_args()
    write_sample(arguments.output, arguments.seed)


if __name__ == "__main__":
    main()
