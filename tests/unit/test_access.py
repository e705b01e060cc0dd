"""API keys: who may do what, of which feeds, and how much."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest

from rtadapt.access import EVERYBODY, Keys, KeyTable, Scope, Use, open_to_strangers
from rtadapt.errors import Forbidden, InvalidSettings, RateLimited, Unauthorized

TEXT = """# keys

complete key-of-a-reader
  push,operate	key-of-an-editor
complete key-of-an-editor
complete key-of-a-chatbot id=chatbot feeds=news,support-* requests=60 tokens=1000 concurrent=2
complete the-next-key-of-the-chatbot id=chatbot feeds=news,support-* requests=60 tokens=1000 concurrent=2
push key-of-a-newsroom feeds=news new_feeds=no events=100
"""


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(tmp_path: Path, clock: Clock) -> Keys:
    path = tmp_path / "keys"
    path.write_text(TEXT)
    return Keys(path, clock)


def test_a_key_may_do_what_its_lines_say() -> None:
    table = KeyTable.parse(TEXT)
    reader, editor = table.find("key-of-a-reader"), table.find("key-of-an-editor")
    assert reader is not None
    assert editor is not None
    assert reader.scopes == {Scope.COMPLETE}
    assert editor.scopes == {Scope.COMPLETE, Scope.PUSH, Scope.OPERATE}
    assert editor.has(Scope.VIEW)
    assert not reader.has(Scope.VIEW)
    assert reader.id != editor.id
    assert table.find("key-of-nobody") is table.find("") is table.find("\udcff") is None


def test_a_key_may_use_the_feeds_that_it_names_and_all_if_it_names_none(keys: Keys) -> None:
    chatbot = keys.check("Bearer key-of-a-chatbot", Scope.COMPLETE)
    assert [feed for feed in ("news", "newsroom", "support-de", "support-", "support") if chatbot.may_use(feed)] == [
        "news",
        "support-de",
        "support-",
    ]
    with pytest.raises(Forbidden):
        chatbot.check_feed("sport")
    keys.check("Bearer key-of-a-reader", Scope.COMPLETE).check_feed("sport")


@pytest.mark.parametrize("header", ["Bearer key-of-a-reader", "bearer  key-of-a-reader "])
def test_a_good_header_passes(keys: Keys, header: str) -> None:
    assert keys.check(header, Scope.COMPLETE).scopes == {Scope.COMPLETE}


def test_a_key_may_come_as_anthropics_clients_send_it(keys: Keys) -> None:
    assert keys.check(None, Scope.COMPLETE, "key-of-a-chatbot").id == "chatbot"
    with pytest.raises(Unauthorized):
        keys.check(None, Scope.COMPLETE, "wrong-key")


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic key-of-a-reader", "key-of-a-reader", "Bearer wrong-key"]
)
def test_no_key_or_a_wrong_one_is_unauthorized_and_never_quoted(keys: Keys, header: str | None) -> None:
    with pytest.raises(Unauthorized) as caught:
        keys.check(header, Scope.COMPLETE)
    assert "wrong-key" not in str(caught.value)


def test_a_key_without_the_scope_is_forbidden(keys: Keys) -> None:
    with pytest.raises(Forbidden):
        keys.check("Bearer key-of-a-reader", Scope.OPERATE)


def test_without_a_table_everybody_may_do_everything() -> None:
    assert Keys(None).check(None, Scope.OPERATE) is EVERYBODY
    with Keys(None).using(EVERYBODY, Use.TOKENS):
        pass


def test_the_table_holds_no_key() -> None:
    assert "key-of" not in repr(KeyTable.parse(TEXT))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing",
        "complete",
        "complete short",
        "all long-enough-key",
        "complete a-long-key extra",
        "complete a-long-key feeds=",
        "complete a-long-key feeds=News",
        "complete a-long-key id=",
        "complete a-long-key requests=0",
        "complete a-long-key requests=1.5",
        "complete a-long-key new_feeds=maybe",
        "complete a-long-key\npush a-long-key feeds=news",
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


def test_a_key_has_so_many_requests_a_minute_and_is_told_when_it_has_one_again(keys: Keys, clock: Clock) -> None:
    old = keys.check("Bearer key-of-a-chatbot", Scope.COMPLETE)
    new = keys.check("Bearer the-next-key-of-the-chatbot", Scope.COMPLETE)
    for turn in range(60):
        with keys.using((old, new)[turn % 2]):  # one id: they share
            pass
    with pytest.raises(RateLimited) as caught, keys.using(new):
        pass
    assert caught.value.retry_after == 1
    clock.now += 1
    with keys.using(old):
        pass
    with pytest.raises(RateLimited), keys.using(old):
        pass
    clock.now += 3600
    for _ in range(60):  # never more than a minute's
        with keys.using(old):
            pass
    with pytest.raises(RateLimited), keys.using(old):
        pass


def test_tokens_are_counted_after_the_answer_and_what_was_too_much_is_made_up_for(keys: Keys, clock: Clock) -> None:
    key = keys.check("Bearer key-of-a-chatbot", Scope.COMPLETE)
    with keys.using(key, Use.TOKENS):
        keys.spend(key, Use.TOKENS, 1500)
    with pytest.raises(RateLimited), keys.using(key, Use.TOKENS):
        pass
    with keys.using(key):  # a request that costs none
        pass
    clock.now += 31
    with keys.using(key, Use.TOKENS):
        pass


def test_a_key_has_so_many_requests_at_once(keys: Keys) -> None:
    key = keys.check("Bearer key-of-a-chatbot", Scope.COMPLETE)
    with keys.using(key), pytest.raises(ValueError, match="ended"), keys.using(key):
        with pytest.raises(RateLimited), keys.using(key):
            pass
        raise ValueError("ended badly")
    with keys.using(key):
        pass


def test_a_changed_file_is_taken_and_one_that_is_no_table_is_not(tmp_path: Path, keys: Keys, clock: Clock) -> None:
    def check(key: str) -> None:
        keys.check(f"Bearer {key}", Scope.COMPLETE)

    path = tmp_path / "keys"
    path.write_text("complete another-key-now\n")
    check("key-of-a-reader")  # it was looked at a moment ago
    clock.now += 2
    check("another-key-now")
    with pytest.raises(Unauthorized):
        check("key-of-a-reader")
    for broken in ("", "complete"):
        path.write_text(broken)
        clock.now += 2
        check("another-key-now")
    path.unlink()
    clock.now += 2
    check("another-key-now")
    (tmp_path / "next").write_text("complete the-last-key\n")
    (tmp_path / "next").replace(path)
    clock.now += 2
    check("the-last-key")


def test_a_changed_file_that_could_not_be_read_is_read_as_soon_as_it_can_be_and_said_once(
    tmp_path: Path, keys: Keys, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "keys").write_text("complete another-key-now\n")
    with monkeypatch.context() as away:
        away.setattr(Path, "read_text", Mock(side_effect=PermissionError))
        for _ in range(3):
            clock.now += 2
            keys.check("Bearer key-of-a-reader", Scope.COMPLETE)
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1
    clock.now += 2
    keys.check("Bearer another-key-now", Scope.COMPLETE)
    with pytest.raises(Unauthorized):
        keys.check("Bearer key-of-a-reader", Scope.COMPLETE)


@pytest.mark.parametrize(
    ("host", "open_"),
    [
        ("127.0.0.1", False),
        ("::1", False),
        ("localhost", False),
        ("0.0.0.0", True),
        ("::", True),
        ("10.0.0.1", True),
        ("box", True),
    ],
)
def test_what_can_be_reached_from_other_machines_is_told_from_what_can_not(host: str, open_: bool) -> None:
    assert open_to_strangers(host, None) == open_
    assert not open_to_strangers(host, Path("keys"))
