"""How vLLM is started: arguments and environment, without starting it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtadapt.config import Settings, load_settings
from rtadapt.errors import InvalidSettings
from rtadapt.serving.launch import _OURS, EDGE, MIDDLEWARE, build_arguments, environment, model_length, serve


@pytest.fixture
def model(tmp_path: Path) -> str:
    (tmp_path / "config.json").write_text(json.dumps({"max_position_embeddings": 512}))
    return str(tmp_path)


def arguments_of(settings: Settings, model: str, cpu: bool = True, middleware: tuple[str, ...] = ()) -> list[str]:
    return build_arguments(settings, model_path=model, model_name="tiny", middleware=middleware, cpu=cpu)


def value_of(arguments: list[str], name: str) -> str:
    assert arguments.count(name) == 1
    return arguments[arguments.index(name) + 1]


def test_the_context_is_the_models_own_at_most(model: str) -> None:
    assert value_of(arguments_of(Settings(serve={"max_model_len": 4096}), model), "--max-model-len") == "512"
    assert value_of(arguments_of(Settings(serve={"max_model_len": 100}), model), "--max-model-len") == "100"


def test_a_nested_text_configuration_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"text_config": {"max_position_embeddings": 77}}))
    assert model_length(str(tmp_path), None) == 77


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_model_that_can_not_be_read_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(InvalidSettings) as caught:
        model_length(str(tmp_path), None)
    assert caught.value.field == "model"


@pytest.mark.parametrize(
    ("generation", "temperature"),
    [
        (None, 0.01),
        ({}, 0.01),
        ({"do_sample": False}, 0.01),
        ({"do_sample": False, "temperature": 0.6}, 0.01),
        ({"do_sample": True, "temperature": 0.6}, None),
        ({"temperature": 0.6}, None),
        ({"do_sample": True}, None),
    ],
)
def test_who_says_no_temperature_gets_the_likeliest_answer_unless_the_model_asks_for_sampling(
    model: str, generation: dict[str, object] | None, temperature: float | None
) -> None:
    if generation is not None:
        Path(model, "generation_config.json").write_text(json.dumps(generation))
    arguments = arguments_of(Settings(), model)
    if temperature is None:
        assert "--override-generation-config" not in arguments
    else:
        assert json.loads(value_of(arguments, "--override-generation-config")) == {"temperature": temperature}


def test_the_rank_and_the_memory_for_adapters_fit_what_is_trained(model: str) -> None:
    arguments = arguments_of(Settings(train={"rank": 32}, serve={"max_loras": 6, "max_cpu_loras": 2}), model)
    assert value_of(arguments, "--max-lora-rank") == "32"
    assert value_of(arguments, "--max-cpu-loras") == "6"


def test_our_middleware_lies_next_to_the_engine_and_others_around_it(model: str) -> None:
    arguments = arguments_of(Settings(), model, middleware=("a.B",))
    assert [arguments[at + 1] for at, argument in enumerate(arguments) if argument == "--middleware"] == [
        MIDDLEWARE,
        "a.B",
        EDGE,
    ]


def test_a_machine_with_a_gpu_gets_vllms_own_defaults(model: str) -> None:
    assert "--distributed-executor-backend" in arguments_of(Settings(), model)
    assert not {"--distributed-executor-backend", "--enforce-eager"} & set(arguments_of(Settings(), model, cpu=False))
    variables = environment(Settings(), model_path=model, model_name="tiny", cpu=False)
    assert not {"OMP_NUM_THREADS", "VLLM_CPU_KVCACHE_SPACE", "VLLM_ENABLE_V1_MULTIPROCESSING"} & set(variables)


def test_where_a_model_brings_two_tokenizers_the_engine_takes_the_learners(model: str) -> None:
    assert "--tokenizer-mode" not in arguments_of(Settings(), model)
    Path(model, "tekken.json").write_text("{}")
    assert value_of(arguments_of(Settings(), model), "--tokenizer-mode") == "hf"


def test_what_was_taught_is_served_without_a_thought(model: str) -> None:
    assert json.loads(value_of(arguments_of(Settings(), model), "--default-chat-template-kwargs")) == {"enable_thinking": False}


def test_more_arguments_come_last_and_win(model: str) -> None:
    assert arguments_of(Settings(serve={"vllm_args": ["--seed", "7"]}), model)[-2:] == ["--seed", "7"]


@pytest.mark.parametrize(
    "argument",
    [
        *("--api-key", "--api-key=x", "--api_key", "--middleware", "--api-server-count=2", "--no-enable-lora"),
        *("--enable_log_outputs", "--enable-log-out", "--enable_log_out", "--api-k=x", "--mid", "--a", "--lora-modules.x=x"),
        *("--config", "--config=x.yaml", "--conf"),
    ],
)
def test_arguments_that_would_break_ours_are_refused_by_name(model: str, argument: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        arguments_of(Settings(serve={"vllm_args": [argument]}), model)
    assert caught.value.field == "serve.vllm_args"
    assert "=x" not in str(caught.value)


def test_no_argument_that_vllm_understands_is_taken_for_one_of_ours(model: str) -> None:
    entry = pytest.importorskip("vllm.entrypoints.launchers.cli_args")
    flexible = pytest.importorskip("vllm.utils.argparse_utils").FlexibleArgumentParser
    known = set(entry.make_arg_parser(flexible())._option_string_actions)
    assert set(_OURS) <= known
    for name in known - set(_OURS):
        assert arguments_of(Settings(serve={"vllm_args": [name]}), model)[-1] == name


def test_the_middleware_sees_these_very_settings(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(registry={"url": "redis://localhost:1"}, serve={"port": 81, "vllm_args": ["--seed", "1"]})
    for name, value in environment(settings, model_path=model, model_name="tiny", cpu=True).items():
        monkeypatch.setenv(name, value)
    seen = load_settings()
    assert seen.serve.model_name == "tiny"
    assert seen.model_copy(update={"serve": settings.serve}) == settings


def test_a_local_model_needs_no_hub(model: str) -> None:
    assert environment(Settings(), model_path=model, model_name="m", cpu=True)["HF_HUB_OFFLINE"] == "1"
    assert "HF_HUB_OFFLINE" not in environment(Settings(), model_path="org/model", model_name="m", cpu=True)


def test_a_connection_that_nobody_uses_is_kept_for_as_long_as_the_operator_says(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VLLM_HTTP_TIMEOUT_KEEP_ALIVE", raising=False)
    assert environment(Settings(), model_path=model, model_name="m", cpu=True)["VLLM_HTTP_TIMEOUT_KEEP_ALIVE"] == "75"
    monkeypatch.setenv("VLLM_HTTP_TIMEOUT_KEEP_ALIVE", "20")
    assert environment(Settings(), model_path=model, model_name="m", cpu=True)["VLLM_HTTP_TIMEOUT_KEEP_ALIVE"] == "20"


def test_serving_without_a_registry_is_refused_before_anything_starts(model: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        serve(Settings(), model_path=model, model_name="tiny")
    assert caught.value.field == "registry.url"
