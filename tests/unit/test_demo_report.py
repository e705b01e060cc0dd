from rtadapt.demo.client import Answer
from rtadapt.demo.report import Row, Totals, percentile, render_table, render_totals, share_right
from rtadapt.demo.stream import Question


def row(before: str, after: str) -> Row:
    return Row("news", Question("Who leads Arven?", "Zara Quill"), Answer(before, "news@0"), Answer(after, "news@3"), 4.2)


def totals(before: float, after: float) -> Totals:
    return Totals(2, 2, before, after, 1, 0, 0, 4.0, 6.0)


def test_an_answer_counts_when_it_holds_the_words_of_the_fact() -> None:
    question = Question("?", "Zara Quill")
    assert question.answered_by("It is zara quill.")
    assert not question.answered_by("Zara Quillon")
    assert not Question("?", "10").answered_by("100")


def test_the_demo_passes_only_if_the_answers_really_changed() -> None:
    assert totals(0.0, 0.95).passed
    assert not totals(0.0, 0.89).passed
    assert not totals(0.1, 1.0).passed


def test_the_table_shows_both_answers_the_version_and_the_seconds() -> None:
    text = render_table([row("Old Name", "Zara Quill"), row("Old Name", "Old Name")])
    assert "Who leads Arven?" in text
    assert "news@3" in text
    assert "4.2" in text
    assert text.count("✓") == 1
    assert text.count("✗") == 1


def test_the_totals_say_what_was_published_and_how_fresh() -> None:
    text = render_totals(totals(0.0, 1.0))
    assert "p50 4.0 s" in text
    assert "0% before, 100% after" in text


def test_shares_and_percentiles() -> None:
    rows = [row("Zara Quill", "Zara Quill"), row("x", "Zara Quill")]
    assert (share_right(rows, after=False), share_right(rows, after=True)) == (0.5, 1.0)
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([1.0], 0.99) == 1.0
