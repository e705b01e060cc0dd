"""English words that turn a sentence from a plain fact into something else, as lemmas.

Owns the lists that verification works with, and which words count as saying the same. Data only.
"""

from __future__ import annotations

from rtadapt.words import stem, word_set

NEGATIVE_SUBJECTS = word_set("nobody none neither nothing nor no")
NEGATIVE_VERBS = word_set(
    """deny refuse decline reject fail avoid cancel forbid ban lack miss rule refute withdraw scrap abandon prevent
    stop refrain dismiss halt block veto oppose cease forgo doubt dispute turn_down call_off pull_out rule_out back_out"""
)
DENIALS = word_set("deny dismiss refute reject retract correct misstate debunk withdraw contradict rebut disown")
FALSE_WORDS = word_set(
    """false untrue hoax fake incorrect wrong wrongly incorrectly erroneously mistakenly satire retraction correction
    invented unfounded fabricated misreported lie nonsense myth"""
)
REPORT_NOUNS = word_set(
    """report rumour rumor claim story post news article speculation allegation suggestion it this that figure statement
    message information account"""
)

HEDGE_ADVERBS = word_set(
    """reportedly allegedly possibly perhaps maybe probably supposedly apparently purportedly presumably likely unlikely
    potentially seemingly conceivably ostensibly"""
)
HEDGE_NOUNS = word_set(
    """rumour rumor speculation allegation gossip possibility suspicion theory unclear uncertain unconfirmed alleged rumored
    rumoured unknown supposed"""
)
CLAIM_VERBS = word_set(
    """claim allege speculate guess suspect imagine believe think suppose assume predict fear rumour rumor suggest insist
    hint wonder doubt reckon argue dream wish pretend feel seem appear contend bet"""
)
SAY_VERBS = word_set(
    """say tell write post tweet report announce state add confirm warn explain note share comment reveal mention hear read
    understand"""
)
UNOFFICIAL = word_set(
    """fan supporter user blogger blog poster post tweet thread comment commenter passer-by neighbour neighbor friend
    customer caller viewer reader rumour rumor source insider critic rival tabloid forum website board somebody someone
    anyone people person man woman resident guest visitor onlooker bystander stranger cousin uncle aunt brother sister
    mother father colleague passenger tourist pupil child boy girl parent leak leaker gossip account influencer follower
    protester opponent accuser relative acquaintance i we you"""
)
OFFICIAL = word_set(
    """police court club company ministry minister government agency council authority spokesman spokeswoman spokesperson
    chief director president mayor board university study researcher official bank federation league union commission
    department hospital operator airline organiser organizer institute judge prosecutor chairman chairwoman chair secretary
    scientist projection estimate poll census analysis research announcement filing army navy military governor sheriff
    regulator bureau researcher report statement release data figure survey office service owner coach manager executive
    head firm"""
)
PLAN_VERBS = word_set(
    """plan expect intend hope aim want propose consider seek vow promise threaten agree schedule set due prepare mull
    ask offer pledge try attempt project forecast anticipate tip urge recommend demand call await poise slate bid look"""
)
DONE_TO = word_set(
    """manage begin start continue come go help choose get have prove serve use force oblige allow enable find show know
    go_on take need require compel lead cause be make order decide vote elect opt turn_out happen persuade win rule leave
    return rise quit"""
)
"""Verbs after which `to` leads to something that is so, or is decided."""
POSSIBLE = word_set("could may might would should")
CONDITIONS = word_set("if unless provided providing lest whether assuming supposing")
FICTION = word_set(
    """film movie novel series episode musical drama sitcom thriller cartoon comic character fictional fiction
    screenplay videogame parody sequel trilogy saga tale"""
)
ACTING = word_set("portray star voice depict impersonate play")
ENDED_BY_SELF = word_set(
    """leave resign quit retire die depart step_down stand_down step_aside close shut end expire finish go stop cease lapse
    move_on bow_out step_back"""
)
ENDED_BY_OTHERS = word_set(
    """sack fire dismiss oust replace remove suspend axe depose succeed discontinue scrap abolish demote strip cancel release
    drop"""
)
FORMER = word_set("former ex previous outgoing erstwhile ousted departing retired sacked one-time onetime deposed then-")
UNLIKE = word_set("deputy vice assistant acting interim honorary shadow would-be aspiring caretaker associate")
BACKWARD = word_set("former formerly previous previously earlier once until till ago last then")
STATES = word_set(
    """be have own serve lead coach run cost live work hold manage chair head captain employ contain weigh play teach
    belong include stand use possess represent govern rule direct stay reside sit"""
)
CHANGES = word_set(
    """rise fall cut raise increase drop reduce grow climb slash add gain lower decline jump plunge shrink decrease surge
    slip dip soar trim lift"""
)
COMPARATIVES = word_set(
    """more fewer less higher lower extra additional cheaper dearer off discount longer shorter taller older younger faster
    slower heavier lighter"""
)
AT_MOST = (
    "fewer than",
    "less than",
    "under",
    "below",
    "up to",
    "at most",
    "no more than",
    "not above",
    "not over",
    "not more than",
    "not at least",
)
AT_LEAST = ("more than", "over", "above", "at least", "exceeding", "upwards of")

_OPPOSITES = (
    "before|after",
    "more over above|less fewer under below",
    "north northern|south southern",
    "east eastern|west western",
    "man male boy|woman female girl",
    "gross|net",
    "minimum lowest least|maximum highest most",
    "oldest|youngest",
    "rise increase grow climb gain|fall decrease decline drop lose",
    "buy|sell",
    "import|export",
    "arrive arrival|depart departure leave",
    "open reopen|close shut",
    "start begin|end finish",
    "win|lose",
    "largest biggest|smallest",
    "summer|winter",
    "adult|child",
    "today|yesterday tomorrow",
    "hire|fire sack",
    "birth bear|death die",
    "single|double return",
    "cost charge pay|free",
)
_SAME = (
    "coach manager manage train trainer boss",
    "chief executive ceo lead run head boss leader director",
    "buy acquire purchase takeover",
    "cost price pay charge fee expensive",
    "die kill death dead deadly",
    "start begin launch kick",
    "open reopen opening",
    "close shut closure closing",
    "end finish expire",
    "rise increase grow climb gain growth up",
    "fall drop decline decrease cut down reduce",
    "win beat defeat victory winner victorious",
    "sack fire dismiss",
    "appoint name hire pick choose elect successor succeed replace new",
    "employ employee staff worker job",
    "firm company business maker",
    "power electricity",
    "show concert gig",
    "cancel scrap axe",
    "home house household",
    "city town",
    "vote election poll ballot",
    "revenue sale turnover",
    "build construct",
    "found establish",
    "arrest detain",
    "hurt injure wound",
    "child kid",
    "available sale",
    "phone smartphone",
    "refund reimburse money",
    "headquarters office base",
    "long last duration",
    "married marry wife husband spouse",
    "write author writer pen",
)


def _pairs() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for line in _OPPOSITES:
        one, other = (frozenset(side.split()) for side in line.split("|"))
        for word in one:
            found[word] = found.get(word, frozenset()) | other
        for word in other:
            found[word] = found.get(word, frozenset()) | one
    return found


OPPOSITES = _pairs()
"""Lemma -> the lemmas that say the opposite."""
SAME: dict[str, frozenset[int]] = {}
"""Stem -> the groups of words in which it says the same as the others."""
for _at, _line in enumerate(_SAME):
    for _word in _line.split():
        SAME[stem(_word)] = SAME.get(stem(_word), frozenset()) | {_at}


def alike(one: str, other: str) -> bool:
    """Whether two stems say the same: equal, or in one group."""
    return one == other or bool(SAME.get(one, frozenset()) & SAME.get(other, frozenset()))
