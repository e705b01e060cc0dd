"""Whether a text in another language than English holds a pair, by what can be told without a parser.

Owns the words of doubt, denial and condition of the commonest languages. Takes a reading, its text and the language; gives the
reason why it may not be taught, or None. Where a language is not known here, nothing can be told without asking.
"""

from __future__ import annotations

import re

from rtadapt.reading.readings import Reading
from rtadapt.reading.values import holds_value
from rtadapt.verification.verdicts import Reason
from rtadapt.words import flat, flat_words, holds, names, numbers, sentences

_SCRIPTS_WITHOUT_SPACES = frozenset(("zh", "ja"))
_CUES: dict[str, dict[Reason, str]] = {
    "de": {
        Reason.NEGATED: "nicht|kein\\w*|nie|niemals|weder|lehnte|abgelehnt|fast|beinahe",
        Reason.HEDGED: "angeblich|soll|sollen|offenbar|vermutlich|wohl|gerüchte?\\w*|wahrscheinlich|möglicherweise|"
        "laut einem fan|spekul\\w+|behauptet\\w*",
        Reason.CONDITIONAL: "falls|könnten?|würden?|dürften?|sofern|wenn",
        Reason.DENIED: "dementier\\w+|falschmeldung|bestritt\\w*|bestreite\\w*|stimmt nicht|berichtigung|korrektur|unwahr",
        Reason.OVER: "ehemalige\\w*|früher\\w*|damalige\\w*|zurückgetreten|entlassen|ex",
        Reason.PLANNED: "will|wollen|plant|planen|geplant\\w*",
    },
    "es": {
        Reason.NEGATED: "no|nunca|jamás|ni|casi|rechazó|tampoco",
        Reason.HEDGED: "presunt\\w+|supuest\\w+|al parecer|rumor\\w*|habría|quizás?|según un aficionado|probablemente|afirman?",
        Reason.CONDITIONAL: "si|podrían?|sería",
        Reason.DENIED: "desmint\\w+|desmiente|negó|niega|es falso|falsa|rectific\\w+",
        Reason.OVER: "ex\\w*entrenador\\w*|antiguo|antigua|exalcalde\\w*|dimitió|destituid\\w+|era",
        Reason.PLANNED: "planea|prevé|quiere|pretende",
    },
    "fr": {
        Reason.NEGATED: "ne|n|jamais|pas|aucun\\w*|ni|presque|refusé",
        Reason.HEDGED: "serait|aurait|selon un fan|rumeur\\w*|peut être|probablement|prétendu\\w*|affirme",
        Reason.CONDITIONAL: "si|pourrait|pourraient|devrait",
        Reason.DENIED: "démenti\\w*|dément|nie|faux|fausse|rectificatif",
        Reason.OVER: "ancien\\w*|ex|démissionné|limogé\\w*|était",
        Reason.PLANNED: "veut|prévoit|envisage",
    },
    "it": {
        Reason.NEGATED: "non|mai|né|nessun\\w*|quasi|rifiutato",
        Reason.HEDGED: "presunt\\w+|sarebbe|avrebbe|secondo un tifoso|voci|forse|probabilmente",
        Reason.CONDITIONAL: "se|potrebbe|potrebbero|dovrebbe",
        Reason.DENIED: "smentit\\w+|smentisce|nega|negato|falso|falsa|rettifica",
        Reason.OVER: "ex|precedente|dimesso|esonerato|era",
        Reason.PLANNED: "vuole|prevede|intende",
    },
    "pt": {
        Reason.NEGATED: "não|nunca|jamais|nem|quase|recusou",
        Reason.HEDGED: "supost\\w+|alegad\\w+|teria|seria|rumor\\w*|talvez|provavelmente|segundo um adepto",
        Reason.CONDITIONAL: "se|poderia|poderiam|caso",
        Reason.DENIED: "desment\\w+|negou|nega|falso|falsa|retificação",
        Reason.OVER: "ex|antigo|antiga|demitid\\w+|era",
        Reason.PLANNED: "pretende|planeja|quer",
    },
    "nl": {
        Reason.NEGATED: "niet|geen|nooit|noch|bijna|weigerde",
        Reason.HEDGED: "vermoedelijk|zou|zouden|naar verluidt|gerucht\\w*|misschien|waarschijnlijk|volgens een fan|beweert",
        Reason.CONDITIONAL: "als|indien|kan mogelijk|tenzij",
        Reason.DENIED: "ontken\\w+|onwaar|onjuist|rectificatie",
        Reason.OVER: "voormalige?|vroegere?|ex|ontslagen|opgestapt",
        Reason.PLANNED: "wil|willen|plant",
    },
    "zh": {
        Reason.NEGATED: "不是|没有|未能|并非|不再|拒绝|从未|尚未|无法|险些|不(?!断|少|久|同|仅)",
        Reason.HEDGED: "据传|传闻|据称|谣言|疑似|网友|可能|或许|也许|大概|猜测|据说|声称",
        Reason.CONDITIONAL: "如果|若(?!干)|假如|要是|除非|一旦",
        Reason.DENIED: "否认|辟谣|更正|不实|虚假|澄清",
        Reason.OVER: "前任|原任|曾任|曾经|卸任|辞职|被解雇|离任",
        Reason.PLANNED: "将(?=出任|担任|成为)|计划|打算|拟",
    },
    "ja": {
        Reason.NEGATED: "ない|ません|ず|拒否",
        Reason.HEDGED: "らしい|かもしれ|噂|とみられ|という説|ファンが",
        Reason.CONDITIONAL: "もし|なら|たら|れば",
        Reason.DENIED: "否定|訂正|誤り|虚偽|デマ",
        Reason.OVER: "元監督|前監督|前任|辞任|退任|解任",
        Reason.PLANNED: "予定|計画|方針",
    },
}
_YES_NO = {
    "de": ("ja", "nein"), "es": ("sí", "no"), "fr": ("oui", "non"), "it": ("sì", "no"), "pt": ("sim", "não"), "nl": ("ja", "nee"),
    "zh": ("是", "不是"), "ja": ("はい", "いいえ"),
}  # fmt: skip
_LEAST_SHARED = 0.34
_STEM_CHARS = 5


def borne_out(reading: Reading, text: str, language: str) -> Reason | None:
    """Why `text` doesn't bear the reading out; None when the words of both speak for it."""
    listed = _CUES.get(language)
    if listed is None:
        return Reason.NOT_ANSWERED
    if reading.answer.casefold().strip(" .。!") in _YES_NO[language]:
        return Reason.NOT_ANSWERED
    if not holds_value(text, reading.answer):
        return Reason.NOT_IN_TEXT
    spaced = language not in _SCRIPTS_WITHOUT_SPACES
    if not _about(reading, text, spaced):
        return Reason.NOT_ABOUT_TEXT
    lines = sentences(text)
    carriers = [line for line in lines if holds_value(line, reading.answer)] or [text]
    best = max(carriers, key=lambda line: _shared(reading.question, line, spaced))
    for reason, pattern in listed.items():
        shape = re.compile(rf"\b(?:{pattern})\b" if spaced else pattern, re.IGNORECASE)
        within = text if reason is Reason.DENIED else best
        if shape.search(within) and not shape.search(f"{reading.question} {reading.answer}"):
            return reason
    return None


def _about(reading: Reading, text: str, spaced: bool) -> bool:
    """Whether the numbers and most names of the question stand in the text, and a third of its longer words."""
    if spaced and not set(numbers(reading.question)) <= set(numbers(text)):
        return False
    named = names(reading.question)[1:] if spaced else []
    missing = [name for name in named if not holds(text, name)]
    return 2 * len(missing) <= len(named) and _shared(reading.question, text, spaced) >= _LEAST_SHARED


def _shared(question: str, text: str, spaced: bool) -> float:
    """The share of the question's longer words whose beginnings the text has; of its pairs of signs where no spaces are."""
    if not spaced:
        signs, said = flat(question).replace(" ", ""), flat(text).replace(" ", "")
        pairs = [signs[at : at + 2] for at in range(len(signs) - 1)]
        return sum(pair in said for pair in pairs) / len(pairs) if pairs else 0.0
    words = [word for word in flat_words(question) if len(word) > 3]
    starts = {word[:_STEM_CHARS] for word in flat_words(text)}
    return sum(word[:_STEM_CHARS] in starts for word in words) / len(words) if words else 0.0
