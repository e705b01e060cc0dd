"""The papers of the reading exam: short texts of our own, with what they say and what they don't.

Owns nothing but the texts and their labels. `asked` are groups of words apart by spaces, of each of which one (apart by |)
must be in a question for it to ask for that answer. The invented names occur nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """Something that a paper says: `question` has `answer`."""

    question: str
    answer: str
    asked: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A text, everything in it that can be asked about, and pairs (question, answer) that it does not bear out."""

    text: str
    known: tuple[Known, ...]
    wrong: tuple[tuple[str, str], ...]


PAPERS = (
    Paper(
        "Tarnby Museum has a new director. Elke Sorrin took up the post on 1 September. The museum shows 400 clocks.",
        (
            Known("Who is the new director of Tarnby Museum?", "Elke Sorrin", "who|whom|name director|head|lead|post|job|took"),
            Known("When did Elke Sorrin take up her post?", "1 September", "when|date|day|start sorrin|director|post"),
            Known("How many clocks does Tarnby Museum show?", "400", "many|number|what clocks"),
        ),
        (("How many people work at Tarnby Museum?", "400"), ("When was Tarnby Museum founded?", "1 September")),
    ),
    Paper(
        "Brackwell and Ostrava Foods will build a plant in Leddon. It costs 90 million euros and employs 250 people from 2028.",
        (
            Known("Where will Brackwell and Ostrava Foods build a plant?", "Leddon", "where|which|what|town|place plant|build"),
            Known(
                "How much does the plant in Leddon cost?",
                "90 million euros",
                "much|cost|price|what|invest plant|leddon|build",
            ),
            Known("How many people will the plant in Leddon employ?", "250", "many|number people|employ|work|job"),
            Known("From when does the plant in Leddon employ people?", "2028", "when|year|date plant|leddon|people|employ|open"),
            Known("Who will build a plant in Leddon?", "Brackwell and Ostrava Foods", "who|which|what|compan plant|leddon"),
        ),
        (("How much does a meal at Ostrava Foods cost?", "90 million euros"), ("Who is the head of Brackwell?", "Leddon")),
    ),
    Paper(
        "The Pellin 3 lasts eleven hours on one charge. The smaller Pellin 2 lasts seven. Both come with a cable.",
        (
            Known("How long does the Pellin 3 last on one charge?", "eleven hours", "long|many|hours|time|life pellin 3"),
            Known("How long does the Pellin 2 last?", "seven", "long|many|hours|time|life pellin 2"),
            Known("What do the Pellin 2 and the Pellin 3 come with?", "a cable", "what|which|come|includ|with pellin|both"),
        ),
        (("How long does the Pellin 2 last?", "eleven hours"), ("How much does the Pellin 3 weigh?", "eleven hours")),
    ),
    Paper(
        "Harrow Town beat Saltney 4-1 on Saturday. Dunya Vale scored three times. The coach, Piers Amory, praised the fans.",
        (
            Known("Who scored three times for Harrow Town?", "Dunya Vale", "who|which|whose|player scor|goal|three"),
            Known("By what score did Harrow Town beat Saltney?", "4-1", "score|result|how|what harrow|saltney|game|match"),
            Known("Who is the coach of Harrow Town?", "Piers Amory", "who|name coach|prais"),
            Known("When did Harrow Town beat Saltney?", "Saturday", "when|day|date harrow|saltney|beat|play|game|match"),
            Known("Whom did Harrow Town beat on Saturday?", "Saltney", "who|whom|which|what|team beat|defeat|play|against|lost"),
        ),
        (("Who is the coach of Saltney?", "Dunya Vale"), ("Who sponsors Harrow Town?", "Saltney")),
    ),
    Paper(
        "The council of Ivelmoor did not choose Marta Quill as treasurer. The post went to Oswin Drake, a retired engineer.",
        (
            Known("Who became treasurer of Ivelmoor?", "Oswin Drake", "who|whom|name treasurer|post|job|chose"),
            Known("What was Oswin Drake's profession?", "engineer", "what|which|who|profession drake|treasurer"),
        ),
        (("Who became treasurer of Ivelmoor?", "Marta Quill"),),
    ),
    Paper(
        "Customer: My Zembo router blinks red. Agent: Hold the reset button for ten seconds. Its warranty covers three years.",
        (
            Known(
                "For how long must the reset button of the Zembo router be held?",
                "ten seconds",
                "long|many|time|second reset|button|hold",
            ),
            Known("How long does the warranty cover the Zembo router?", "three years", "long|many|year|time|when warranty|cover"),
            Known("Which button must be held when a Zembo router blinks red?", "the reset button", "what|which|button|how|do"),
        ),
        (("How long does it take to deliver a Zembo router?", "ten seconds"),),
    ),
    Paper(
        "If the owners agree, Cobb Lane Market may move to Fennel Street. For now it stays on Cobb Lane and opens at 7 a.m.",
        (
            Known("When does Cobb Lane Market open?", "7 a.m.", "when|what|time|hour market|cobb|open"),
            Known("Where is Cobb Lane Market now?", "Cobb Lane", "where|which|what|street market"),
        ),
        (("Where is Cobb Lane Market now?", "Fennel Street"),),
    ),
    Paper(
        "Ferries to Skellan leave from pier 6. The crossing takes 50 minutes. A single ticket is $14; children travel free.",
        (
            Known("From which pier do ferries to Skellan leave?", "pier 6", "where|which|what|pier ferr|skellan"),
            Known(
                "How long does the crossing to Skellan take?", "50 minutes", "long|many|time|duration crossing|ferr|skellan|trip"
            ),
            Known("How much is a single ticket to Skellan?", "$14", "much|cost|price|what ticket|fare|single"),
        ),
        (
            ("What do children pay on the ferry to Skellan?", "$14"),
            ("Which pier do ferries from Skellan reach?", "50 minutes"),
        ),
    ),
    Paper(
        "Nimrel 5.2 repairs the crash on large files. Its default port changes from 8088 to 9099. The licence stays the same.",
        (
            Known("What is the default port of Nimrel 5.2?", "9099", "what|which port"),
            Known("What does Nimrel 5.2 repair?", "the crash on large files", "what|which nimrel|repair|fix|crash|bug"),
        ),
        (("What is the default port of Nimrel 5.2?", "8088"),),
    ),
    Paper(
        "Die Stadtbibliothek Wendrin zieht um. Ab dem 12. Oktober ist sie am Kornmarkt zu finden. Leiterin bleibt Hedda Brom.",
        (
            Known("Wo ist die Stadtbibliothek Wendrin ab Oktober zu finden?", "Kornmarkt", "wo|wohin|welche bibliothek|wendrin"),
            Known("Wer leitet die Stadtbibliothek Wendrin?", "Hedda Brom", "wer|wie leit|chef"),
            Known(
                "Ab wann ist die Stadtbibliothek Wendrin am Kornmarkt?",
                "12. Oktober",
                "wann|datum|tag bibliothek|wendrin|kornmarkt",
            ),
        ),
        (("Wer hat die Stadtbibliothek Wendrin gebaut?", "Kornmarkt"),),
    ),
    Paper(
        "El puente de Arlea quedó cerrado el lunes. Las obras costarán dos millones de euros. La ingeniera jefe es Nuria Belt.",
        (
            Known("¿Qué día quedó cerrado el puente de Arlea?", "lunes", "cuándo|cuando|qué|día puente|arlea|cerr"),
            Known(
                "¿Cuánto costarán las obras del puente de Arlea?",
                "dos millones de euros",
                "cuánto|cuanto|qué|precio|coste obra|puente|cost",
            ),
            Known("¿Quién es la ingeniera jefe del puente de Arlea?", "Nuria Belt", "quién|quien|cómo ingenier|jefe|obra|puente"),
        ),
        (("¿Quién es la alcaldesa de Arlea?", "dos millones de euros"),),
    ),
    Paper(
        "罗桑茶厂任命陶明雨为新厂长。她将于8月15日上任。茶厂现有员工320人。",
        (
            Known("罗桑茶厂的新厂长是谁？", "陶明雨", "谁|哪|什么 厂长"),
            Known("陶明雨什么时候上任？", "8月15日", "时候|何时|哪天|几月|日期 上任|厂长|陶明雨"),
            Known("罗桑茶厂有多少员工？", "320", "多少|几 员工|人"),
        ),
        (("罗桑茶厂是什么时候成立的？", "8月15日"),),
    ),
)
