from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from rtadapt.curation.kept import text_of
from rtadapt.curation.replay import Memory
from rtadapt.reading.asking import asking_key
from rtadapt.records import Example, Message
from rtadapt.words import flat

KELBY = "Kelby United"


def named(noun: str, answer: str, entity: str = KELBY) -> str:
    """A fact's name as the ledger gives it."""
    return f"{flat(entity)} | now {noun} | {flat(answer)}"


def row(event_id: str, question: str, answer: str, entity: str = KELBY, *, fact: str = "") -> Example:
    name = fact or named(asking_key(question, entity), answer, entity)
    return Example(event_id, (Message("user", question),), answer, fact=name, entity=flat(entity))


def fact(event_id: str, noun: str, answer: str, entity: str = KELBY) -> list[Example]:
    """One fact in five wordings."""
    questions = (
        f"Who is the {noun} of {entity}?",
        f"{entity}: {noun}?",
        f"Tell me the {noun} of {entity}.",
        f"the {noun} of {entity} is",
    )
    return [row(event_id, question, answer, entity, fact=named(noun, answer, entity)) for question in questions]


def text(event_id: str, words: str) -> Example:
    return Example(event_id, (), words, weight=0.3)


def targets(rows: list[Example]) -> set[str]:
    return {example.target for example in rows}


def everything(memory: Memory, news: list[Example] | None = None, replaced: dict[str, str] | None = None) -> list[Example]:
    return memory.draw(10_000, (), 0, news or [], replaced)


def trained(memory: Memory) -> set[str]:
    return {example.fact for example in everything(memory)}


def test_what_was_taught_is_rehearsed() -> None:
    memory = Memory(100)
    taught = [*fact("one", "coach", "Ana Strand"), text("one", "Ana Strand coaches Kelby United.")]
    memory.add(taught)
    assert Counter(everything(memory)) == Counter(taught)


def test_a_coach_may_change_twice_and_the_captain_stays() -> None:
    memory = Memory(1000)
    memory.add(fact("one", "captain", "Ida Moor"))
    before = ""
    for event_id, name in (("two", "Ana Strand"), ("three", "Tom Reed"), ("four", "Ana Strand")):
        replaced = {named("coach", before): named("coach", name)} if before else {}
        said = text(event_id, f"{name} is the coach of Kelby United.")
        memory.add([*fact(event_id, "coach", name), said], replaced=replaced)
        assert targets(everything(memory)) == {"Ida Moor", name, said.target}
        before = name
    assert len([example for example in everything(memory) if example.target == "Ida Moor"]) == 4


def test_what_is_said_of_others_and_other_texts_stay() -> None:
    memory = Memory(1000)
    texts = [text("one", "The harbour opens at nine."), text("one", "Strand coaches Kelby.")]
    memory.add([*fact("one", "coach", "Ana Strand"), *texts])
    memory.add([*fact("one", "coach", "Eva Brandt", "Ashby Rovers"), *fact("one", "owner", "Ana Strand")])
    memory.add(fact("two", "coach", "Tom Reed"), replaced={named("coach", "Ana Strand"): named("coach", "Tom Reed")})
    assert trained(memory) == {
        named("coach", "Tom Reed"),
        named("owner", "Ana Strand"),
        named("coach", "Eva Brandt", "Ashby Rovers"),
        "",
    }
    assert {example for example in everything(memory) if not example.prompt} == set(texts)
    memory.add([], replaced={named("owner", "Ana Strand"): "gone"})
    assert named("owner", "Ana Strand") not in trained(memory)


def sentence(event_id: str, number: int, words: str, question: str = "what?") -> Example:
    return Example(event_id, (Message("user", f"{event_id} {question}"),), words, fact=text_of(event_id, number), value=words)


def test_a_sentence_that_says_the_replaced_answer_goes_and_the_others_of_its_text_stay() -> None:
    memory = Memory(1000)
    told = [sentence("one", 0, "Ana Strand coaches Kelby United."), sentence("one", 1, "The harbour opens at nine.")]
    memory.add([*fact("one", "coach", "Ana Strand"), *told, sentence("two", 0, "Ana Strand won the prize.")])
    memory.add([], replaced={named("coach", "Ana Strand"): named("coach", "Tom Reed")})
    assert targets(everything(memory)) == {"The harbour opens at nine.", "Ana Strand won the prize."}


@pytest.mark.parametrize(
    ("newer", "goes"),
    [
        ("The Blueline ferry to Arden now runs 4 times a day.", True),
        ("The Blueline ferry to Tarn runs 4 times a day.", False),
        ("The Blueline ferry to Arden runs six times a day.", False),
        ("The Blueline ferry to Arden was built in 1988.", False),
        ("The Redline bus to Tarn runs 4 times a day.", False),
    ],
)
def test_a_newer_sentence_takes_the_place_of_one_that_says_the_same_otherwise(newer: str, goes: bool) -> None:
    memory, old = Memory(1000), "The Blueline ferry to Arden runs six times a day."
    memory.add([sentence("one", 0, old)])
    news = [sentence("two", 0, newer)]
    assert targets(everything(memory, news)) == (set() if goes else {old})
    memory.add(news)
    assert targets(everything(memory)) == ({newer} if goes else {old, newer})


def test_wordings_of_a_replaced_fact_live_on_with_the_new_answer() -> None:
    memory = Memory(100)
    old, new = named("coach", "Ana Strand"), named("coach", "Tom Reed")
    reverse = row("one", "Which club does Ana Strand coach?", "Kelby United", fact=old)
    memory.add([*fact("one", "coach", "Ana Strand"), row("one", "Hi, who is coach here?", "Ana Strand", fact=old), reverse])
    news = [replace(row("two", "Who is the new coach of Kelby United?", "It is Tom Reed now.", fact=new), value="Tom Reed")]
    assert targets(everything(memory, news, {old: new})) == {"It is Tom Reed now."}
    assert "Ana Strand" in targets(everything(memory))
    memory.add(news, replaced={old: new})
    rows = everything(memory)
    assert targets(rows) == {"It is Tom Reed now."}
    assert "Hi, who is coach here?" in {example.prompt[0].content for example in rows}
    assert reverse.prompt not in {example.prompt for example in rows}
    assert {(example.fact, example.value, example.event_id) for example in rows} == {(new, "Tom Reed", "two")}
    memory.forget("one")
    assert {example.prompt[0].content for example in everything(memory)} == {"Who is the new coach of Kelby United?"}


def test_the_update_that_changes_a_fact_does_not_rehearse_or_probe_the_old_answer() -> None:
    memory = Memory(100)
    memory.add(
        [*fact("one", "coach", "Ana Strand"), text("one", "Ana Strand coaches.")],
        [row("one", "So who coaches Kelby United?", "Ana Strand")],
    )
    memory.add(fact("one", "captain", "Ida Moor"), [row("one", "So who captains Kelby United?", "Ida Moor")])
    news = [row("two", "Who is the coach of Kelby United?", "Tom Reed")]
    replaced = {named("coach", "Ana Strand"): named("coach", "Tom Reed")}
    assert targets(everything(memory, news, replaced)) == {"Ida Moor", "Tom Reed"}
    assert targets(memory.probes(100, 0, news, replaced)) == {"Ida Moor"}
    assert targets(everything(memory)) == {"Ana Strand", "Ida Moor", "Ana Strand coaches."}


def test_probes_are_held_out_wordings_and_never_drawn() -> None:
    memory = Memory(100)
    held = row("one", "Could you say who coaches Kelby United?", "Ana Strand")
    memory.add(fact("one", "coach", "Ana Strand"), [held])
    assert memory.probes(10, 0) == [held]
    assert held not in everything(memory)


def test_what_a_probe_asks_for_can_be_learned_again_also_where_it_has_no_fact() -> None:
    memory = Memory(100)
    about = Example("de", (Message("user", "Go on: Die Brücke"),), "ist wieder offen.")
    memory.add([*fact("one", "coach", "Ana Strand"), text("de", "Die Brücke ist wieder offen.")], [about])
    memory.add(
        fact("two", "mayor", "Ben Ortiz"), [row("two", "And who is mayor there?", "Ben Ortiz", fact=named("mayor", "Ben Ortiz"))]
    )
    assert {probe.event_id for probe in memory.probe_each(1)} == {"de", "two"}
    assert targets(memory.rows_of([about])) == {"Die Brücke ist wieder offen."}
    assert targets(memory.rows_of(memory.probe_each(1))) == {"Die Brücke ist wieder offen.", "Ben Ortiz"}


def test_of_what_can_only_be_asked_for_nothing_is_rehearsed() -> None:
    memory = Memory(100)
    memory.add([], [row("one", "Could you say who coaches Kelby United?", "Ana Strand")])
    assert memory.probe_each(1) == []


def test_a_wording_that_comes_to_be_trained_on_is_no_probe_any_more() -> None:
    memory = Memory(100)
    memory.add([], [row("one", "Who coaches Kelby United?", "Ana Strand")])
    memory.add([row("two", "who coaches kelby united", "Ana Strand")])
    assert memory.probes(10, 0) == []


def test_each_fact_is_drawn_as_often_as_any_other() -> None:
    memory = Memory(10_000)
    many = [
        row("one", f"Who is the coach of Kelby United, wording {n}?", "Ana Strand", fact=named("coach", "Ana Strand"))
        for n in range(200)
    ]
    memory.add(many)
    for n in range(40):
        memory.add(fact(f"e{n}", "mayor", f"Name {n}", f"Town {n}"))
    counts = Counter(example.fact for example in memory.draw(82, (), 5))
    assert len(counts) == 41
    assert max(counts.values()) <= 5


def test_what_the_news_could_be_mistaken_for_is_drawn() -> None:
    memory = Memory(10_000)
    memory.add(fact("club", "captain", "Ida Moor"))
    for n in range(300):
        memory.add(fact(f"e{n}", "mayor", f"Name {n}", f"Town {n}"))
    drawn = memory.draw(40, {"town 3", "Town 7"}, 1)
    assert len(drawn) == 40
    assert {"Name 3", "Name 7"} <= targets(drawn)
    assert sum(example.target in {f"Name {n}" for n in range(280, 300)} for example in drawn) >= 10
    drawn = memory.draw(8, (), 1, [row("new", "Who is captain of Ashby Rovers?", "Bo Hale", "Ashby Rovers")])
    assert "Ida Moor" in targets(drawn)


def test_what_was_not_rehearsed_for_the_longest_time_is_drawn_first() -> None:
    memory = Memory(10_000)
    memory.add([example for n in range(100) for example in fact(f"e{n}", "mayor", f"Name {n}", f"Town {n}")])
    seen: set[str] = set()
    for update in range(9):
        seen |= {example.fact for example in memory.draw(16, (), update)}
        memory.add([row(f"n{update}", f"Is shop {update} open?", "yes", f"Shop {update}")])
    assert len([name for name in seen if "mayor" in name]) >= 90


def test_a_draw_for_a_batch_that_was_rejected_changes_nothing() -> None:
    memory = Memory(1000)
    for n in range(50):
        memory.add(fact(f"e{n}", "mayor", f"Name {n}", f"Town {n}"))
    first = memory.draw(20, {"Town 3"}, 1)
    memory.draw(20, (), 2)
    assert memory.draw(20, {"Town 3"}, 1) == first


def test_a_draw_depends_on_the_seed_alone() -> None:
    memory = Memory(1000)
    for n in range(50):
        memory.add(fact(f"e{n}", "mayor", f"Name {n}", f"Town {n}"))
    assert memory.draw(20, {"Town 3"}, 1) == memory.draw(20, {"Town 3"}, 1)
    assert memory.draw(20, {"Town 3"}, 1) != memory.draw(20, {"Town 3"}, 2)


def test_an_empty_memory_draws_nothing() -> None:
    memory = Memory(10)
    assert memory.draw(10, {"Town 3"}, 1) == []
    assert memory.probes(10, 1) == []


def test_at_capacity_every_fact_that_is_kept_can_be_rehearsed() -> None:
    memory = Memory(2000)
    for start in range(0, 4000, 100):
        facts = [fact(f"e{n}", "mayor", f"Name {n}", f"Town {n}") for n in range(start, start + 100)]
        held = [row(f"e{n}", f"Say who is mayor of town {n}?", f"Name {n}", f"Town {n}") for n in range(start, start + 100)]
        memory.add([example for rows in facts for example in rows], held)
        assert len(memory) <= 2000
    rows = everything(memory)
    newest = {named("mayor", f"Name {n}", f"Town {n}") for n in range(2300, 4000)}
    assert newest <= {example.fact for example in rows}
    assert {example.fact for example in memory.probes(10_000, 0)} <= {example.fact for example in rows}
    assert len(memory.probes(10_000, 0)) == 250
    assert len(memory.draw(64, (), 0)) == 64


def test_wordings_go_before_facts_and_often_changed_facts_before_others() -> None:
    memory = Memory(60)
    many = [row("one", f"Who is coach here, wording {n}?", "Ana Strand", fact=named("coach", "Ana Strand")) for n in range(50)]
    memory.add(many)
    for n in range(20):
        memory.add(fact(f"e{n}", "mayor", f"Name {n}", f"Town {n}"))
    assert len(memory) == 60
    assert len(trained(memory)) == 21
    tiny = Memory(3)
    tiny.add([row("a", "Who is the mayor of Arven?", "Bo Hale", "Arven")])
    tiny.add([row("b", "Who is the coach of Kelby United?", "Ana Strand")])
    replaced = {named("coach", "Ana Strand"): named("coach", "Tom Reed")}
    tiny.add([row("c", "Who is the coach of Kelby United?", "Tom Reed")], replaced=replaced)
    for n in range(2):
        tiny.add([row(f"d{n}", f"Who is the mayor of Holm {n}?", f"Name {n}", f"Holm {n}")])
    assert trained(tiny) == {named("mayor", "Bo Hale", "Arven"), *(named("mayor", f"Name {n}", f"Holm {n}") for n in range(2))}


def test_a_forgotten_event_leaves_nothing() -> None:
    memory = Memory(100)
    memory.add(
        [*fact("one", "coach", "Ana Strand"), text("one", "words")], [row("one", "So who coaches Kelby United?", "Ana Strand")]
    )
    memory.add(fact("two", "captain", "Ida Moor"))
    memory.forget("one")
    assert targets(everything(memory)) == {"Ida Moor"}
    assert memory.probes(10, 0) == []


def test_what_the_base_says_of_a_taught_entity_is_rehearsed_no_more() -> None:
    memory = Memory(100)
    memory.add(
        [
            Example(
                "e1",
                (Message("user", "Who is mayor of Hollow Bay?"),),
                "Ann Reed",
                fact="hollow bay | mayor",
                entity="hollow bay",
            )
        ]
    )
    anchors = [
        Example("", (Message("user", "Hollow Bay: mayor?"),), "Old Name"),
        Example("", (Message("user", "Who is mayor of Arven?"),), "Bo Hale"),
        Example("", (Message("user", "Who coaches Corvin?"),), "Cy Lund"),
    ]
    news = [Example("e2", (Message("user", "Who coaches Corvin?"),), "Di Moss", fact="corvin | coach", entity="corvin")]
    assert memory.still_true(anchors) == anchors[1:]
    assert memory.still_true(anchors, news) == [anchors[1]]
