import pytest

from rtadapt.records import Position, Token, parse_version_name, version_name


def test_a_token_reads_back_as_it_was_written() -> None:
    token = Token("news-1", Position(3, 41))
    assert str(token) == "news-1.3.41"
    assert Token.parse("news-1.3.41") == token


@pytest.mark.parametrize(
    "text", ["", "news", "news.1", "news..1", "news.1.", "news.-1.2", "News.1.2", "news.1.2.3", "news.¹.2", "a" * 200 + ".1.2"]
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a token looks like"):
        Token.parse(text)


def test_a_token_is_covered_once_the_positions_reach_past_it() -> None:
    token = Token("news", Position(1, 5))
    assert not token.covered_by({})
    assert not token.covered_by({1: 5, 0: 99})
    assert token.covered_by({1: 6})


def test_version_names_read_back_and_nothing_else_does() -> None:
    assert parse_version_name(version_name("news", 42)) == ("news", 42)
    assert parse_version_name("news@0") == ("news", 0)
    for name in ("news", "news@", "news@01", "news@-1", "@1", "News@1", "news@1 ", "news@9999999999999"):
        assert parse_version_name(name) is None
