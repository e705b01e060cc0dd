"""What somebody trips over who runs the commands for the first time: it is said in a line, with what to do."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from rtadapt import doctor
from rtadapt.cli import main
from rtadapt.config import ArtifactSettings, RegistrySettings, Settings, load_settings
from rtadapt.naming import EXTRAS
from tests.support.object_store import ObjectStore
from tests.support.redis_server import free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["feds"], "there is no command 'feds'; did you mean feeds?"),
        (["docter"], "did you mean doctor?"),
        (["nonsense"], "there is no command 'nonsense'"),
        (["up", "--modle", "x"], "did you mean --model?"),
        (["rewind", "news", "--witout", "x"], "did you mean --without?"),
        (["demo", "--events", "0"], "'0' is no number of 1 or more"),
        (["demo", "--pace", "-1"], "'-1' is no number of seconds"),
        (["demo", "--pace", "nan"], "'nan' is no number of seconds"),
        (["demo", "--port", "8000"], "unrecognized arguments: --port"),
        (["dead-letters", "list", "--limit", "0"], "no number of 1 or more"),
    ],
)
def test_wrong_use_ends_with_status_2_and_says_what_was_meant(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", ""], "model: must not be empty"),
        (["--data-dir", ""], "data_dir: must not be empty"),
        (["--set", 'keys_file=""'], "keys_file: must not be empty"),
        (["--set", "batch=3"], "batch is a section: set one of its settings, as batch.NAME"),
        (["--set", "batch.max_events=0"], "batch.max_events: must be greater than or equal to 1"),
        (["--config", "."], "is no file"),
        (["--config", "nowhere.toml"], "nowhere.toml is not there"),
    ],
)
def test_a_wrong_setting_is_told_in_plain_words(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", *arguments]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Input" not in err


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"[batch]\nmax_events = 3\n[registry]\nurl = hush\n", "(at line 4, column 7)"), (b"\xff\xfe", "utf-8")],
)
def test_a_file_of_settings_that_is_none_is_named(
    content: bytes, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the place in it, and not with its text: that may be a password."""
    (tmp_path / "rtadapt.toml").write_bytes(content)
    assert main(["config"]) == 2
    said = capsys.readouterr().err
    assert "rtadapt.toml could not be read" in said
    assert why in said
    assert "hush" not in said


def test_a_home_is_somebodys_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    settings = load_settings(data_dir="~/data", registry={"ca_file": "~/ca.crt"})
    assert settings.data_dir == tmp_path / "me" / "data"
    assert settings.registry.ca_file == tmp_path / "me" / "ca.crt"


@pytest.mark.parametrize(("model", "said"), [("smolm2", "did you mean smollm2?"), ("somewhere", "owner/name")])
def test_a_model_that_is_neither_here_nor_a_hub_id_is_refused_at_once(
    model: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["work", "--model", model, "--set", "registry.url=redis://127.0.0.1:1/0"]) == 2
    assert said in capsys.readouterr().err


def test_what_a_replica_cannot_start_with_is_said_before_a_model_is_made_ready(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve"]) == 2
    assert "set registry.url" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["serve", "--port", port, "--set", "registry.url=redis://127.0.0.1:1/0"]) == 2
    assert f"nothing can listen on 127.0.0.1:{port}" in capsys.readouterr().err
    assert not (tmp_path / "rtadapt-data").exists()


def test_a_report_without_a_place_is_said_before_the_demo_starts(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert main(["demo", "--report", "nowhere/report.json"]) == 2
    finally:
        signal.signal(signal.SIGTERM, before)
    assert "--report: the folder" in capsys.readouterr().err


def test_what_is_said_to_install_can_be_installed() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for advice in EXTRAS.values():
        named = re.findall(r"rtadapt\[([^\]]+)\]", advice)
        assert named
        assert set(named) <= set(extras)


def test_a_library_that_is_missing_is_told_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "rtadapt.work.worker", None)
    monkeypatch.setitem(EXTRAS, "rtadapt", "pip install 'rtadapt[train]'")  # as if the worker's module were torch's
    assert main(["work", "--set", "registry.url=redis://127.0.0.1:1/0"]) == 2
    assert "pip install 'rtadapt[train]'" in capsys.readouterr().err


class _Plane(BaseHTTPRequestHandler):
    """Somebody who answers `/v1/feeds` as a control plane does, and anything else as a stranger."""

    said: bytes = b'{"feeds": []}'
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.said)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Not here."""


@pytest.fixture
def plane(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Plane)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def places(api: int, serve: int) -> list[str]:
    return ["--set", f"api.port={api}", "--set", f"serve.port={serve}"]


def test_commands_find_the_control_plane_of_up_by_themselves(plane: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feeds", *places(free_port(), plane)]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "rtadapt: there are no feeds\n")


def test_somebody_else_who_answers_is_no_control_plane(
    plane: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_Plane, "said", b"<html>")
    assert main(["feeds", "--url", f"http://127.0.0.1:{plane}"]) == 1
    assert f"what answers at http://127.0.0.1:{plane} is none of rtadapt's" in capsys.readouterr().err


def test_a_key_that_is_missing_is_said_to_be(
    plane: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_Plane, "status", 401)
    monkeypatch.setattr(_Plane, "said", json.dumps({"detail": "a key is needed"}).encode())
    assert main(["feeds", "--url", f"http://127.0.0.1:{plane}"]) == 1
    assert "--key-file" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["nonsense", "ftp://x", "http://[", "redis://x"])
def test_an_address_that_is_none_is_wrong_use(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feeds", "--url", url]) == 2
    assert url in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "two keys\n", "ключ"])
def test_a_file_that_holds_no_key_is_named(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key").write_text(content)
    assert main(["feeds", "--key-file", "key"]) == 2
    assert "--key-file: key holds one key and nothing else" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_failure(plane: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Plane, "said", json.dumps({"feeds": [{"feed": f"feed-{n}" * 200} for n in range(500)]}).encode())
    command = f"{sys.executable} -m rtadapt feeds --url http://127.0.0.1:{plane} | head -1 > /dev/null; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(
        ["bash", "-c", command], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60
    )
    assert (ran.stdout, ran.stderr) == ("0\n", "")


def test_the_demo_takes_its_system_with_it_when_it_is_killed(tmp_path: Path) -> None:
    """Whoever it is killed by, nothing goes on running."""
    (tmp_path / "demo.py").write_text(
        "import sys\nfrom pathlib import Path\n"
        "from rtadapt.config import Settings\nfrom rtadapt.demo.system import System\n"
        "system = System(Settings(), Path('x'))\nsystem.start()\nprint(system._process.pid, flush=True)\nsys.stdin.read()\n"
    )
    slow = tmp_path / "sitecustomize.py"
    slow.write_text("import sys, time\nif 'up' in sys.orig_argv: time.sleep(60)\n")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    demo = subprocess.Popen([sys.executable, "demo.py"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert demo.stdout is not None
    child = int(demo.stdout.readline())
    demo.kill()
    demo.communicate()
    deadline = time.monotonic() + 30
    while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split(")")[1][:3]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def findings(settings: Settings) -> dict[str, doctor.Finding]:
    return {finding.part: finding for finding in doctor.examine(settings)}


def test_a_clock_that_goes_otherwise_than_the_registrys_is_found(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(registry=RegistrySettings(url=redis_url))
    assert findings(settings)["clock"].well
    now = time.time
    monkeypatch.setattr(doctor.time, "time", lambda: now() - 60)
    found = findings(settings)["clock"]
    assert not found.well
    assert "60 s behind the registry's" in str(found)


def test_a_store_that_does_not_answer_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(artifacts=ArtifactSettings(url="objects://bucket"))
    assert findings(settings)["artifact store"].found == "it answers"

    def away(*_: object, **__: object) -> None:
        raise ConnectionRefusedError(errno.ECONNREFUSED, "nobody listens")

    monkeypatch.setattr(ObjectStore, "find", away)
    found = findings(settings)
    assert (found["artifact store"].well, found["artifacts"].well) == (False, True)
    assert "does not answer (ECONNREFUSED)" in str(found["artifact store"])


def test_a_gpu_that_is_there_and_not_used_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho 'GPU 0: one (UUID: x)'\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(doctor.metadata, "version", lambda name: "2.13.0+cpu")
    assert not findings(Settings())["device"].well
    monkeypatch.setattr(doctor.metadata, "version", lambda name: "2.13.0+cu130")
    assert findings(Settings())["device"].found == "1 GPU"
    driver.write_text("#!/bin/sh\nexit 9\n")
    assert findings(Settings())["device"].found.startswith("no GPU")


@pytest.mark.parametrize("model", ["nowhere", "nowhere.gguf", "./nowhere"])
def test_a_model_that_is_not_there_is_found(model: str) -> None:
    assert not findings(Settings(model=model))["model"].well


def test_how_commands_end_is_documented() -> None:
    page = " ".join((ROOT / "docs" / "operations.md").read_text().split())
    assert (
        "Every command ends with 0 when all went well, 1 when it failed, 2 for wrong use or settings, and 130 after Ctrl-C"
        in page
    )
