from __future__ import annotations

import os
from pathlib import Path

import pytest

from rtadapt.errors import InvalidSettings
from rtadapt.registry import embedded


def test_a_server_is_found_and_can_be_run() -> None:
    assert os.access(embedded.find_server(), os.X_OK)


def test_without_the_wheel_the_systems_server_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidSettings) as caught:
        embedded.find_server()
    assert caught.value.field == "registry.url"
    server = tmp_path / "redis-server"
    server.write_text("#!/bin/sh\n")
    server.chmod(0o755)
    assert embedded.find_server() == server


def test_the_command_keeps_data_in_its_folder_and_syncs_every_write(tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    command = embedded.server_command(Path("/bin/server"), folder, socket=folder / "s")
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--dir"] == str(folder)
    assert options["--appendonly"] == "yes" and options["--appendfsync"] == "always"
    assert options["--port"] == "0" and options["--unixsocket"] == str(folder / "s")
    assert folder.stat().st_mode & 0o077 == 0


def test_exactly_one_place_to_listen_is_needed(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings):
        embedded.server_command(Path("x"), tmp_path)
    with pytest.raises(InvalidSettings):
        embedded.server_command(Path("x"), tmp_path, port=1, socket=tmp_path / "s")


def test_a_socket_path_that_the_system_cannot_take_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings) as caught:
        embedded.server_command(Path("x"), tmp_path, socket=tmp_path / ("x" * 120))
    assert caught.value.field == "data_dir"
