"""Fixtures of what follows a registry: settings that name an empty one, who publishes to it, and an adapter to publish."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rtadapt.config import Settings
from rtadapt.conformance.publisher import Publisher
from tests.support.adapter_files import write_adapter
from tests.support.watched_engine import settings_of


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    return settings_of(tmp_path, redis_url)


@pytest.fixture
def publisher(settings: Settings) -> Iterator[Publisher]:
    opened = Publisher(settings, "news")
    yield opened
    opened.close()


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "adapter")
