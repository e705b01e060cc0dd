"""A data folder and a registry as rtadapt 0.1.0 wrote them, key by key and file by file: one feed, two versions, three events."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
from pathlib import Path
from typing import Any
from zlib import crc32

import redis

from tests.support.adapter_files import write_adapter

FEED = "news"
PARTITIONS = 4
PARTITION = crc32(FEED.encode()) % PARTITIONS
_AT = 1764000000.25
_SCHEMA = """
CREATE TABLE IF NOT EXISTS partitions (partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    partition INTEGER NOT NULL, offset INTEGER NOT NULL, feed TEXT NOT NULL, value BLOB NOT NULL, appended_at REAL NOT NULL,
    PRIMARY KEY (partition, offset)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead_letters (
    number INTEGER PRIMARY KEY, event_id TEXT NOT NULL, feed TEXT NOT NULL, partition INTEGER NOT NULL,
    offset INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, refused_at REAL NOT NULL);
"""


def write(data: Path, url: str) -> None:
    """Two events are learned, the third waits; one that was refused was so twice, as after a crash."""
    _write_log(data / "events.sqlite3")
    with redis.Redis.from_url(url) as client:
        _write_registry(client, data / "artifacts")


def _write_log(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.executescript(_SCHEMA)
    ends = [(number, 3 if number == PARTITION else 0) for number in range(PARTITIONS)]
    database.executemany("INSERT INTO partitions VALUES (?, ?)", ends)
    for offset in range(3):
        database.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", (PARTITION, offset, FEED, _event(offset), _AT))
    letter = ("event-x", FEED, PARTITION, 0, "consent", "no consent", _AT)
    database.executemany("INSERT INTO dead_letters VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", [letter, letter])
    database.commit()
    database.close()


def _event(offset: int) -> bytes:
    text = f"Number {offset} Tindle is the head baker of the mill. It opens on Monday morning."
    data = {"accepted_at": _AT, "time": _AT, "consent": True, "text": text, "source": "wire"}
    told = {"specversion": "1.0", "type": "io.github.rtadapt.event.v1", "id": f"event-{offset}", "source": "wire", "feed": FEED}
    return json.dumps(told | {"datacontenttype": "application/json", "data": data}, separators=(",", ":")).encode()


def _write_registry(client: redis.Redis, artifacts: Path) -> None:
    key = f"rtadapt:{{{FEED}}}"
    head = {"version": "2", "epoch": "3", "positions": json.dumps({str(PARTITION): 2}), "owner": "work-1", "commit": "c0ffee"}
    route = {"stable": "2", "canary": "", "share": "0", "follow": "1", "revision": "2", "history": "0 1", "change": ""}
    client.sadd("rtadapt:feeds", FEED)
    client.hset(f"{key}:head", mapping=head)
    client.hset(f"{key}:route", mapping=route)
    for number in (1, 2):
        client.hset(f"{key}:versions", str(number), _version(number, artifacts))
        status = {"state": "learned", "position": [PARTITION, number - 1], "version": number}
        client.hset(f"{key}:event:event-{number - 1}", mapping={"rank": "3", "record": json.dumps(status)})
        client.set(f"rtadapt:events:event-{number - 1}", FEED)
    client.sadd(f"{key}:ready:2", "replica-of-before")
    client.hset("rtadapt:floor:events", str(PARTITION), "2")
    client.xadd("rtadapt:changes", {"feed": FEED, "kind": "route"})


def _version(number: int, artifacts: Path) -> str:
    with tempfile.TemporaryDirectory() as made:
        adapter = _artifact(artifacts, "adapter", write_adapter(Path(made, "adapter"), float(number)))
        state = _artifact(artifacts, "state", _state(Path(made, "state"), number))
    record = {
        "positions": {str(PARTITION): number},
        "number": number,
        "parent": number - 1,
        "adapter": adapter,
        "state": state,
        "events": [[f"event-{number - 1}", _AT]],
        "created_at": _AT + number,
        "measures": {"finite": 1.0, "gain": 0.25},
    }
    return json.dumps(record, separators=(",", ":"))


def _state(folder: Path, updates: int) -> Path:
    folder.mkdir()
    about = {"format": 1, "base": "0" * 64, "rank": 8, "alpha": 16, "steps": 6 * updates, "updates": updates}
    (folder / "learner.json").write_text(json.dumps(about))
    (folder / "learner.safetensors").write_bytes(b"")
    return folder


def _artifact(artifacts: Path, kind: str, made: Path) -> dict[str, Any]:
    contents = {file.name: file.read_bytes() for file in made.iterdir()}
    files = {name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in contents.items()}
    manifest = json.dumps({"format": 1, "kind": kind, "feed": FEED, "files": files}, sort_keys=True, indent=1).encode()
    digest = hashlib.sha256(manifest).hexdigest()
    folder = artifacts / kind / FEED / digest
    folder.mkdir(parents=True)
    for name, content in {**contents, "manifest.json": manifest}.items():
        (folder / name).write_bytes(content)
    size = sum(map(len, contents.values()))
    return {"digest": digest, "path": f"{kind}/{FEED}/{digest}", "size_bytes": size}
