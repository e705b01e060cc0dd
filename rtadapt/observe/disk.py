"""How much room is left where a process keeps its data, as a metric that is looked at with each scrape."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

from rtadapt.observe import metrics


def watch_disk(folder: Path) -> None:
    """Say at each scrape how much is free where `folder` is, or will be; nan where that can't be found out."""
    whole = folder.absolute()

    def free() -> float:
        try:
            return float(shutil.disk_usage(next(path for path in (whole, *whole.parents) if path.exists())).free)
        except OSError:
            return math.nan

    metrics.DATA_FREE.set_function(free)
