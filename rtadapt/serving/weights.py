"""A last look at an adapter's weights before the engine sees them: every number must be one.

An adapter with a NaN or an infinity loads without complaint and then answers noise, or takes the engine's step down
with it. Reads the safetensors format itself (8 bytes of header length, a JSON header, the numbers), so it needs neither
torch nor a device.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from rtadapt.errors import ArtifactDamaged

WEIGHTS = "adapter_model.safetensors"

_MAX_HEADER_BYTES = 64 * 2**20
# The exponent bits of each type: all set means infinity or no number.
_FLOATS: dict[str, tuple[str, int]] = {
    "F64": ("<u8", 0x7FF0000000000000),
    "F32": ("<u4", 0x7F800000),
    "F16": ("<u2", 0x7C00),
    "BF16": ("<u2", 0x7F80),
}


def check_finite(path: Path) -> None:
    """Raises ArtifactDamaged naming the first tensor of the file at `path` with a value that is no finite number."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ArtifactDamaged(f"the adapter has no {path.name}") from error
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(_MAX_HEADER_BYTES, len(content) - 8):
        raise ArtifactDamaged(f"{path.name} is no safetensors file")
    try:
        header: dict[str, Any] = json.loads(content[8 : 8 + length])
        numbers = memoryview(content)[8 + length :]
        for name, described in header.items():
            if name != "__metadata__" and described["dtype"] in _FLOATS:
                begin, end = described["data_offsets"]
                _check(name, described["dtype"], numbers[begin:end])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArtifactDamaged(f"{path.name} is no safetensors file") from error


def _check(name: str, dtype: str, numbers: memoryview) -> None:
    kind, exponent = _FLOATS[dtype]
    values = np.frombuffer(numbers, dtype=kind)
    if bool(np.any((values & values.dtype.type(exponent)) == exponent)):
        raise ArtifactDamaged(f"{name[:120]} of the adapter holds a value that is no finite number")
