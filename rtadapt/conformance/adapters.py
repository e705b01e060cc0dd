"""The adapters that are swapped: given as folders, or random ones made over a base model's folder.

Owns PEFT's file format as far as that takes, without torch: only the shapes in the headers of the base's safetensors files are
read. A random adapter is strong enough that no two of them, nor the base, say the same.
"""

from __future__ import annotations

import json
import random
import re
import struct
from array import array
from collections.abc import Iterator
from pathlib import Path

from rtadapt.errors import InvalidSettings

MADE = 4
"""How many are made."""
_ADAPTED = re.compile(r"(?P<module>.*\.layers\.\d+\..*\.(?P<target>[qkvo]_proj))\.weight")
_STRENGTH = 0.3
_MOST_HEADER_BYTES = 100_000_000


def find_adapters(folder: Path) -> list[Path]:
    """The adapters in `folder`, each in a folder of its own, by name."""
    return sorted(path.parent.absolute() for path in folder.glob("*/adapter_config.json"))


def make_adapters(base: Path, folder: Path, rank: int) -> list[Path]:
    """Random adapters for the base model in `base`, in `folder`. Raises InvalidSettings for a base that none can be made for."""
    shapes = dict(_shapes(base))
    if not shapes:
        message = f"{base} holds no safetensors with q_proj, k_proj, v_proj or o_proj: give adapters for it with --adapters"
        raise InvalidSettings(message, field="base")
    return [_make(folder.absolute() / f"random-{seed}", shapes, seed, rank) for seed in range(MADE)]


def _shapes(base: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """The modules that can be adapted, each with the shape of its weight: [out, in]."""
    for file in sorted(base.glob("*.safetensors")):
        with file.open("rb") as reading:
            (length,) = struct.unpack("<Q", reading.read(8))
            if length > _MOST_HEADER_BYTES:
                raise InvalidSettings(f"{file} is no safetensors file", field="base")
            header = json.loads(reading.read(length))
        for name, entry in header.items():
            match = _ADAPTED.fullmatch(name)
            if match is not None and len(entry["shape"]) == 2:
                yield match["module"], (entry["shape"][0], entry["shape"][1])


def _make(folder: Path, shapes: dict[str, tuple[int, int]], seed: int, rank: int) -> Path:
    drawn = random.Random(seed)  # the same adapters each time
    header: dict[str, object] = {}
    numbers = array("f")
    for module, (outputs, inputs) in shapes.items():
        for part, shape, width in (("A", [rank, inputs], inputs**-0.5), ("B", [outputs, rank], _STRENGTH)):
            begin = len(numbers) * numbers.itemsize
            numbers.extend((2 * drawn.random() - 1) * 1.7 * width for _ in range(shape[0] * shape[1]))
            place = [begin, len(numbers) * numbers.itemsize]
            header[f"base_model.model.{module}.lora_{part}.weight"] = {"dtype": "F32", "shape": shape, "data_offsets": place}
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "inference_mode": True,
        "r": rank,
        "lora_alpha": 2 * rank,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": sorted({module.rpartition(".")[2] for module in shapes}),
        "base_model_name_or_path": None,
    }
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "adapter_model.safetensors").open("wb") as writing:
        writing.write(struct.pack("<Q", len(encoded)) + encoded)
        numbers.tofile(writing)
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    return folder
