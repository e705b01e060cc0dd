"""In which language a text is, told from its script and its commonest words.

Owns the guess, which only chooses a worked example and forms of asking, so that a wrong one costs little. Pure.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rtadapt.words import flat_words, word_set

_COMMONEST = {
    "en": word_set(
        "a the of and to in is was for that with on at by from it as has be are this an will its after said not have could may"
    ),
    "de": word_set("der die das und ist nicht ein eine mit von dem den für auf im zu am wird sich des auch nach bei wurde hat"),
    "es": word_set("el la los las de y que en un una es por con para del se al su lo más fue como está ha pero"),
    "fr": word_set("le la les de et des est un une dans que qui pour du au sur par plus avec ne pas ce il elle son à été"),
    "it": word_set("il la di e che un una è per con del della non le dei gli nel sono alla da ha anche più al i"),
    "pt": word_set("o a de e que do da em um uma os as para com não no na por dos é ao mais se foi das"),
    "nl": word_set("de het een en van is in dat op te zijn met voor niet aan er die ook door bij naar wordt heeft uit"),
}
_KANA = re.compile(r"[\u3040-\u30ff]")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LEAST_SHARE = 0.08
"""Ordinary prose is a third to a half such words, headlines a fifth, lists of names less."""


@lru_cache(maxsize=256)
def language_of(text: str) -> str:
    """Its ISO 639-1 code: one of en, de, es, fr, it, pt, nl, zh, ja; empty when nothing speaks for any of them."""
    if len(_HAN.findall(text)) + len(_KANA.findall(text)) > len(text) / 5:
        return "ja" if _KANA.search(text) else "zh"
    words = flat_words(text)
    counts = {code: sum(word in common for word in words) for code, common in _COMMONEST.items()}
    best = max(counts, key=lambda code: counts[code])
    return best if words and counts[best] >= _LEAST_SHARE * len(words) else ""
