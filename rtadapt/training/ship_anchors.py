"""Writes a model's anchors into the package: `python -m rtadapt.training.ship_anchors MODEL`.

A learner that starts on that model has them at once. The file names the weights: do it after the last change to them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rtadapt.config import TrainSettings
from rtadapt.training.learner import Learner

_AT_ONCE = 64
_SHIPPED = Path(__file__).with_name("shipped")


def ship(model: str, folder: Path = _SHIPPED) -> None:
    """Let the base in `model`, a folder or hub id, answer every general prompt; the answers go into `folder`."""
    learner = Learner(TrainSettings(), model, cache=folder, progress=lambda line: sys.stderr.write(f"{line}\n"))
    learner.anchors()
    while learner.grow_anchors(_AT_ONCE):
        sys.stderr.write(f"{len(learner.anchors())} answers\n")


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    ship(parser.parse_args().model)


if __name__ == "__main__":
    main()
