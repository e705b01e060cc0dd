"""The bundled base model and everything that made it; importing this imports nothing heavy."""

from __future__ import annotations

from pathlib import Path

NAME = "rtadapt-mini"
MODEL_DIR: Path = Path(__file__).parent / "model"
