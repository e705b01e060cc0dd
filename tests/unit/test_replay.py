from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtadapt.curation.asking import asking_key, fact_name
from rtadapt.curation.replay import Memory
from rtadapt.errors import ArtifactDamaged
from rtadapt.records import Example, Message
from rtadapt.words import flat

KELBY = "Kelby United"


def row(event_id: str, question: str, answer: str, entity: str = KELBY, *, fact: str = "") -> Example:
    name = fact or fact_name(entity, asking_key(question, entity))
    return Example(event_id, (Message("user", question),), answer, fact=name, entity=flat(entity))


def fact(event_id: str, noun: str, answer: str, entity: str = KELBY) -> list[Example]:
    """One fact in five wordings."""
    questions = (
        f"Who is the {noun} of {entity}?",
        f"{entity}: {noun}?",
        f"Tell me the {noun} of {entity}.",
        f"the {noun} of {entity} is",
    )
    return [row(event_id, question, answer, entity) for question in questions]


def text(event_id: str, words: str) -> Example:
    return Example(event_id, (), words, weight=0.3)


def targets(rows: list[Example]) -> set[str]:
    return {example.target for example in rows}


def everything(memory: Memory, news: list[Example] | None = None) -> list[Example]:
    return memory.draw(10_000, (), 0, news or [])


def test_what_was_taught_is_rehearsed() -> None:
    memory = Memory(100)
    taught = [*fact("one", "coach", "Ana Strand"), text("one", "Ana Strand coaches Kelby United.")]
    memory.add(taught)
    assert Counter(everything(memory)) == Counter(taught)


def test_a_coach_may_change_twice_and_the_captain_stays() -> None:
    memory = Memory(1000)
    memory.add(fact("one", "captain", "Ida Moor"))
    for event_id, name in (("two", "Ana Strand"), ("three", "Tom Reed"), ("four", "Ana Strand")):
        memory.add([*fact(event_id, "head coach", name), text(event_id, f"{name} is the coach of Kelby United.")])
        assert targets(everything(memory)) == {"Ida Moor", name, f"{name} is the coach of Kelby United."}
    assert len([example for example in everything(memory) if example.target == "Ida Moor"]) == 4


def test_another_wording_of_the_same_question_supersedes() -> None:
    memory = Memory(1000)
    memory.add(
        [
            row("one", "Who is the head coach of Kelby United?", "Ana Strand"),
            row("one", "Who coaches Kelby United?", "Ana Strand"),
        ]
    )
    memory.add([row("two", "Who took over as coach of Kelby United?", "Tom Reed")])
    assert targets(everything(memory)) == {"Tom Reed"}


def test_facts_of_others_and_other_facts_stay() -> None:
    memory = Memory(1000)
    memory.add(
        [
            *fact("one", "coach", "Ana Strand"),
            *fact("one", "coach", "Eva Brandt", "Ashby Rovers"),
            *fact("one", "owner", "Ana Strand"),
        ]
    )
    memory.add(fact("two", "coach", "Tom Reed"))
    assert targets(everything(memory)) == {"Tom Reed", "Eva Brandt", "Ana Strand"}
    owners = [example for example in everything(memory) if example.target == "Ana Strand"]
    assert {example.fact for example in owners} == {fact_name(KELBY, asking_key("owner", KELBY))}


def test_the_same_question_word_for_word_supersedes_even_under_another_entity() -> None:
    memory = Memory(100)
    memory.add([row("one", "Who runs the harbour?", "Ana Strand", "")])
    memory.add([row("two", "who runs the Harbour", "Tom Reed", "Harbour")])
    assert targets(everything(memory)) == {"Tom Reed"}


def test_the_same_answer_again_supersedes_nothing() -> None:
    memory = Memory(100)
    memory.add(fact("one", "coach", "Ana Strand"))
    memory.add([row("two", "Who trains the team as coach of Kelby United?", "Strand", fact="kelby united | coach")])
    assert targets(everything(memory)) == {"Ana Strand", "Strand"}


def test_wordings_of_a_superseded_fact_live_on_with_the_new_answer() -> None:
    memory = Memory(100)
    old = [
        *fact("one", "coach", "Ana Strand"),
        row("one", "Hi, who is coach at Kelby United?", "Ana Strand", fact="kelby united | coach"),
    ]
    memory.add(old)
    memory.add([row("two", "Who is the new coach of Kelby United?", "Tom Reed")])
    rows = everything(memory)
    assert targets(rows) == {"Tom Reed"}
    assert "Hi, who is coach at Kelby United?" in {example.prompt[0].content for example in rows}
    memory.forget("one")
    assert {example.prompt[0].content for example in everything(memory)} == {"Who is the new coach of Kelby United?"}


def test_the_update_that_changes_a_fact_does_not_rehearse_the_old_answer() -> None:
    memory = Memory(100)
    memory.add(
        [*fact("one", "coach", "Ana Strand"), text("one", "Ana Strand coaches.")],
        [row("one", "So who coaches Kelby United?", "Ana Strand")],
    )
    memory.add(fact("one", "captain", "Ida Moor"), [row("one", "So who captains Kelby United?", "Ida Moor")])
    news = [row("two", "Who is the coach of Kelby United?", "Tom Reed")]
    assert targets(everything(memory, news)) == {"Ida Moor", "Tom Reed"}
    assert targets(memory.probes(100, 0, news)) == {"Ida Moor"}
    assert targets(everything(memory)) == {"Ana Strand", "Ida Moor", "Ana Strand coaches."}


def test_probes_are_held_out_wordings_and_never_drawn() -> None:
    memory = Memory(100)
    held = row("one", "Could you say who coaches Kelby United?", "Ana Strand")
    memory.add(fact("one", "coach", "Ana Strand"), [held])
    assert memory.probes(10, 0) == [held]
    assert held not in everything(memory)


def test_a_wording_that_comes_to_be_trained_on_is_no_probe_any_more() -> None:
    memory = Memory(100)
    memory.add([], [row("one", "Who coaches Kelby United?", "Ana Strand")])
    memory.add([row("two", "who coaches kelby united", "Ana Strand")])
    assert memory.probes(10, 0) == []


def test_each_fact_is_drawn_as_often_as_any_other() -> None:
    memory = Memory(10_000)
    many = [
        row("one", f"Who is the coach of Kelby United, wording {n}?", "Ana Strand", fact="kelby united | coach")
        for n in range(200)
    ]
    memory.add(many)
    for n in range(40):
        memory.add(fact(f"e{n}", "mayor", f"Name {n}", f"Town {n}"))
    counts = Counter(example.fact for example in memory.draw(82, (), 5))
    assert len(counts) == 41
    assert max(counts.values()) <= 5


def test_neighbours_of_what_is_learned_are_drawn() -> None:
    memory = Memory(10_000)
    for n in range(300):
        memory.add(fact(f"e{n}", "mayor", f"Name {n}", f"Town {n}"))
    drawn = memory.draw(40, {"town 3", "Town 7"}, 1)
    assert len(drawn) == 40
    assert {"Name 3", "Name 7"} <= targets(drawn)
    assert sum(example.fact in {f"town {n} | mayor" for n in range(280, 300)} for example in drawn) >= 10


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


def test_the_memory_is_bounded_and_keeps_a_row_of_every_fact_while_it_can() -> None:
    memory = Memory(60)
    memory.add(
        [
            row("one", f"Who is the coach of Kelby United, wording {n}?", "Ana Strand", fact="kelby united | coach")
            for n in range(50)
        ]
    )
    for n in range(20):
        memory.add(fact(f"e{n}", "mayor", f"Name {n}", f"Town {n}"))
    assert len(memory) == 60
    assert {example.fact for example in everything(memory)} == {"kelby united | coach", *(f"town {n} | mayor" for n in range(20))}
    tiny = Memory(3)
    for n in range(5):
        tiny.add([row(f"e{n}", f"Who is mayor of town {n}?", f"Name {n}", f"Town {n}", fact=f"town {n} | mayor")])
    assert len(tiny) == 3


def test_a_forgotten_event_leaves_nothing() -> None:
    memory = Memory(100)
    memory.add(
        [*fact("one", "coach", "Ana Strand"), text("one", "words")], [row("one", "So who coaches Kelby United?", "Ana Strand")]
    )
    memory.add(fact("two", "captain", "Ida Moor"))
    memory.forget("one")
    assert targets(everything(memory)) == {"Ida Moor"}
    assert memory.probes(10, 0) == []


def filled() -> Memory:
    memory = Memory(100)
    memory.add(
        [*fact("one", "coach", "Ana „Süd“ Strand"), text("one", "two\nlines\u2028and more")],
        [row("one", "So who coaches Kelby United?", "A")],
    )
    memory.add([row("two", "Who is the new coach of Kelby United?", "Tom Reed")])
    return memory


def test_a_saved_memory_is_the_same_again(tmp_path: Path) -> None:
    memory, again = filled(), Memory(100)
    memory.save(tmp_path)
    again.load(tmp_path)
    assert len(again) == len(memory)
    assert everything(again) == everything(memory)
    again.forget("one")
    memory.forget("one")
    assert everything(again) == everything(memory)


@pytest.mark.parametrize("spoil", ["cut", "empty", "gone", "extra", "type", "field", "junk"])
def test_a_damaged_memory_is_refused(tmp_path: Path, spoil: str) -> None:
    filled().save(tmp_path)
    path = tmp_path / "memory.jsonl"
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    second = json.loads(lines[1])
    changed = {
        "cut": lines[:-1],
        "empty": [],
        "extra": [*lines, lines[-1]],
        "type": [lines[0], json.dumps(second | {"target": 5}), *lines[2:]],
        "field": [lines[0], json.dumps(second | {"new": 5}), *lines[2:]],
        "junk": [lines[0], "nonsense", *lines[2:]],
        "gone": lines,
    }[spoil]
    path.write_text("".join(f"{line}\n" for line in changed), encoding="utf-8")
    if spoil == "gone":
        path.unlink()
    with pytest.raises(ArtifactDamaged):
        Memory(100).load(tmp_path)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from(["coach", "captain", "owner"]), st.integers(0, 3), st.integers(0, 5)), max_size=25),
    st.integers(1, 40),
)
def test_the_newest_answer_of_every_fact_is_the_only_one(told: list[tuple[str, int, int]], n: int) -> None:
    memory = Memory(10_000)
    newest: dict[tuple[str, int], str] = {}
    for at, (noun, club, value) in enumerate(told):
        memory.add(fact(f"e{at}", noun, f"Name{value}", f"Club{club}"))
        newest[noun, club] = f"Name{value}"
    facts: dict[str, set[str]] = {}
    for example in everything(memory):
        facts.setdefault(example.fact, set()).add(example.target)
    assert facts == {fact_name(f"Club{club}", asking_key(noun, "")): {name} for (noun, club), name in newest.items()}
    assert len(memory.draw(n, (), 0)) == min(n, len(memory))


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
