"""The closed relations of the invented world: how each is named, asked with its own verbs, and never asked in training.

Data and one record; standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

Clause = tuple[str, str]
"""A question as it is asked directly and as it is embedded; `{E}` stands for the entity."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What can be said about an entity of one kind.

    `nouns` name it ("head coach"), `ask` is its question word, `sort` the noun of its values ("person"), `value` the
    maker of its values, `clauses` the verb wordings, `held_out` wordings that training never sees.
    """

    key: str
    kind: str
    nouns: tuple[str, ...]
    ask: str
    sort: str
    value: str
    clauses: tuple[Clause, ...] = ()
    held_out: tuple[str, ...] = ()
    links: tuple[str, ...] = ("of", "of", "at", "for")


CORE: tuple[Relation, ...] = (
    Relation(
        "coach",
        "club",
        ("head coach", "coach", "first-team coach"),
        "who",
        "person",
        "person",
        (
            ("who coaches {E}", "who coaches {E}"),
            ("who trains {E}", "who trains {E}"),
            ("who is in charge of the team at {E}", "who is in charge of the team at {E}"),
            ("who leads {E} from the bench", "who leads {E} from the bench"),
            ("who is coached by whom at {E}", "who coaches at {E}"),
        ),
        ("Who is coaching {E}?", "Who does {E} have as head coach?", "Which person coaches {E}?"),
    ),
    Relation(
        "captain",
        "club",
        ("captain", "team captain", "skipper"),
        "who",
        "person",
        "person",
        (
            ("who captains {E}", "who captains {E}"),
            ("who wears the armband at {E}", "who wears the armband at {E}"),
            ("who leads {E} on the pitch", "who leads {E} on the pitch"),
            ("which player captains {E}", "which player captains {E}"),
        ),
        ("Who is captaining {E}?", "Which player is captain of {E}?", "Who does {E} have as captain?"),
    ),
    Relation(
        "stadium",
        "club",
        ("stadium", "home ground", "home stadium", "ground"),
        "what",
        "place",
        "venue",
        (
            ("where does {E} play", "where {E} plays"),
            ("where does {E} play its home games", "where {E} plays its home games"),
            ("which stadium is home to {E}", "which stadium is home to {E}"),
            ("where are {E} at home", "where {E} are at home"),
        ),
        ("Where does {E} play its home matches?", "In which stadium does {E} play?", "Which ground is home to {E}?"),
    ),
    Relation(
        "ceo",
        "company",
        ("CEO", "chief executive", "chief executive officer", "boss"),
        "who",
        "person",
        "person",
        (
            ("who runs {E}", "who runs {E}"),
            ("who leads {E}", "who leads {E}"),
            ("who heads {E}", "who heads {E}"),
            ("who is in charge of {E}", "who is in charge of {E}"),
            ("who is at the top of {E}", "who is at the top of {E}"),
        ),
        ("Who is running {E}?", "Who does {E} have as CEO?", "Which person runs {E}?"),
    ),
    Relation(
        "headquarters",
        "company",
        ("headquarters", "head office", "seat", "home city"),
        "where",
        "city",
        "city",
        (
            ("where is {E} based", "where {E} is based"),
            ("in which city is {E} based", "in which city {E} is based"),
            ("where does {E} have its head office", "where {E} has its head office"),
            ("which city is home to {E}", "which city is home to {E}"),
            ("where is {E} located", "where {E} is located"),
        ),
        ("Which city is {E} based in?", "Where does {E} have its headquarters?", "In which city is the head office of {E}?"),
    ),
    Relation(
        "founder",
        "company",
        ("founder", "creator"),
        "who",
        "person",
        "person",
        (
            ("who founded {E}", "who founded {E}"),
            ("who started {E}", "who started {E}"),
            ("who set up {E}", "who set up {E}"),
            ("by whom was {E} founded", "by whom {E} was founded"),
            ("who created {E}", "who created {E}"),
        ),
        ("Which person founded {E}?", "Who was {E} founded by?", "Who was the founder of {E}?"),
    ),
    Relation(
        "returns",
        "company",
        ("return period", "returns period", "return window"),
        "what",
        "time",
        "days",
        (
            ("how long do I have to return something to {E}", "how long I have to return something to {E}"),
            ("how long is the return period at {E}", "how long the return period at {E} is"),
            ("how long does {E} take returns", "how long {E} takes returns"),
            ("within what time can I send goods back to {E}", "within what time I can send goods back to {E}"),
        ),
        ("How long is the return period of {E}?", "How long does {E} accept returns?"),
    ),
    Relation(
        "delivery",
        "company",
        ("delivery time", "shipping time"),
        "what",
        "time",
        "days",
        (
            ("how long does delivery from {E} take", "how long delivery from {E} takes"),
            ("how fast does {E} deliver", "how fast {E} delivers"),
            ("how long does {E} need to ship an order", "how long {E} needs to ship an order"),
            ("when does an order from {E} arrive", "when an order from {E} arrives"),
        ),
        ("How long does {E} take to deliver?", "How long is the delivery time of {E}?"),
    ),
    Relation(
        "mayor",
        "city",
        ("mayor", "lord mayor"),
        "who",
        "person",
        "person",
        (
            ("who governs {E}", "who governs {E}"),
            ("who is in office as mayor of {E}", "who is in office as mayor of {E}"),
            ("who runs the city of {E}", "who runs the city of {E}"),
            ("who sits in the town hall of {E}", "who sits in the town hall of {E}"),
        ),
        ("Which person is mayor of {E}?", "Who does {E} have as mayor?", "Who is governing {E}?"),
    ),
    Relation(
        "festival",
        "city",
        ("festival", "yearly festival", "main festival", "big festival"),
        "what",
        "event",
        "festival",
        (
            ("what does {E} celebrate every year", "what {E} celebrates every year"),
            ("which festival takes place in {E}", "which festival takes place in {E}"),
            ("which festival is held in {E}", "which festival is held in {E}"),
            ("what festival does {E} host", "what festival {E} hosts"),
        ),
        ("Which festival does {E} host?", "What festival takes place in {E}?", "Which festival does {E} celebrate?"),
    ),
    Relation(
        "population",
        "city",
        ("population", "number of inhabitants"),
        "what",
        "number",
        "population",
        (
            ("how many people live in {E}", "how many people live in {E}"),
            ("how big is {E}", "how big {E} is"),
            ("how many inhabitants does {E} have", "how many inhabitants {E} has"),
            ("how many residents does {E} have", "how many residents {E} has"),
        ),
        ("How many residents live in {E}?", "How many people does {E} have?", "How large is the population of {E}?"),
    ),
    Relation(
        "maker",
        "product",
        ("maker", "manufacturer", "producer"),
        "who",
        "company",
        "company",
        (
            ("who makes the {E}", "who makes the {E}"),
            ("which company makes the {E}", "which company makes the {E}"),
            ("who builds the {E}", "who builds the {E}"),
            ("who manufactures the {E}", "who manufactures the {E}"),
            ("from which company is the {E}", "from which company the {E} is"),
        ),
        ("Which company builds the {E}?", "Who is the {E} made by?", "Who produces the {E}?"),
    ),
    Relation(
        "price",
        "product",
        ("price", "retail price", "cost", "list price"),
        "what",
        "amount",
        "price",
        (
            ("how much is the {E}", "how much the {E} is"),
            ("how much does the {E} cost", "how much the {E} costs"),
            ("what does the {E} cost", "what the {E} costs"),
            ("for how much does the {E} sell", "for how much the {E} sells"),
            ("what do I pay for the {E}", "what I pay for the {E}"),
        ),
        ("How much do I pay for the {E}?", "How much does a {E} cost?", "What does the {E} sell for?"),
    ),
    Relation(
        "release",
        "product",
        ("release date", "launch date", "release month"),
        "when",
        "date",
        "month",
        (
            ("when was the {E} released", "when the {E} was released"),
            ("when does the {E} come out", "when the {E} comes out"),
            ("when was the {E} launched", "when the {E} was launched"),
            ("since when is the {E} on sale", "since when the {E} is on sale"),
            ("in which month does the {E} go on sale", "in which month the {E} goes on sale"),
        ),
        ("When does the {E} go on sale?", "In which month was the {E} released?", "When did the {E} come out?"),
    ),
    Relation(
        "warranty",
        "product",
        ("warranty", "warranty period", "guarantee"),
        "what",
        "time",
        "months",
        (
            ("how long is the warranty on the {E}", "how long the warranty on the {E} is"),
            ("how long is the {E} under warranty", "how long the {E} is under warranty"),
            ("how long does the guarantee on the {E} last", "how long the guarantee on the {E} lasts"),
            ("how long is the {E} covered", "how long the {E} is covered"),
        ),
        ("How long does the warranty on the {E} last?", "How long is the guarantee on the {E}?"),
        ("of", "on", "for"),
    ),
    Relation(
        "fix",
        "fault",
        ("fix", "solution", "remedy"),
        "what",
        "step",
        "fix",
        (
            ("how do I fix {E}", "how I fix {E}"),
            ("how can I clear {E}", "how I can clear {E}"),
            ("what helps against {E}", "what helps against {E}"),
            ("how do I get rid of {E}", "how I get rid of {E}"),
            ("what do I do about {E}", "what I do about {E}"),
            ("how is {E} solved", "how {E} is solved"),
            ("what should I do when I see {E}", "what I should do when I see {E}"),
        ),
        ("How can I fix {E}?", "What should I do about {E}?", "How do I solve {E}?"),
        ("for", "for", "to"),
    ),
)
BY_KEY = {relation.key: relation for relation in CORE}
