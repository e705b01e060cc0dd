"""Forms of English verbs and whether a word is one of the language's, from lemminflect's dictionary, remembered."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=8192)
def forms(lemma: str, tag: str) -> tuple[str, ...]:
    """The forms that a lemma takes under a Penn tag, the most usual first; none when the word is unknown."""
    from lemminflect import getInflection  # type: ignore[import-untyped, unused-ignore]

    return tuple(getInflection(lemma, tag))


def inflected(lemma: str, tag: str) -> str:
    """A verb in the form that the Penn tag names; the lemma when no form is known."""
    found = forms(lemma, tag)
    return found[0] if found else lemma


@lru_cache(maxsize=8192)
def base_form(verb: str, lemma: str, tag: str) -> str:
    """The lemma that gives `verb` under `tag`: the parser's own where it does, else the dictionary's (not "fin" for "fined")."""
    from lemminflect import getLemma

    if verb in forms(lemma, tag):
        return lemma
    return next((other for other in getLemma(verb, "VERB") if verb in forms(other, tag)), lemma)


@lru_cache(maxsize=8192)
def told_tag(verb: str, tag: str) -> str:
    """The tag of a verb: the past tense where the parser took such a form for the present, "swam"."""
    from lemminflect import getLemma

    if tag not in ("VBP", "VBZ"):
        return tag
    bases = getLemma(verb, "VERB")
    past = any(verb in forms(base, "VBD") for base in bases) and not any(verb in forms(base, tag) for base in bases)
    return "VBD" if past else tag


@lru_cache(maxsize=8192)
def is_word(word: str) -> bool:
    """Whether the dictionary has the word."""
    from lemminflect import getAllLemmas

    return bool(getAllLemmas(word))
