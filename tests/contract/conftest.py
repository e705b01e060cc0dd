"""Fixtures of the contract suites: a registry of each kind, and an artifact store of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import redis

from rtadapt.config import RegistrySettings
from rtadapt.registry.registry import Registry
from tests.support.artifact_place import WEIGHTS, Place, make_folder
from tests.support.redis_server import RedisServer
from tests.support.registry_steps import Settings


@pytest.fixture(params=["single", "cluster"])
def settings(request: pytest.FixtureRequest) -> Settings:
    """Makes settings for an empty server."""
    if request.param == "single":
        return partial(RegistrySettings, url=request.getfixturevalue("redis_url"))
    servers: list[RedisServer] = request.getfixturevalue("redis_cluster_session_servers")
    for server in servers:
        with redis.Redis.from_url(server.url) as client:
            client.flushall()
    return partial(RegistrySettings, url=servers[0].url, cluster=True)


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    registry = Registry(settings())
    yield registry
    registry.close()


@pytest.fixture(params=["folder", "file", "memory", "objects"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(request.param, tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "made", WEIGHTS)
