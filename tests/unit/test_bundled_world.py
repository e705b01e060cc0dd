from itertools import islice
from random import Random

from rtadapt.bundled import corpus, notes, stories, wordings
from rtadapt.bundled.world import CORE, make_world
from rtadapt.curation.prompts import parse_pairs


def test_same_seed_gives_the_same_world_and_the_same_rows() -> None:
    assert make_world(7) == make_world(7)
    assert make_world(7) != make_world(8)
    world = make_world()
    assert list(islice(corpus.rows(3, world), 50)) == list(islice(corpus.rows(3, world), 50))


def test_world_is_of_the_promised_size_and_a_quarter_of_it_is_open() -> None:
    facts = make_world().facts
    opened = [fact for fact in facts if fact.relation.key.startswith("open:")]
    assert 700 <= len(facts) <= 900
    assert 0.2 <= len(opened) / len(facts) <= 0.35
    assert len({fact.relation.kind for fact in facts}) >= 5
    assert len({(fact.entity, fact.relation.key) for fact in facts}) == len(facts)


def test_every_core_relation_keeps_two_wordings_from_training() -> None:
    assert all(len(relation.held_out) >= 2 for relation in CORE)


def test_no_training_question_holds_a_held_out_wording() -> None:
    world, rng = make_world(), Random(1)
    for _ in range(12_000):
        fact = rng.choice(world.facts)
        asked = f" {wordings.normalise(wordings.ask(rng, fact.relation, '{E}'))} "
        written = f" {wordings.normalise(wordings.written(rng, fact.relation, '{E}'))} "
        for held in wordings.held_out_clauses(fact.relation.key, fact.relation.nouns[0]):
            assert f" {held} " not in asked
            assert f" {held} " not in written
        assert not asked.startswith((" quick question", " would you happen"))


def test_a_relation_can_be_asked_in_more_than_thirty_ways() -> None:
    rng = Random(2)
    for relation in CORE:
        ways = {wordings.normalise(wordings.ask(rng, relation, "{E}")) for _ in range(600)}
        assert len(ways) > 30


def test_every_answer_stands_in_its_text() -> None:
    world, rng = make_world(), Random(3)
    for number in range(1500):
        text = (stories.transcript if number % 4 == 0 else stories.story)(rng, world)
        assert text.asked
        assert all(asked.answer in text.body for asked in text.asked)
        assert len(text.body.split()) < 190


def test_what_the_model_is_taught_to_write_can_be_parsed() -> None:
    rng, world = Random(4), make_world()
    for _ in range(200):
        row = corpus.write_row(rng, world)
        pairs = parse_pairs(row.segments[-1].text.removesuffix(corpus.END))
        assert pairs
        assert all(answer in row.segments[1].text for _, answer in pairs)


def test_notes_answer_their_own_questions() -> None:
    rng = Random(5)
    for _ in range(1500):
        body, pairs = notes.note(rng)
        assert all(answer in body and "{" not in question for question, answer in pairs)
