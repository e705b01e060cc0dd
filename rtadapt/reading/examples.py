"""How a model is asked to read: the request for pairs and for other wordings, with one worked example in the text's language.

Owns the prompts and the examples. Every name in an example is invented and stands in `Shown.names`, so that what a model
copies out of it can be told. The passage comes first, so that all requests about it share it as a prefix.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from rtadapt.words import word_set


@dataclass(frozen=True, slots=True)
class Shown:
    """A worked example: a text, and its pairs as (sentence, question, answer), the first asked again in other wordings."""

    text: str
    pairs: tuple[tuple[str, str, str], ...]
    again: tuple[str, ...]
    names: frozenset[str]


_EN = "Halvorsen Bakery in Quillby opens a second shop on 3 May. It is led by Petra Umber and will sell bread until 8 p.m."
_DE = "Die Bäckerei Halvorsen in Quillby eröffnet am 3. Mai einen zweiten Laden. Geleitet wird er von Petra Umber."
_ES = "La panadería Halvorsen de Quillby abrirá una segunda tienda el 3 de mayo. La dirigirá Petra Umber."
_FR = "La boulangerie Halvorsen de Quillby ouvre un deuxième magasin le 3 mai. Il est dirigé par Petra Umber."
_ZH = "奎尔比的哈沃森面包店将于5月3日开设第二家分店。新店由安佩兰负责。"
_LATIN_NAMES = word_set("halvorsen quillby umber")

SHOWN = {
    "en": Shown(
        _EN,
        (
            (
                "Halvorsen Bakery in Quillby opens a second shop on 3 May.",
                "When does Halvorsen Bakery open its second shop?",
                "3 May",
            ),
            (
                "It is led by Petra Umber and will sell bread until 8 p.m.",
                "Who leads the second shop of Halvorsen Bakery?",
                "Petra Umber",
            ),
            (
                "It is led by Petra Umber and will sell bread until 8 p.m.",
                "Until when does the second shop of Halvorsen Bakery sell bread?",
                "8 p.m.",
            ),
        ),
        (
            "On which day will the second Halvorsen Bakery shop open?",
            "What is the opening date of Halvorsen Bakery's second shop?",
        ),
        _LATIN_NAMES,
    ),
    "de": Shown(
        _DE,
        (
            (
                "Die Bäckerei Halvorsen in Quillby eröffnet am 3. Mai einen zweiten Laden.",
                "Wann eröffnet die Bäckerei Halvorsen ihren zweiten Laden?",
                "3. Mai",
            ),
            ("Geleitet wird er von Petra Umber.", "Wer leitet den zweiten Laden der Bäckerei Halvorsen?", "Petra Umber"),
        ),
        ("An welchem Tag macht der zweite Laden der Bäckerei Halvorsen auf?", "Ab wann gibt es den zweiten Halvorsen-Laden?"),
        _LATIN_NAMES,
    ),
    "es": Shown(
        _ES,
        (
            (
                "La panadería Halvorsen de Quillby abrirá una segunda tienda el 3 de mayo.",
                "¿Cuándo abrirá la panadería Halvorsen su segunda tienda?",
                "3 de mayo",
            ),
            ("La dirigirá Petra Umber.", "¿Quién dirigirá la segunda tienda de la panadería Halvorsen?", "Petra Umber"),
        ),
        ("¿Qué día abre la segunda tienda Halvorsen?", "¿Cuál es la fecha de apertura de la segunda tienda Halvorsen?"),
        _LATIN_NAMES,
    ),
    "fr": Shown(
        _FR,
        (
            (
                "La boulangerie Halvorsen de Quillby ouvre un deuxième magasin le 3 mai.",
                "Quand la boulangerie Halvorsen ouvre-t-elle son deuxième magasin ?",
                "3 mai",
            ),
            ("Il est dirigé par Petra Umber.", "Qui dirige le deuxième magasin de la boulangerie Halvorsen ?", "Petra Umber"),
        ),
        ("Quel jour ouvre le deuxième magasin Halvorsen ?", "À quelle date le second Halvorsen ouvre-t-il ses portes ?"),
        _LATIN_NAMES,
    ),
    "zh": Shown(
        _ZH,
        (
            ("奎尔比的哈沃森面包店将于5月3日开设第二家分店。", "哈沃森面包店什么时候开设第二家分店？", "5月3日"),
            ("新店由安佩兰负责。", "谁负责哈沃森面包店的第二家分店？", "安佩兰"),
        ),
        ("哈沃森面包店的第二家分店哪天开业？", "哈沃森的新分店何时开张？"),
        frozenset(("奎尔比", "哈沃森", "安佩兰")),
    ),
}
"""By language. Other languages are shown the English one."""


def shown(language: str) -> Shown:
    """The example for a text in `language`."""
    return SHOWN.get(language, SHOWN["en"])


def ask_for_pairs(text: str, language: str, most: int) -> str:
    """The request for what `text` says, as pairs of a question and a short answer, each with its sentence."""
    example = shown(language)
    pairs = [{"sentence": sentence, "question": question, "answer": answer} for sentence, question, answer in example.pairs]
    return (
        f"Text:\n{text}\n\n"
        f"Write down what this text says as up to {most} questions with short answers, in the language of the text.\n"
        "- sentence: the sentence of the text that says it, word for word.\n"
        "- question: names in full whom or what it is about, so that it is clear without the text.\n"
        "- answer: a few words, copied from that sentence.\n"
        "Leave out what is denied, uncertain, only planned on a condition, over, or merely claimed by somebody.\n\n"
        f"An example with another text:\n{example.text}\n{_json({'pairs': pairs})}\n\n"
        "Now the pairs for the text at the beginning, as JSON of the same form."
    )


def ask_for_wordings(text: str, language: str, questions: Sequence[str], most: int) -> str:
    """The request for `most` other wordings of each of `questions`, which are numbered from 1."""
    example = shown(language)
    asked = "\n".join(f"{number}. {question}" for number, question in enumerate(questions, 1))
    answer = {"questions": [{"number": 1, "wordings": list(example.again)}]}
    return (
        f"Text:\n{text}\n\n"
        f"Write {most} other wordings of each question below, as different people would ask the same, in the language of the"
        " question. Each names in full whom or what it is about, has the same answer, and does not give it away.\n\n"
        f"An example:\n1. {example.pairs[0][1]}\n{_json(answer)}\n\n"
        f"The questions:\n{asked}\n\nNow their other wordings, as JSON of the same form."
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
