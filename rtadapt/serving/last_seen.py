"""What this replica followed last, on disk: heads, routes, the records of the versions that it served, and the key of receipts.

Owns the file, which nobody else may read. With it a replica starts and serves while the registry is away, and knows an emptied or
older registry when it sees one. A file that can't be read, or was written for another base model, is as none.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from rtadapt.records import Head, Route, Version
from rtadapt.registry import codec
from rtadapt.serving.identity import Said

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """One feed as it was followed, and the versions that its route named."""

    said: Said
    versions: tuple[Version, ...]


def read_seen(path: Path, base_model: str) -> tuple[list[Seen], bytes]:
    """Every feed in the file at `path`, and the key of receipts; none where there is no good one."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if value["base_model"] == base_model:
            return [_read(feed) for feed in value["feeds"]], bytes.fromhex(value.get("receipt_key", ""))
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("what was served last can't be read", extra={"error": type(error).__name__})
    return [], b""


def write_seen(path: Path, base_model: str, feeds: Iterable[Seen], receipt_key: bytes) -> None:
    """Put `feeds` and the key in place of what the file held, whole or not at all. Raises OSError."""
    partial = path.with_suffix(f".{threading.get_ident()}.partial")  # one that was given up may still be writing
    value = {"base_model": base_model, "feeds": [_plain(seen) for seen in feeds], "receipt_key": receipt_key.hex()}
    with partial.open("w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _plain(seen: Seen) -> dict[str, Any]:
    head, route = seen.said.head, seen.said.route
    where, signed = codec.positions_text(head.positions), (head.origin, head.signature)
    return {
        "feed": head.feed,
        "head": [head.version, where, head.epoch, head.incarnation, head.last, head.abandoned, *signed],
        "route": [*astuple(route)[1:]],
        "versions": [[codec.positions_text(version.positions), codec.version_text(version)] for version in seen.versions],
    }


def _read(value: dict[str, Any]) -> Seen:
    feed = value["feed"]
    number, positions, epoch, incarnation, *line = value["head"]
    last, abandoned, *signed = line or (number, ())
    gone = tuple((first, end) for first, end in abandoned)
    origin, signature = signed or (incarnation, "")
    where = codec.positions_from_json(json.loads(positions))
    head = Head(feed, number, where, epoch, incarnation, last, gone, origin, signature)
    versions = tuple(
        codec.read_version(feed, json.dumps(json.loads(text) | {"positions": json.loads(where)}))
        for where, text in value["versions"]
    )
    return Seen(Said(head, Route(feed, *value["route"])), versions)
