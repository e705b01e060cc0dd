"""Whether a question stands by itself, fits its answer and is worth teaching. Garbled ones are refused here.

Takes a question, its answer and its clause's subject; gives yes or no. Wrong is worse than missing.
"""

from __future__ import annotations

import re

from rtadapt.grammar import lexicon
from rtadapt.grammar.inflection import is_word
from rtadapt.words import COMMON, flat, flat_words, holds, word_set

_MOST_WORDS = 24
_LEAST_TELLING = 4
_BARE = re.compile(
    r"\b(?:the|this|that|these|those) ([a-z-]+)(?=\W|$)"
    r"(?! (?:of|in|for|on|at|that|who|which|with|between|to|from|near|outside)\b)"
)
_DATED = re.compile(rf"\bthis (?=(?:{'|'.join(sorted(lexicon.TIME_NOUNS))})\b)")
_FRAME = word_set("many organization person percentage share x")
_MOST_ANSWER_WORDS = 12
_NAME_OR_CODE = re.compile(r"(?<=\s)(?:[\"“'‘]?[A-Z][\w'’&.-]*|(?=\w*[A-Z])\w*\d[\w-]*|\d+-[A-Z][\w-]*)")
_DANGLING = re.compile(
    r"[\[\]/{}<>|#]|…|,,|\b(?:a|an|the|and|or|but|that|which|who|whose|of the|his|her|its)\?$|\s[,;]"
    r"|‘|\s[–—]\s|\bof course\b|\(|\)|\b(?:the|a|an) (?:of|in|on|and|is|was)\b"
    r"|\b(\w+) \1\b|[\"“”]|\bwhich was\b|\bha(?:s|ve|d) be\b|\bplease\b|--"
    r"|\b(?:one|two|three|four|five|six|several|\d+) (?:more|others)(?=\?|$| (?:by|in|at|on)\b)"
    r"|\bn't\b|\s['’](?!\d)|\s['’]s\s|\w[!?;:]\s|^(?:Who|What) (?:is|was|are|were)\?$|^What (?:are|were) \w+s\?$",
    re.IGNORECASE,
)
_DATES = word_set(
    """january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday i"""
)
# Written with a capital, and still no name: which state's?
_ANY_STATES = word_set("parliament police council government councillors")
_SUBJECTS_TAUGHT = word_set(
    """law medicine physics chemistry biology economics history music art mathematics philosophy engineering yesterday
    tomorrow tonight twelve eleven two three four five six seven eight nine ten dozens hundreds thousands noon midnight"""
)
_TELLING_ALONE = word_set("fire storm crash vote two three")
_ENDS_NOTHING = word_set("""his her its their the a an of as in to and or for with by on at from that which""")
# "the largest gift", "the first European country": of which or to do what is missing.
_RANKED = re.compile(
    rf"(?:[Tt]he |its |their )?(?:{'|'.join(sorted(lexicon.RANKS))}|(?:most|least) [a-z]+|[a-z]{{2,}}est)"
    r"(?!.*\b(?:of|in|on|at|for|to|that|who|which|from|with|since|ever|by)\b)(?: [\w-]+){1,3}"
)
_POINTING = re.compile(r"the (?:following|previous|preceding|above|aforementioned|latter|former|same|other) ", re.IGNORECASE)
_VAGUE = word_set(
    """something anything everything someone everyone people thing things way ways lot lots part one some more many much it
    them others first second time times place rest"""
)


def well_formed(question: str, answer: str, instruction: bool = False, opening: bool = False) -> bool:
    """Whether a question and answer may be proposed. `opening` says that they are of what a story begins with."""
    if not is_sound(question, answer):
        return False
    if not (names_something(question) or (opening and specific(question))):
        return False
    spoken = (
        lexicon.PRONOUNS - {"i", "my", "me", "who", "which", "such", "one", "ones", "there", "whom", "that", "his", "her", "its"}
        if instruction
        else (lexicon.PRONOUNS - {"who", "which", "whom", "one", "there", "that", "such", "his", "her", "its"})
    )
    if any(
        word in spoken and word in lexicon.PRONOUNS
        for word in re.findall(r"(?<![\w.-])[a-z]+(?![\w.-])", _DATED.sub("", question))
    ) or re.search(r"\b(?:the|this|that|these) (?:latter|former|same|other)\b", question):
        return False
    return not unresolved(question)


def is_sound(question: str, answer: str) -> bool:
    """Whether a question is whole and its answer says something, whatever it is about."""
    if not 3 <= len(flat_words(question)) <= _MOST_WORDS or _DANGLING.search(f"{question.removesuffix('?')}?"):
        return False
    return good_answer(answer) and not holds(question, answer) and not _shares_names(question, answer)


def good_answer(answer: str) -> bool:
    """Whether an answer says something by itself."""
    words = flat_words(answer)
    if not words or len(words) > _MOST_ANSWER_WORDS or re.search(r"[\"“”();?!]|:(?!\d)|[a-z]{4,}\.\s|--|—", answer):
        return False
    if len(words) < 4 and words[0] in ("its", "their"):
        return False
    if words[0] in (
        "any",
        "this",
        "that",
        "these",
        "those",
        "it",
        "they",
        "which",
        "such",
        "another",
        "each",
        "own",
        "respective",
        "his",
        "her",
        "our",
        "my",
        "your",
    ):
        return False
    if (len(words) == 2 and words[0] == "the" and answer[4:].islower()) or words[-1] in _ENDS_NOTHING:
        return False
    if words[0] == "the" and answer.endswith(("'s", "’s")):
        return False
    if (
        _RANKED.fullmatch(answer)
        or _POINTING.match(answer)
        or {"not", "nor", "undisclosed", "anyone", "anything", "everything"} & set(words)
    ):
        return False
    if re.fullmatch(r"[a-z]+", answer) and answer not in _SUBJECTS_TAUGHT:
        return False
    if re.fullmatch(r"[A-Z][a-z]+s", answer) and is_word(answer.lower()) and answer.lower() not in _DATES:
        return False
    content = [word for word in words if word not in ("a", "an", "the", "of", "in", "to")]
    return bool(content) and not (
        len(content) == 1
        and (
            content[0] in _VAGUE
            or (content[0] in lexicon.BARE_REFERENCES and len(words) < 3 and content[0] not in _TELLING_ALONE)
        )
    )


def names_something(question: str) -> bool:
    """Whether a question holds a name or a code that isn't a date."""
    return any(
        word.strip("\"“'’‘.,?").casefold() not in _DATES | _ANY_STATES
        for word in _NAME_OR_CODE.findall(question)
        if not re.fullmatch(r"(?:1[5-9]|20)\d\d\??|\d{1,2}", word)
    )


def specific(question: str) -> bool:
    """Whether a question without a name says enough to be about one thing: "Who canceled thousands of flights this week?"."""
    if any(found in lexicon.BARE_REFERENCES for found in _BARE.findall(_DATED.sub("", question))):
        return False
    telling = [word for word in flat_words(question) if word not in COMMON | _FRAME and (word.isdigit() or len(word) > 2)]
    return len(telling) >= _LEAST_TELLING


def unresolved(question: str) -> bool:
    """Whether a question is about "the company" or "the man" and nothing says which."""
    found = re.search(
        r"\b(?:did|does|do|is|was|were|are|will|has|have|had|can|should) the (\w+) ", f"{question.removesuffix('?')} "
    )
    return bool(
        found
        and found.group(1) in lexicon.BARE_REFERENCES
        and not re.match(r"\w+ the (?:[a-z]+ )?\w+ (?:of|in|at|for|near|on|outside|off) ", question[found.start() :])
    )


def _shares_names(question: str, answer: str) -> bool:
    """Whether the answer only repeats names of the question: "Who is the wife of Ann Holt?", "Ann Holt's wife"."""
    asked = set(flat(question).split())
    words = [word for word in flat_words(answer) if word not in ("the", "a", "an", "of", "s", "in", "and", "to")]
    owner = answer.split()[0] if answer[:1].isupper() else ""
    if owner and re.search(rf"\b{re.escape(owner)}['’]s? ", question):
        return True
    return bool(words) and sum(word in asked for word in words) > len(words) / 2
