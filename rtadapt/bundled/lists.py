"""Readers of the word lists and template lists that the generator's data is written in; standard library only."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


def items(text: str) -> tuple[str, ...]:
    """The phrases between commas; a phrase may go over the end of a line."""
    return tuple(" ".join(part.split()) for part in text.split(","))


def lines(text: str) -> tuple[str, ...]:
    """One item a line, without the indent."""
    return tuple(line.strip() for line in text.strip().splitlines() if line.strip())


def blocks(text: str) -> dict[str, tuple[str, ...]]:
    """Items under names: a line that ends in a colon and has no indent is a name, indented lines are its items."""
    found: dict[str, list[str]] = {}
    for line in text.strip().splitlines():
        if line[:1].isspace():
            found[next(reversed(found))].append(line.strip())
        elif line:
            found[line.removesuffix(":")] = []
    return {name: tuple(inside) for name, inside in found.items()}
