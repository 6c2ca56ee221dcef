"""What a word is: letters or digits, with an inner apostrophe or hyphen. Source: protocol section 4."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
# People's keyboards and word processors have several of each.
_PLAIN = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "＇": "'", "‐": "-", "‑": "-", "﹣": "-", "－": "-"})


def words(text: str) -> list[str]:
    """The words of a text in their order, folded to one case, with plain apostrophes and hyphens.

    Vowel signs and accents that stand alone belong to their letter: they never split a word.
    """
    if text.isascii():
        return _WORD.findall(text.lower())
    folded = unicodedata.normalize("NFC", text).translate(_PLAIN).casefold()
    return _WORD.findall("".join(letter for letter in folded if unicodedata.category(letter)[0] != "M"))


def plain(text: str) -> str:
    """A text reduced to its words: equal for two texts that say the same in another spelling."""
    return " ".join(words(text))
