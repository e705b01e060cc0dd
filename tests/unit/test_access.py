"""API keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtadapt.access import KeyTable, Scope
from rtadapt.errors import Forbidden, InvalidSettings, Unauthorized

TABLE = KeyTable.parse("# keys\n\ncomplete key-of-a-reader\n  push,operate\tkey-of-an-editor\ncomplete key-of-an-editor\n")


def test_a_key_may_do_what_its_line_says() -> None:
    assert TABLE.grant("key-of-a-reader").scopes == {Scope.COMPLETE}
    assert TABLE.grant("key-of-an-editor").scopes == set(Scope)
    for key in ("key-of-nobody", "", "\udcff"):
        assert not TABLE.grant(key).scopes


def test_a_key_may_be_limited_to_feeds_to_those_that_are_there_and_to_a_rate() -> None:
    table = KeyTable.parse("push key-of-a-desk feeds=news,sport-* make=no rate=2.5\npush key-of-all\n")
    grant = table.check("Bearer key-of-a-desk", Scope.PUSH)
    assert (grant.may_make_feeds, grant.rate) == (False, 2.5)
    grant.check_feed("sport-rugby")
    with pytest.raises(Forbidden):
        grant.check_feed("support")
    free = table.check("Bearer key-of-all", Scope.PUSH)
    free.check_feed("support")
    assert (free.may_make_feeds, free.rate) == (True, None)


@pytest.mark.parametrize("header", ["Bearer key-of-a-reader", "bearer  key-of-a-reader "])
def test_a_good_header_passes(header: str) -> None:
    TABLE.check(header, Scope.COMPLETE)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic key-of-a-reader", "key-of-a-reader", "Bearer wrong-key"]
)
def test_no_key_or_a_wrong_one_is_unauthorized_and_never_quoted(header: str | None) -> None:
    with pytest.raises(Unauthorized) as caught:
        TABLE.check(header, Scope.COMPLETE)
    assert "wrong-key" not in str(caught.value)


def test_a_key_without_the_scope_is_forbidden() -> None:
    with pytest.raises(Forbidden):
        TABLE.check("Bearer key-of-a-reader", Scope.OPERATE)


def test_the_table_holds_no_key() -> None:
    assert "key-of" not in repr(TABLE)


@pytest.mark.parametrize(
    "text",
    [
        *("", "# nothing\n", "complete", "complete short", "all long-enough-key", "complete a-long-key extra"),
        *("push a-long-key rate=0", "push a-long-key make=maybe", "push a-long-key feeds="),
    ],
)
def test_a_bad_table_is_refused_without_quoting_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    with pytest.raises(InvalidSettings) as caught:
        KeyTable.load(path)
    assert caught.value.field == "keys_file"
    assert "long" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings):
        KeyTable.load(tmp_path / "nowhere")
