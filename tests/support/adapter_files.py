"""Adapter folders without a model behind them: valid files with numbers in them, made in a moment, without torch."""

from __future__ import annotations

import json
import struct
from pathlib import Path


def write_adapter(folder: Path, value: float = 0.5) -> Path:
    """A folder with a PEFT adapter's two files; every weight is `value`."""
    folder.mkdir(parents=True, exist_ok=True)
    header = json.dumps({"a.lora_A.weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    weights = struct.pack("<Q", len(header)) + header + struct.pack("<2f", value, value)
    (folder / "adapter_model.safetensors").write_bytes(weights)
    (folder / "adapter_config.json").write_text(json.dumps({"r": 8, "value": str(value)}))
    return folder
