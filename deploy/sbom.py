"""Writes what is installed beside rtadapt as a CycloneDX 1.6 document, on standard output: `make sbom`.

Each package with its version, licence, package URL and, for pins, the digests of deploy/hashes.txt.
"""

from __future__ import annotations

import json
import sys
import uuid
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import hashes


def component(package: metadata.Distribution, pins: dict[str, tuple[str, frozenset[str]]]) -> dict[str, Any]:
    """One package as CycloneDX says it."""
    name, about = hashes.normal(package.metadata["Name"]), package.metadata
    licence = about.get("License-Expression")
    named = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or [] if line.startswith("License :: ")]
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}@{package.version}",
        "name": name,
        "version": package.version,
        "purl": f"pkg:pypi/{name}@{package.version}",
    }
    if licence:
        found["licenses"] = [{"expression": licence}]
    elif named or about.get("License"):
        found["licenses"] = [{"license": {"name": (named or about["License"].splitlines())[0][:200]}}]
    version, digests = pins.get(name, ("", frozenset()))
    if version == package.version:
        found["properties"] = [{"name": "rtadapt:pinned:sha256", "value": digest} for digest in sorted(digests)]
    return found


def document() -> dict[str, Any]:
    """All of it."""
    pins = hashes.read()
    packages = {hashes.normal(one.metadata["Name"]): one for one in metadata.distributions()}
    own = packages.pop("rtadapt", None)
    root = {"type": "application", "bom-ref": "rtadapt", "name": "rtadapt", "version": own.version if own else "0"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid4()}",
        "version": 1,
        "metadata": {"timestamp": datetime.now(UTC).isoformat(timespec="seconds"), "component": root},
        "components": [component(packages[name], pins) for name in sorted(packages)],
        "dependencies": [
            {"ref": "rtadapt", "dependsOn": [f"pkg:pypi/{name}@{packages[name].version}" for name in sorted(packages)]}
        ],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=2) + "\n")
