"""Whose something is, in a text whose pronouns are to be read without their sentence.

A possessive pronoun is kept together with its owner's name until the whole text is put together; then the name stands where it
is new, and the pronoun after it. Takes and gives strings.
"""

from __future__ import annotations

import re

_MARK = "\u2060"
_OWNED = re.compile(f"{_MARK}(?P<owner>[^{_MARK}]*){_MARK}(?P<pronoun>\\w+){_MARK}")


def owned(owner: str, pronoun: str) -> str:
    """A possessive that is settled later: the owner's name, or the pronoun."""
    name = settled(owner)
    ending = "'" if name.endswith("s") else "'s"
    return f"{_MARK}{name}{ending}{_MARK}{pronoun}{_MARK}"


def settled(text: str) -> str:
    """Text in which a possessive is the owner's name where the name is new, and the text's own pronoun after the name."""
    while (found := _OWNED.search(text)) is not None:
        before, owner = text[: found.start()], re.sub(r"['’]s?$", "", found.group("owner"))
        again = re.search(rf"\b{re.escape(owner)}\b", before, re.IGNORECASE)
        text = f"{before}{found.group('pronoun' if again else 'owner')}{text[found.end() :]}"
    return text


def unowned(text: str, owner: str) -> str:
    """Text in which what is `owner`'s is said with the text's own pronoun: the owner is what is asked for."""
    return _OWNED.sub(lambda found: found.group("pronoun" if _same(found.group("owner"), owner) else 0), text)


def once_first(text: str) -> str:
    """What was somebody's first as it is named afterwards: "Antara's plant near Calama"."""
    return re.sub(r"(['’]s?) first ", r"\1 ", text, count=1)


def _same(possessive: str, owner: str) -> bool:
    return re.sub(r"['’]s?$", "", possessive).casefold() == owner.casefold()
