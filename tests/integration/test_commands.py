"""What one says to a running system from a terminal: push, ask, how it is, keys, and what a shell completes."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rtadapt import tell
from rtadapt.access import KeyTable, Scope
from rtadapt.cli import main
from rtadapt.config import RegistrySettings, Settings
from rtadapt.records import EventState, EventStatus
from rtadapt.registry.codec import Trouble
from rtadapt.registry.registry import Registry
from tests.support.api_server import texts
from tests.support.one_address import OneAddress
from tests.support.registry_steps import A, publish

Said = Callable[..., list[Any]]


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    return Settings(data_dir=tmp_path, registry=RegistrySettings(url=redis_url, replica_ttl_seconds=3600))


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    registry = Registry(settings.registry)
    yield registry
    registry.close()


@pytest.fixture
def url(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with OneAddress(settings, monkeypatch) as server:
        yield server.url


@pytest.fixture
def said(url: str, capsys: pytest.CaptureFixture[str]) -> Said:
    """The lines that a command prints, as JSON."""

    def run(*arguments: str, status: int = 0) -> list[Any]:
        assert main([*arguments, "--url", url]) == status
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_files_text_and_standard_input_are_pushed_as_what_they_are(
    said: Said, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story, several = tmp_path / "story.txt", tmp_path / "several.ndjson"
    story.write_text("Marla Tindle coaches Corvin Rovers.")
    several.write_text('{"feed": "news", "text": "The bridge is open."}\n{"feed": "news", "text": ""}\n')
    assert [item["status"] for item in said("push", str(story), "--feed", "news")] == ["accepted"]
    assert [item["status"] for item in said("push", str(several), status=1)] == ["accepted", "refused"]
    said("push", "--text", "The fair begins on Monday.", "--feed", "news")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b'{"feed": "news", "text": "It rains in Ashby."}')))
    said("push", "-", "--type", "application/json")
    pushed = ["Marla Tindle coaches Corvin Rovers.", "The bridge is open.", "The fair begins on Monday.", "It rains in Ashby."]
    assert texts(settings) == pushed


def test_who_pushes_can_wait_until_it_is_learned(said: Said, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = 0

    def sleep(_: float) -> None:
        nonlocal waited
        waited += 1
        registry.note_events([EventStatus("story-17", "news", EventState.LEARNED, version=1)])

    monkeypatch.setattr(tell, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    items = [{"status": "accepted", "id": name, "token": "news.0.0"} for name in ("story-17", "story-18")]
    monkeypatch.setattr(tell.Teller, "push", lambda *_: items)
    registry.ensure_feed("news")
    registry.note_events([EventStatus("story-17", "news", EventState.ACCEPTED)])
    registry.note_events([EventStatus("story-18", "news", EventState.REFUSED, reason="gate")])
    *_, learned, refused = said("push", "--text", "The bridge is open.", "--feed", "news", "--wait", status=1)
    assert (learned["status"], learned["version"], waited) == ("learned", 1, 1)
    assert (refused["status"], refused["reason"]) == ("refused", "gate")


def test_a_feed_a_version_and_the_base_are_asked_and_compared(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "news", "Who coaches?", "--url", url]) == 0
    assert capsys.readouterr().out.startswith("news@2")
    assert main(["ask", "news", "Who coaches?", "--compare", "the-base", "--after", "news.0.1", "--url", url]) == 0
    ours, base = capsys.readouterr().out.splitlines()
    assert ours.startswith("news: news@2")
    assert base == "the-base: the-base heard Who coaches?"
    assert main(["ask", "sport", "Who coaches?", "--url", url]) == 1
    assert "sport" in capsys.readouterr().err
    assert main(["ask", "news", " ", "--url", url]) == 2


def test_how_the_system_is_is_said_in_words_and_by_the_exit_status(
    url: str, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--url", url]) == 1
    assert "worker   none: events are accepted and wait" in capsys.readouterr().out
    epoch = registry.claim("news", "work-0")
    for parent in range(3):
        publish(registry, parent, epoch=epoch)
    registry.change_route("news", "promote", version=2)
    registry.note_worker("work-0", {"ready": True, "alive": True, "last_step_at": 1.0, "lag": 3, "feeds": 1, "partitions": 1})
    registry.heartbeat(A, {"host": "node-7", "pid": "1", "address": "x:1", "loaded": 2})

    def waiting_known() -> bool:
        main(["status", "--json", "--url", url])
        return bool(json.loads(capsys.readouterr().out)["waiting_known"])

    deadline = time.monotonic() + 30
    while not waiting_known():
        assert time.monotonic() < deadline
    assert main(["status", "--url", url]) == 0
    lines = capsys.readouterr().out
    assert "feed     news: answers from version 2; the newest is 3; does not follow; " in lines
    assert "worker   work-0: works, 3 records not read" in lines
    assert f"replica  {A}: 2 adapters" in lines
    registry.note_trouble("news", Trouble("artifact_damaged", "", 1.0, 1, 2.0, "work-0"))
    assert main(["status", "--url", url]) == 1
    assert "stands still: artifact_damaged" in capsys.readouterr().out


def test_a_key_is_made_and_the_keys_are_listed_without_themselves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = ["keys", "new", "--scope", "push", "--scope", "view", "--id", "newsroom", "--feeds", "news,support-*"]
    made = set()
    for _ in range(2):
        assert main(new) == 0
        made.add(line := capsys.readouterr().out)
    assert len(made) == 2
    [(_, key)] = KeyTable.parse(line).entries
    assert (key.id, key.scopes, key.feeds) == ("newsroom", {Scope.PUSH, Scope.VIEW}, ("news", "support-*"))
    (tmp_path / "keys").write_text(line)
    assert main(["keys", "list", "--set", f"keys_file={tmp_path / 'keys'}"]) == 0
    listed = capsys.readouterr().out
    assert json.loads(listed)["id"] == "newsroom"
    assert line.split()[1] not in listed
    assert main(["keys", "list"]) == 2
    assert main(["keys", "new", "--id", "no spaces"]) == 2
    capsys.readouterr()


def test_a_shell_completes_commands_and_their_flags(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    asked = "COMP_WORDS=({words}); COMP_CWORD={at}; _rtadapt; echo ${{COMPREPLY[@]}}"
    for words, wanted in (("rtadapt st", "status"), ("rtadapt dead-letters re", "replay"), ("rtadapt push --wa", "--wait")):
        done = subprocess.run(
            ["bash", "-c", script + asked.format(words=words, at=words.count(" "))],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stdout.split() == [wanted]
    for shell in ("zsh", "fish"):
        assert main(["completion", shell]) == 0
        script = capsys.readouterr().out
        assert "rtadapt" in script
        if shutil.which(shell):
            subprocess.run([shell, "-n"], input=script, text=True, check=True, timeout=60)
