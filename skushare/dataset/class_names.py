"""Class names: those that are spellings of one name, and how many are told as text."""

import json
import re
import unicodedata
import zlib

LEAST = 5  # letters a word needs before one of them can be taken for a slip
RARER = 10  # times rarer than the other a name must be to be taken for a slip of it
TOLD = 5  # names at most in a sentence
_ACCENTED = ("LATIN", "GREEK", "CYRILLIC")  # letters that stay the same with a mark


def spelling_variants(labels, counts):
    """``{position of a variant: position of the name it stands for}``.

    Variants are the same but for case, accents, spaces and punctuation, or differ in one
    letter of a long word (left out, added, changed or moved) and are much rarer. The most
    frequent spelling stands for all. Not so 1.5 l and 15 l, nor ハ and バ, which are two letters.

    Args:
        labels: class names.
        counts: how often each occurs.
    """
    frequent = sorted(range(len(labels)), key=lambda i: (-counts[i], i))
    keys = ["".join(_words(label)) or label for label in labels]
    chosen, variants = {}, {}
    for i in frequent:
        first = chosen.setdefault(keys[i], i)
        if first != i:
            variants[i] = first
    total = dict.fromkeys(keys, 0)
    for key, count in zip(keys, counts, strict=True):
        total[key] += count
    shortened = {}
    for i in frequent:
        if i in variants:
            continue
        gaps = _without_one(keys[i])
        for j in dict.fromkeys(j for gap in gaps for j in shortened.get(gap, ())):
            if total[keys[i]] * RARER <= total[keys[j]] and _is_slip(labels[i], labels[j]):
                variants[i] = j
                break
        else:
            for gap in gaps:
                shortened.setdefault(gap, []).append(i)
    return {i: variants.get(first, first) for i, first in sorted(variants.items())}


def first_names(labels):
    """``labels`` as text: the first ``TOLD``, and how many more there are."""
    more = len(labels) - TOLD
    return ", ".join(labels[:TOLD]) + (f" and {more:,} more" if more > 0 else "")


def stamp(labels):
    """A number that is another one where ``labels``, or their order, are others."""
    return zlib.crc32(json.dumps(labels).encode())


def _words(label):
    """Words of ``label``, lower case: letters without accents, numbers with points and fraction bars."""
    text = unicodedata.normalize("NFKD", label).casefold().translate({ord(","): ".", ord("⁄"): "/"})
    text = re.sub(r"(?<!\d)[./]|[./](?!\d)", " ", text)
    kept, marked = [], False
    for c in text:
        if unicodedata.category(c)[0] != "M":
            kept.append(c if c.isalnum() or c in "./" else " ")
            marked = c.isalpha() and not unicodedata.name(c, "").startswith(_ACCENTED)
        elif marked:
            kept.append(c)
    return "".join(kept).split()


def _without_one(key):
    """The key, and the key without each one of its letters: names that share one are a letter apart."""
    return {key} | {key[:i] + key[i + 1 :] for i in range(len(key))}


def _is_slip(label, other):
    """Whether names a letter apart differ in long words, and not in digits or in a "C" against a "D"."""
    words, others = _words(label), _words(other)
    return len(words) == len(others) and all(
        min(len(a), len(b)) >= LEAST and re.sub(r"[^\d./]", "", a) == re.sub(r"[^\d./]", "", b)
        for a, b in zip(words, others, strict=True)
        if a != b
    )
