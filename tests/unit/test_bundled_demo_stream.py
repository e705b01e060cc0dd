from collections import Counter

from rtadapt.bundled.demo_stream import DEMO_FILE, make_stream
from rtadapt.bundled.wordings import HELD_OUT, OPEN_HELD_OUT, normalise
from rtadapt.bundled.world import make_world
from rtadapt.demo.stream import Item, read_stream
from rtadapt.events.envelope import parse


def _items() -> list[Item]:
    return read_stream(DEMO_FILE)


def test_shipped_stream_is_what_the_generator_writes() -> None:
    assert [item.body for item in _items()] == [event["body"] for event in make_stream()]


def test_every_event_is_accepted_as_it_stands_and_says_its_answers() -> None:
    for item in _items():
        event = parse(item.body, content_type=item.content_type)
        assert event.feed in {"news", "support"}
        assert all(question.answer in event.text for question in item.questions)


def test_most_events_are_text_alone() -> None:
    items = _items()
    assert 28 <= len(items) <= 36
    assert sum("facts" not in item.body and "specversion" not in item.body for item in items) >= 0.75 * len(items)
    assert sum("facts" in item.body for item in items) <= 2
    assert Counter(item.feed for item in items)["support"] == 10


def test_questions_are_in_held_out_wordings() -> None:
    shapes = [normalise(text) for group in (HELD_OUT, OPEN_HELD_OUT) for texts in group.values() for text in texts]
    for item in _items():
        for question in item.questions:
            asked = normalise(question.ask).split()
            assert any(_fits(shape.split(), asked) for shape in shapes)


def _fits(shape: list[str], asked: list[str]) -> bool:
    words = [word for word in shape if "{" not in word and word != "s"]
    return len(words) < len(asked) and all(word in asked for word in words)


def test_no_question_is_asked_twice_and_no_answer_is_already_known() -> None:
    questions = [question for item in _items() for question in item.questions]
    assert len({question.ask for question in questions}) == len(questions)
    known = {fact.value for fact in make_world().facts}
    assert sum(question.answer in known for question in questions) < 0.1 * len(questions)


def test_one_fact_changes_twice_and_only_its_last_value_is_asked() -> None:
    unasked = [item for item in _items() if not item.questions]
    assert len(unasked) == 1
    club = unasked[0].body["text"].split(" have a new")[0]
    later = [item for item in _items() if item.questions and club in str(item.body)]
    assert len(later) == 1
