"""axe-core, which finds what keeps people from using a page: from npm, pinned by its digest, kept in a temporary folder."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile

import pytest

_VERSION = "4.14.1"
_SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script that gives a page its `axe`. Skips where npm is missing or reaches nothing."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, so there is no axe-core")
    folder = tmp_path_factory.mktemp("axe")
    try:
        subprocess.run([npm, "pack", f"axe-core@{_VERSION}"], cwd=folder, check=True, capture_output=True, timeout=120)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip(f"npm does not reach axe-core {_VERSION}")
    packed = folder / f"axe-core-{_VERSION}.tgz"
    assert base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode() == _SHA512
    with tarfile.open(packed) as archive:
        script = archive.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode() + "; 0"
