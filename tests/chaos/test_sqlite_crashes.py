"""What the SQLite log promises is kept when its writer or its reader is killed at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtadapt.config import EventLogSettings
from rtadapt.events.sqlite import SqliteLog

WRITER = """
import sys
from pathlib import Path
from rtadapt.config import EventLogSettings
from rtadapt.events.sqlite import SqliteLog
log = SqliteLog(Path(sys.argv[1]), EventLogSettings())
for number in range(1_000_000):
    feed = f"feed-{number % 7}"
    place = log.append([(feed, f"{sys.argv[2]} {number}".encode())] * (1 + number % 3))[-1]
    sys.stdout.write(f"{place.partition} {place.offset} {number}\\n")
    sys.stdout.flush()
"""
READER = """
import sys, time
from pathlib import Path
from rtadapt.config import EventLogSettings
from rtadapt.events.sqlite import SqliteLog
reader = SqliteLog(Path(sys.argv[1]), EventLogSettings()).reader(lambda partition: 0)
while not reader.partitions():
    reader.poll(0.1, 10)
print("reading", flush=True)
time.sleep(600)
"""

FULL = """
import resource, sys
from pathlib import Path
from rtadapt.config import EventLogSettings
from rtadapt.errors import Unavailable
from rtadapt.events.sqlite import SqliteLog
log = SqliteLog(Path(sys.argv[1]), EventLogSettings())
log.ping()
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))  # no file may grow: what a full disk is to a writer
for attempt in (log.ping, lambda: log.append([("news", b"one")])):
    try:
        attempt()
        raise SystemExit("it was taken")
    except Unavailable:
        pass
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.ping()
log.append([("news", b"two")])
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.sqlite3"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(path, EventLogSettings())
    yield log
    log.close()


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True)


def next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def kill(process: subprocess.Popen[str]) -> str:
    """Kill it outright, and give what it had said."""
    os.kill(process.pid, signal.SIGKILL)
    assert process.stdout is not None
    with process.stdout as said:  # not communicate(): it would miss what an earlier readline() has read ahead
        rest = said.read()
    process.wait(timeout=30)
    return rest


def read_all(log: SqliteLog) -> dict[int, list[tuple[int, bytes]]]:
    reader = log.reader(lambda partition: 0)
    found: dict[int, list[tuple[int, bytes]]] = {}
    while records := reader.poll(0.05, 5000):
        for record in records:
            found.setdefault(record.partition, []).append((record.offset, record.value))
    reader.close()
    return found


def test_a_killed_writer_loses_nothing_that_was_acknowledged_and_leaves_no_gap(path: Path) -> None:
    acknowledged: dict[tuple[int, int], bytes] = {}
    for round_number in range(3):
        writers = [start(WRITER, str(path), f"{round_number}-{writer}") for writer in range(2)]
        # Killed in the middle of writing, however slow the machine is: both have shown that they are at it.
        begun = [[next_line(writer) for _ in range(10)] for writer in writers]
        for number, writer in enumerate(writers):
            for line in [*begun[number], *kill(writer).splitlines(keepends=True)]:
                if line.endswith("\n"):
                    partition, offset, step = map(int, line.split())
                    acknowledged[partition, offset] = f"{round_number}-{number} {step}".encode()
        log = SqliteLog(path, EventLogSettings())
        log.append([("news", b"after")])
        found = read_all(log)
        log.close()
        for rows in found.values():
            assert [offset for offset, _ in rows] == list(range(len(rows)))
        for (partition, offset), value in acknowledged.items():
            assert found[partition][offset] == (offset, value)
    assert len(acknowledged) >= 60


def test_a_reader_that_stands_by_takes_over_when_the_first_is_killed(path: Path, log: SqliteLog) -> None:
    log.append([("news", b"one")])
    first = start(READER, str(path))
    assert first.stdout is not None
    assert first.stdout.readline() == "reading\n"
    second = log.reader(lambda partition: 0)
    assert second.poll(0.3, 10) == []
    assert (second.partitions(), second.generation()) == (frozenset(), 0)
    kill(first)
    assert [record.value for record in second.poll(30.0, 10)] == [b"one"]
    assert len(second.partitions()) == 4
    second.close()


def test_a_reader_that_closes_lets_the_next_one_in(log: SqliteLog) -> None:
    log.append([("news", b"one")])
    first, second = log.reader(lambda partition: 0), log.reader(lambda partition: 0)
    assert len(first.poll(1.0, 10)) == 1
    assert second.poll(0.1, 10) == []
    first.close()
    assert len(second.poll(10.0, 10)) == 1
    second.close()


def test_a_feed_stays_in_its_partition_when_the_setting_changes(path: Path, log: SqliteLog) -> None:
    before = log.append([("news", b"one")])[0]
    log.close()
    again = SqliteLog(path, EventLogSettings(partitions=16))
    after = again.append([("news", b"two")])[0]
    assert (after.partition, after.offset) == (before.partition, before.offset + 1)
    again.close()


def test_many_processes_can_open_a_new_log_at_once_and_none_is_kept_out_by_the_others(path: Path) -> None:
    writers = [start(WRITER, str(path), str(number)) for number in range(4)]
    for writer in writers:  # each of them while the three others write without a pause
        assert [next_line(writer).split()[2] for _ in range(15)] == [str(number) for number in range(15)]
    late = start(WRITER, str(path), "late")
    assert next_line(late).split()[2] == "0"
    for writer in [*writers, late]:
        kill(writer)


def test_a_writer_that_is_killed_in_its_turn_does_not_keep_the_next_one_out(path: Path) -> None:
    for _ in range(5):
        writer = start(WRITER, str(path), "killed")
        next_line(writer)
        kill(writer)
        log = SqliteLog(path, EventLogSettings())
        assert len(log.append([("news", b"after")])) == 1
        log.close()


def test_a_log_on_a_full_disk_says_that_it_takes_nothing_and_takes_events_again_when_there_is_room(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    reader = SqliteLog(path, EventLogSettings()).reader(lambda partition: 0)
    assert [record.value for record in reader.poll(5.0, 10)] == [b"two"]
    reader.close()
