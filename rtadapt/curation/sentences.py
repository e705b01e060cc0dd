"""The shapes of plain English sentences, as patterns; data only.

What stands in a sentence is named by groups: `value` is the answer, `entity` what is asked about, `role` and `link` how the two
are related. A name is a run of capitalised words.
"""

from __future__ import annotations

import re

from rtadapt.curation.kinds import DAYS, MONTHS, NUMBERS

_NO_NAME = (
    r"(?!(?:The|An?|Our|My|Your|Its?|He|She|They|We|You|I|This|That|These|Those|There|For|In|On|At|By|From|After|Before|Until|"
    r"With|Without|As|To|Of|If|When|While|Because|Since|And|But|Or|No|Not)\b)"
)
_WORD = rf"(?:{_NO_NAME}[A-Z0-9][\w'’&.-]*|al-\w+)"
NAME = rf"(?:[Tt]he )?{_WORD}(?: (?:{_WORD}|&|de|da|di|van|von|der|of the))*"
_NOUN = r"(?:[a-z][\w-]*|[A-Z]{2,5})"
_ROLE = rf"(?P<role>{_NOUN}(?: {_NOUN}){{0,4}}?)"
_NEW = r"(?:(?:new|newest|current|latest|next|first) )*"
_OWN = r"(?:the|its|their|our|his|her) "
_VALUE = r"(?P<value>[^,;:.]{2,60}?)"
_END = r"(?=$|[,;.!]| (?:from|as of|starting|since|on|after|before|because|and|who|which) )"


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


_ANY_DAY = "|".join(f"{day.capitalize()}s?" for day in sorted(DAYS))
_ANY_MONTH = "|".join(month.capitalize() for month in sorted(MONTHS))
_ANY_NUMBER = "|".join(sorted(NUMBERS))
_TIME = (
    rf"(?:{_ANY_DAY}|(?:\d{{1,2}} )?(?:{_ANY_MONTH})(?: \d{{1,2}}(?!\d))?(?:,? \d{{4}})?|\d{{1,2}}[:.]\d\d(?: ?[ap]m)?|"
    rf"\d{{1,2}} ?[ap]m|(?:19|20)\d\d|noon|midnight|next \w+|{_ANY_NUMBER})"
)
_HOLDER, _ENTITY = rf"(?P<value>{NAME})(?:, \d+,)?", rf"(?P<entity>{NAME})"
_PHRASE = r"(?P<entity>(?:[Tt]he |[Aa]n? |[Oo]ur )?(?:[\w'’&.-]+ ){0,5}?[\w&.-]+)"
_AT = r"(?P<link>of|at|for|in)"
ROLES = _compiled(
    rf"{_HOLDER} (?:is|are|becomes?|became|will be|will become|has become)(?: now| again| officially)* "
    rf"(?P<own>{_OWN}|){_NEW}{_ROLE} {_AT} {_ENTITY}",
    rf"{_HOLDER} (?:was|is|were|has been|have been|will be)(?: now| today| unanimously| officially)* (?:elected|named|appointed|"
    rf"chosen|hired|made|picked|voted|promoted to|confirmed)(?: as)?(?: the| its| their)? {_NEW}{_ROLE} {_AT} {_ENTITY}",
    rf"{_HOLDER} (?:takes?|took|will take|has taken) over as (?:the )?{_NEW}{_ROLE} {_AT} {_ENTITY}",
    rf"{_HOLDER} (?:replaces?|replaced|succeeds?|succeeded|will replace|will succeed) {NAME} as (?:the )?{_NEW}{_ROLE} {_AT} "
    rf"{_ENTITY}",
    rf"{_HOLDER} (?:joins?|joined|will join|has joined) {_ENTITY} as (?:the |an? |{_OWN})?{_NEW}{_ROLE}{_END}",
    rf"{_ENTITY} (?:has |have )?(?:named|names|appointed|appoints|elected|elects|hired|hires|chose|chosen|picked|signed|"
    rf"promoted|made) {_HOLDER} (?:as |to be |to )?(?:the |an? |{_OWN}){_NEW}{_ROLE}{_END}",
    rf"{_ENTITY} (?:has |have )?(?:named|appointed|elected|hired|found|welcomed|welcomes|signed|presented|introduced) "
    rf"(?:an? |{_OWN}){_NEW}{_ROLE}(?:,|:| called| named) {_HOLDER}",
    rf"{_ENTITY} (?:has|have|got|gets) (?:an? |{_OWN}){_NEW}{_ROLE}(?:,|:|, called|, named| called| named) {_VALUE}{_END}",
    rf"(?:[Tt]he |[Oo]ur ){_NEW}{_ROLE} {_AT} {_PHRASE} (?:is|are|will be)(?: now| called| named)* {_VALUE}{_END}",
    rf"{_PHRASE}(?:'s|’s|(?<=s)['’]) {_NEW}{_ROLE} (?:is|are|will be)(?: now| called| named)* {_VALUE}{_END}",
    rf"{_PHRASE}(?:'s|’s|(?<=s)['’]) {_NEW}{_ROLE}, {_HOLDER},",
)
TITLE = re.compile(rf"{_HOLDER} (?:is|becomes|became|will be|will become) the {_NEW}{_ROLE}$")
MEASURE = re.compile(
    r"(?P<what>(?:[Tt]he |[Oo]ur )?[^,;:]{2,60}?) (?:is|are)(?: now| about| only)* (?P<value>\d[\w.,]*(?: [a-z]+)?) "
    r"(?P<how>high|tall|long|wide|deep|old|heavy|far)$"
)
COUNT = re.compile(
    r"(?P<what>(?:[Tt]he |[Oo]ur )?[^,;:]{2,60}?) (?P<verb>has|have)(?: now| about| only)* "
    r"(?P<value>\d[\d,.]*) (?P<things>[a-z]+s|people)$"
)
BY = re.compile(
    rf"(?P<what>(?:[Tt]he |[Aa]n? |[Oo]ur )?[^,;:]{{2,60}}?) (?P<be>is|are|was|were|has been|have been|will be)"
    rf"(?: now| also| already)* (?P<done>[a-z]+)(?: (?:in|on|at) {_TIME})? by (?P<value>{NAME})"
)
ACTION = re.compile(
    rf"(?P<value>{NAME}(?: and {NAME})?|[Tt]he [a-z]+(?: [a-z]+){{0,3}} (?:of|in|at) {NAME}) (?:(?P<will>will|can|must) )?"
    r"(?P<verb>[a-z]+) (?P<rest>[^;:]+)$"
)
_AMOUNT = rf"(?:\d+|{_ANY_NUMBER}|an?|several|(?:only )?a few)"
_UNIT = r"(?:second|minute|hour|day|week|month|year|night)s?"
_SPAN = rf"{_AMOUNT} (?:[a-z]+ )?{_UNIT}(?: and {_AMOUNT} {_UNIT})?"
THING = re.compile(rf"(?:the|an?|\d+|{_ANY_NUMBER}|[A-Z0-9])\b.*")
_MONEY = r"[$€£¥]\d[\d,.]*\d?(?: (?:thousand|million|billion))?|\d[\d,.]* (?:dollars|euros|pounds|cents)"
ADJUNCTS = tuple(
    (re.compile(rf" {before}(?P<value>{value})$"), ask)
    for before, value, ask in (
        (r"(?:only )?until ", _TIME, "Until when"),
        (r"since ", _TIME, "Since when"),
        (r"from ", _TIME, "From when"),
        (r"(?:(?:starting )?(?:on|in|at|by) )", _TIME, "When"),
        (r"in ", _SPAN, "In what time"),
        (r"(?:for|lasting) ", _SPAN, "For how long"),
        (r"within ", _SPAN, "Within what time"),
        (r"after ", _SPAN, "After how long"),
        (r"", _SPAN, "How long"),
        (r"for ", _MONEY, "For how much"),
        (r"", _MONEY, "How much"),
        (r"(?:in|at|to) ", NAME, "Where"),
    )
)
SAID = re.compile(
    r",? according to [^,]*$|, as [^,]*$|, (?:[\w' ]+ )?(?:said|announced|reported|added|learned|confirmed)\b[^,]*$"
)
WHEN_ABOUT = re.compile(
    r" (?:today|yesterday|tonight|tomorrow|now|again|soon|at once|immediately|daily|every day|from now on|on weekdays|"
    r"at weekends|(?:this|last) (?:morning|afternoon|evening|night|week|month|year|season))$"
)
LEAD = re.compile(r"^(?:[A-Z][^,:;]{1,48}?[,:]) (?=[A-Z]|the |a )")
SUBJECT = re.compile(r"(?:[Tt]he |[Aa]n? |[Oo]ur |[A-Z0-9])[^,;:]*$")
VERB = re.compile(
    r" (?:(?P<help>will|can|must|may|should|could|would|is|are|was|were|has|have|had) )?(?:(?:now|also|already|only|still) )?"
    r"(?P<verb>[a-z]+)(?P<rest>(?: .*)?)$"
)
VAGUE = ("only ", "a few ", "several ")
OTHERS = frozenset(("This", "That", "These", "Those", "There", "We", "Both", "All", "Some", "Many"))
FINITE = re.compile(r" (?:is|are|was|were|will|can|has|have|had)\b")
PRONOUN = re.compile(r"^(?:She|He|They|It)\b")
