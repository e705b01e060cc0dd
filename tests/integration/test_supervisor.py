"""The supervisor's hold on its children: real processes, real signals."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtadapt.children import Awaited, Child, wait_ready
from rtadapt.config import Settings, load_settings
from rtadapt.errors import InvalidSettings, Unavailable
from rtadapt.supervisor import Supervisor, socket_of
from tests.support.redis_server import free_port
from tests.support.running import eventually

SLEEPER = "import time; time.sleep(600)"
PARENT = (
    "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
    "print(child.pid, flush=True); time.sleep(600)"
)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    made = Child("sleeper", [sys.executable, "-c", SLEEPER], dict(os.environ), tmp_path / "sleeper.log")
    yield made
    made.stop(time.monotonic())


def test_a_child_that_dies_is_started_again_and_its_death_is_told(child: Child) -> None:
    said: list[str] = []
    child.start()
    assert child.process is not None
    first = child.process.pid
    os.kill(first, signal.SIGKILL)

    def back() -> bool:
        child.watch(said.append)
        return child.process is not None and child.process.pid != first

    assert eventually(back)
    assert "killed by SIGKILL" in said[0]
    assert str(child.log) in said[0]


def test_the_pause_before_a_new_start_grows_and_stays_bounded(tmp_path: Path) -> None:
    child = Child("broken", [sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ), tmp_path / "broken.log")
    child.start()
    pauses = []
    for _ in range(8):
        assert child.process is not None
        child.process.wait(timeout=20)
        child.watch(lambda _: None)
        pauses.append(child.pause_seconds)
        child.start()
    child.stop(time.monotonic())
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1] == 15.0


def test_what_a_dead_child_left_running_is_ended_first(tmp_path: Path) -> None:
    child = Child("parent", [sys.executable, "-c", PARENT], dict(os.environ), tmp_path / "parent.log")
    child.start()
    assert eventually(lambda: child.log.read_text().strip().isdigit())
    grandchild = int(child.log.read_text())
    assert child.process is not None
    os.kill(child.process.pid, signal.SIGKILL)
    child.process.wait(timeout=20)
    child.watch(lambda _: None)
    assert eventually(lambda: not alive(grandchild))
    child.stop(time.monotonic())


def test_a_child_that_ignores_sigterm_is_killed_at_the_deadline(tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    child = Child("stubborn", [sys.executable, "-c", stubborn], dict(os.environ), tmp_path / "stubborn.log")
    child.start()
    assert eventually(lambda: "up" in child.log.read_text())
    assert child.process is not None
    pid = child.process.pid
    child.stop(time.monotonic() + 0.2)
    assert not alive(pid)


def test_children_end_with_their_supervisor_even_when_it_is_killed(tmp_path: Path) -> None:
    program = (
        "import os, sys, time; from pathlib import Path; from rtadapt.children import Child; "
        f"child = Child('sleeper', [sys.executable, '-c', {SLEEPER!r}], dict(os.environ), Path({str(tmp_path / 'log')!r})); "
        "child.start(); print(child.process.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        assert alive(pid)
        supervisor.kill()
        supervisor.wait(timeout=20)
        assert eventually(lambda: not alive(pid))


def test_a_socket_whose_path_would_be_too_long_is_in_a_folder_that_is_the_owners_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert socket_of(Path("/short/registry")) == Path("/short/registry/socket")
    far = Path("/", *["deep"] * 30)
    socket = socket_of(far)
    assert socket == socket_of(far) != socket_of(far / "other")
    assert socket.parent.stat().st_mode & 0o077 == 0
    socket.parent.chmod(0o777)
    with pytest.raises(InvalidSettings, match="open to others"):
        socket_of(far)
    socket.parent.rmdir()
    socket.parent.symlink_to(tmp_path)
    with pytest.raises(InvalidSettings, match="open to others"):
        socket_of(far)


def test_the_folder_with_everybodys_words_is_the_owners_alone(tmp_path: Path) -> None:
    supervisor = Supervisor(load_settings(data_dir=str(tmp_path / "data")), lambda _: None)
    supervisor._take_folder()
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    supervisor._stop_all()


def test_two_supervisors_do_not_share_a_folder(tmp_path: Path) -> None:
    settings = load_settings(data_dir=str(tmp_path))
    first, second = Supervisor(settings, lambda _: None), Supervisor(settings, lambda _: None)
    first._take_folder()
    with pytest.raises(InvalidSettings, match="another rtadapt up"):
        second._take_folder()
    first._stop_all()


READY_SERVER = """
import http.server, json, sys, time
{before}
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", {port}), Answer).serve_forever()
"""
SLOW = """
for done in range(8):
    print(json.dumps({"level": "info", "logger": "rtadapt", "message": "exam", "done": done, "of": 8}), flush=True)
    time.sleep(0.5)
"""
BAR = """
for done in range(8):
    sys.stdout.write(f"\\rloading {done}")
    sys.stdout.flush()
    time.sleep(0.5)
"""
RETRYING = """
print(json.dumps({"level": "info", "logger": "rtadapt.work.worker", "message": "asking the log"}), flush=True)
while True:
    print(json.dumps({"level": "warning", "logger": "rtadapt.work.worker", "message": "the log is away"}), flush=True)
    print(json.dumps({"level": "warning", "logger": "library", "message": "there is a faster way"}), flush=True)
    time.sleep(0.1)
"""
QUIET_SECONDS = 2.5  # much less than SLOW and BAR take together, much more than from one of their lines to the next


def start_of(folder: Path, name: str, before: str) -> Awaited:
    port = free_port()
    script = READY_SERVER.format(before=before, port=port)
    child = Child(name, [sys.executable, "-c", script], dict(os.environ), folder / f"{name}.log")
    child.start()
    return Awaited(f"the {name}", child, f"http://127.0.0.1:{port}/readyz")


@pytest.mark.parametrize("before", [SLOW, BAR])
def test_a_start_that_takes_long_is_waited_for_while_it_moves(tmp_path: Path, before: str) -> None:
    said: list[str] = []
    slow = start_of(tmp_path, "worker", before)
    try:
        wait_ready([slow], [slow.child], said.append, lambda: False, QUIET_SECONDS)
    finally:
        slow.child.stop(time.monotonic())
    assert re.fullmatch(r"the worker is ready after \d+ s", said[-1])


def test_what_is_waited_for_is_said_with_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtadapt.children._TOLD_SECONDS", 0.4)
    said: list[str] = []
    worker, engine = start_of(tmp_path, "worker", SLOW), start_of(tmp_path, "engine", BAR)
    try:
        wait_ready([engine, worker], [engine.child, worker.child], said.append, lambda: False, QUIET_SECONDS)
    finally:
        for one in (worker, engine):
            one.child.stop(time.monotonic())
    assert any(re.fullmatch(r"waiting for the engine; the worker: exam [1-7] of 8 \(\d+ s\)", line) for line in said), said


@pytest.mark.parametrize(("before", "word"), [("time.sleep(600)", ""), (RETRYING, ": the log is away")])
def test_a_start_that_hangs_or_only_tries_again_is_given_up_and_says_where_it_stood(
    tmp_path: Path, before: str, word: str
) -> None:
    fine, hanging = start_of(tmp_path, "engine", ""), start_of(tmp_path, "worker", before)
    try:
        with pytest.raises(Unavailable, match=f"^the worker{word}; then nothing new for 2 s; see .*worker.log$"):
            wait_ready([fine, hanging], [fine.child, hanging.child], lambda _: None, lambda: False, QUIET_SECONDS)
    finally:
        for one in (fine, hanging):
            one.child.stop(time.monotonic())


def test_a_child_that_dies_over_and_over_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtadapt.children._LONGEST_PAUSE_SECONDS", 0.01)
    dying, engine = start_of(tmp_path, "worker", "sys.exit(3)"), start_of(tmp_path, "engine", "time.sleep(600)")
    try:
        with pytest.raises(Unavailable, match="worker ended 6 times; the reason is in"):
            wait_ready([engine, dying], [engine.child, dying.child], lambda _: None, lambda: False)
    finally:
        for one in (dying, engine):
            one.child.stop(time.monotonic())


def test_a_line_that_is_not_whole_yet_is_read_when_it_is(tmp_path: Path) -> None:
    child = Child("worker", [], {}, tmp_path / "worker.log")
    assert not child.listen()
    child.log.write_bytes(b'{"level": "info", "logger": "rtadapt", "mess')
    assert not child.listen()
    with child.log.open("ab") as out:
        out.write(b'age": "loading"}\n')
    assert child.listen()
    assert child.word == "loading"
    assert not child.listen()


def test_somebody_else_who_answers_on_its_port_is_no_readiness(tmp_path: Path) -> None:
    stranger = start_of(tmp_path, "stranger", "")
    child = Child("worker", [sys.executable, "-c", SLEEPER], dict(os.environ), tmp_path / "worker.log")
    child.start()
    try:
        assert eventually(stranger.look)
        awaited = Awaited("the worker", child, stranger.url)
        assert not awaited.look()
        with pytest.raises(Unavailable, match="the worker; then nothing new"):
            wait_ready([awaited], [child], lambda _: None, lambda: False, 0.5)
    finally:
        for one in (child, stranger.child):
            one.stop(time.monotonic())


@pytest.fixture
def startable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings under which nothing is wrong."""
    monkeypatch.setattr("rtadapt.doctor._LEAST_DISK_GIB", 0.0)
    monkeypatch.setattr("rtadapt.doctor._LEAST_MEMORY_GIB", 0.0)
    monkeypatch.setattr("rtadapt.doctor._libraries", lambda: iter(()))
    (tmp_path / "model").mkdir()
    ports = {"serve": {"port": free_port()}, "work": {"metrics_port": free_port()}}
    return load_settings(data_dir=str(tmp_path / "data"), model=str(tmp_path / "model"), **ports)


def refused(settings: Settings) -> str:
    """What `rtadapt up` says; it has started nothing then."""
    supervisor = Supervisor(settings, lambda _: None)
    with pytest.raises(InvalidSettings) as caught:
        supervisor.run(lambda: None)
    assert supervisor.children == []
    return str(caught.value)


def test_nothing_is_started_where_it_cannot_run_and_all_that_is_wrong_is_said(
    startable: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("rtadapt.doctor._LEAST_DISK_GIB", 1e9)
    monkeypatch.setattr("rtadapt.doctor._LEAST_MEMORY_GIB", 1e9)
    (tmp_path / "keys").write_text("may-everything secret-of-mine\n")
    wrong = {
        "keys_file": tmp_path / "keys",
        "artifacts": startable.artifacts.model_copy(update={"signing_key_file": tmp_path / "absent"}),
        "model": "./nowhere",
    }
    with socket.create_server(("127.0.0.1", startable.serve.port)):
        said = refused(startable.model_copy(update=wrong))
    for part in ("port of serve", "keys", "artifacts", "disk", "memory", "model"):
        assert f"BAD  {part}: " in said, said
    assert "port of work" not in said
    assert "secret-of-mine" not in said


def test_a_port_of_the_worker_that_is_taken_is_said_before_anything_is_started(startable: Settings) -> None:
    with socket.create_server(("127.0.0.1", startable.work.metrics_port)):
        assert f"127.0.0.1:{startable.work.metrics_port}" in refused(startable)


def test_after_a_kill_ports_of_children_that_are_still_ending_are_waited_for(startable: Settings) -> None:
    killed = Supervisor(startable, lambda _: None)
    killed._take_folder()
    assert killed._lock is not None
    killed._lock.close()  # as the kernel does it
    supervisor = Supervisor(startable, lambda _: None)
    supervisor._take_folder()
    listener = socket.create_server(("127.0.0.1", startable.serve.port))
    threading.Timer(0.5, listener.close).start()
    supervisor._check()
    supervisor._stop_all()
    again = Supervisor(startable, lambda _: None)
    again._take_folder()
    assert not again._was_killed
    again._stop_all()
