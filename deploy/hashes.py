"""The digests of every pin of deploy/constraints.txt, in deploy/hashes.txt: written from a lock, and held against what pip took.

    python deploy/hashes.py write PYLOCK     from a pylock.toml (PEP 751): the head of deploy/constraints.txt says how one is made
    python deploy/hashes.py check REPORT     from pip's `--report`: status 1 names each file that is not the one that was tested

Builds with a local version (`torchvision 0.28.0+cpu`) are none of PyPI's and are not looked at; nor is what is not pinned.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HASHES = Path(__file__).with_name("hashes.txt")
_HEAD = """\
# Made by `python deploy/hashes.py write`: the digests of every pin, of source archives and of wheels for Linux (x86-64, ARM64)
# and the Pythons that rtadapt runs on. deploy/install.sh and deploy/Dockerfile hold what they install against it.
"""
_WHEEL = re.compile(
    r"(cp31[123]-(cp31[123]|none)|[\w.]+-abi3|[\w.]*py3\d*(\.\w+)*-none)"
    r"-(any|[\w.]*manylinux[\w.]*(x86_64|aarch64)|linux_(x86_64|aarch64))\.whl"
)


def normal(name: str) -> str:
    """The name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read() -> dict[str, tuple[str, frozenset[str]]]:
    """By package: the version that is pinned, and the digests of its files."""
    lines = [line for line in HASHES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    pins = [(line.split()[0].split("=="), re.findall(r"sha256:([0-9a-f]{64})", line)) for line in lines]
    return {normal(name): (version, frozenset(digests)) for (name, version), digests in pins}


def lines_of(lock: Mapping[str, Any]) -> Iterator[str]:
    """A line for each package of a pylock.toml, as pip reads requirements."""
    for package in lock["packages"]:
        files = [file for file in package.get("wheels", []) if _WHEEL.search(file["url"])]
        files += [package["sdist"]] if "sdist" in package else []
        digests = sorted(file["hashes"]["sha256"] for file in files)
        yield f"{package['name']}=={package['version']} " + " ".join(f"--hash=sha256:{digest}" for digest in digests)


def strange(report: Mapping[str, Any]) -> list[str]:
    """What pip's report has of pinned packages that is not what was tested."""
    pins, found = read(), []
    for taken in report["install"]:
        name, version = normal(taken["metadata"]["name"]), taken["metadata"]["version"]
        if name not in pins or "+" in version:
            continue
        archive = taken["download_info"].get("archive_info", {})
        older = archive.get("hash", "").removeprefix("sha256=")  # as pip before 23 says it
        digest = archive.get("hashes", {}).get("sha256") or older or "without a digest"
        if version != pins[name][0] or digest not in pins[name][1]:
            found.append(f"{name} {version}: {digest}")
    return found


def main(command: str, file: str) -> int:
    """Gives the exit status."""
    if command == "write":
        lines = sorted(lines_of(tomllib.loads(Path(file).read_text(encoding="utf-8"))))
        HASHES.write_text(_HEAD + "".join(f"{line}\n" for line in lines), encoding="utf-8")
        return 0
    found = strange(json.loads(Path(file).read_text(encoding="utf-8")))
    sys.stderr.write("".join(f"not the file that was tested: {line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
