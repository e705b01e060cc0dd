"""What several unit tests take."""

from __future__ import annotations

import pytest

from rtadapt.grammar.reader import GrammarReader


@pytest.fixture(scope="session")
def reader() -> GrammarReader:
    return GrammarReader()
