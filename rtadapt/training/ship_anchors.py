"""Writes a model's anchors beside its weights: `python -m rtadapt.training.ship_anchors MODEL_FOLDER`.

A learner that starts on that folder reads them instead of writing its own. Do it last: the file names the weights.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rtadapt.config import TrainSettings
from rtadapt.training.anchors import shipped_name
from rtadapt.training.learner import Learner


def ship(folder: Path, count: int) -> Path:
    """Write `count` anchors of the model in `folder`; older anchors there are removed. Gives the file."""
    for old in folder.glob("anchors-*.jsonl"):
        old.unlink()
    with tempfile.TemporaryDirectory() as cache:
        settings = TrainSettings(anchors=count)
        learner = Learner(settings, str(folder), cache=Path(cache), progress=lambda line: sys.stderr.write(f"{line}\n"))
        learner.anchors()
        made = folder / shipped_name(learner.model)
        made.write_bytes(next(Path(cache).glob("*.jsonl")).read_bytes())
    return made


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1024)
    options = parser.parse_args()
    sys.stdout.write(f"{ship(options.folder, options.count)}\n")


if __name__ == "__main__":
    main()
