"""Every setting, once: defaults < rtadapt.toml < RTADAPT_* environment < flags.

Owns the names, defaults, bounds and meanings of all settings; `docs/configuration.md` is made from this module.
Imports no torch. In the environment a section and its field are joined by two underscores:
`RTADAPT_BATCH__MAX_EVENTS=16`. Secrets are read from files or the environment only and never printed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from rtadapt.errors import InvalidSettings
from rtadapt.naming import NONE, meant, misspelt, names_of
from rtadapt.naming import to_environment as to_environment
from rtadapt.stores import ArtifactSettings as ArtifactSettings
from rtadapt.stores import EventLogSettings as EventLogSettings
from rtadapt.stores import FilePath, Positive, Seconds, Section
from rtadapt.stores import RegistrySettings as RegistrySettings

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Rank = Annotated[Literal[1, 8, 16, 32, 64, 128], BeforeValidator(lambda value: int(value) if str(value).isdigit() else value)]


class IntakeSettings(Section):
    """Bounds of `POST /v1/events`."""

    max_body_bytes: Positive = Field(8 * 2**20, description="one request body")
    max_events: Positive = Field(1000, description="events in one request")
    max_text_chars: Positive = Field(20_000, description="one event's text")
    max_turns: Positive = Field(400, description="turns of one transcript")
    max_depth: Positive = Field(24, description="nesting of the JSON")
    max_feeds: Positive = Field(1000, description="feeds that pushes may make; operators may make more")
    max_behind_events: Positive = Field(100_000, description="events of a partition that no worker has read; more get 503")
    max_behind_seconds: float = Field(604_800.0, gt=0, description="a feed whose oldest event waited longer takes no more: 503")


class AdmitSettings(Section):
    """What an event must pass before it is learned from."""

    privacy: Literal["drop", "mask", "pseudonymise"] = Field(
        "mask",
        description="what happens to personal data: the event is refused, it is blanked, or something made up stands for it",
    )
    pseudonym_key_file: FilePath | None = Field(
        None, description="secret that made-up replacements are drawn with; None: others after each start"
    )
    require_consent: bool = Field(True, description="refuse events that say consent: false")
    min_chars: Positive = Field(12, description="shortest text")
    max_chars: Positive = Field(20_000, description="longest text")
    near_duplicate: Fraction = Field(
        1.0, description="share of a text's words, by whole sentences, that one earlier text has too: from here on it is a repeat"
    )
    remember_texts: Positive = Field(5000, description="recent texts per feed that duplicates are looked for among")
    max_wait_seconds: float | None = Field(
        None,
        gt=0,
        description="an event that waited longer is set aside unlearned, so that newer ones are in time, unless it states facts"
        " or pairs; None: every event is learned, however late",
    )
    max_loss: float = Field(9.0, gt=0, description="nats per token under the base model above which a text is noise")


class BatchSettings(Section):
    """When a batch closes."""

    max_events: Positive = Field(4, description="a batch closes at this many events")
    most_events: Positive = Field(32, description="events of one batch, at most, when more wait than one of `max_events` holds")
    max_age_seconds: Seconds = Field(1.0, description="or when its oldest event has waited this long")
    update_seconds: Seconds = Field(
        45.0, description="batches larger than `max_events` grow while they are decided in half of this, and shrink beyond it"
    )


class ReadingSettings(Section):
    """What reads a text and says what can be asked about it, and the endpoint of the model that does."""

    by: Literal["auto", "grammar", "model", "both"] = Field(
        "auto", description="`auto`: the grammar, and the model too if it passed the reading exam at the start"
    )
    url: str | None = Field(
        "engine:",
        description="OpenAI-compatible endpoint, for example `http://host:8000/v1`; `engine:` is the base model as `rtadapt up`"
        " serves it (elsewhere none); none: no model reads",
    )
    model: str | None = Field(None, description="name of the model there; None: the first that the endpoint lists")
    key_file: FilePath | None = Field(None, description="file with the API key of the endpoint")
    timeout_seconds: Seconds = Field(60.0, description="limit for one answer of the model")
    when_away: Literal["wait", "go_on"] = Field(
        "wait", description="while the endpoint is away: learn nothing until it answers, or read without the model"
    )
    max_concurrent: Positive = Field(8, description="requests to the endpoint at once")
    passes: Positive = Field(1, description="times the model is asked for questions; the first is greedy")
    temperature: float = Field(0.7, gt=0, le=2, description="sampling temperature of the other passes and of other wordings")
    max_new_tokens: Positive = Field(768, description="length of one answer of the model")
    max_pairs: Positive = Field(24, description="pairs of question and answer that are kept of a passage")
    wordings: int = Field(6, ge=0, le=16, description="other wordings the model is asked for per question; 0: forms alone")
    passage_chars: int = Field(1200, ge=200, description="a longer text is read in passages of about this length")
    max_passages: Positive = Field(16, description="passages of one event that are read")


class RenderSettings(Section):
    """How an admitted event becomes examples."""

    max_facts: Positive = Field(32, description="facts taught of one event")
    wordings: Positive = Field(8, description="wordings in which one fact is taught")


class TrainSettings(Section):
    """The incremental update."""

    device: str = Field("auto", description="`auto`, `cpu`, `cuda`, `cuda:1`, …")
    dtype: Literal["auto", "bfloat16", "float32"] = Field("auto", description="of the base model in the learner")
    threads: int = Field(0, ge=0, description="CPU threads of the learner; 0: all cores (at most 8) or one, whichever is faster")
    rank: Rank = Field(16, description="LoRA rank (vLLM's choices)")
    alpha: float = Field(32.0, gt=0, description="LoRA alpha")
    rslora: bool = Field(False, description="rank-stabilised LoRA: scale by alpha / sqrt(rank) in place of alpha / rank")
    lowest_layer: Fraction = Field(0.33, description="share of the layers, from the lowest, that get no adapter")
    learning_rate: float | None = Field(None, description="None: from the base model's width and family")
    draws_per_fact: Positive = Field(
        30, description="rows drawn of each new fact in an update; with the rows of a step this gives its steps"
    )
    least_steps: Positive = Field(14, description="optimizer steps of an update, at least, unless its facts are learned earlier")
    most_steps: Positive = Field(120, description="optimizer steps of an update, at most")
    new_rows: Positive = Field(16, description="rows of new examples in a step, at most; a quarter of them, at least")
    replay_rows: int = Field(10, ge=0, description="rows of earlier events in a step")
    anchor_rows: int = Field(4, ge=0, description="beginnings of the base's own answers in a step; more where a feed has drifted")
    kl_weight: float = Field(
        6.0, ge=0, description="weight of the divergence from the base on its own answers; more where a feed has drifted"
    )
    warm_steps: int = Field(3, ge=0, le=1000, description="first steps of an update, over which the rate rises")
    learned: Fraction = Field(0.9, description="share of new rows answered exactly at which an update starts to end")
    cool_share: Fraction = Field(0.4, description="share of the steps, the last ones, over which the rate falls")
    clip: float = Field(1.0, gt=0, description="gradient norm limit")
    max_tokens: Positive = Field(512, description="a row longer than this is cut")
    anchors: Positive = Field(640, description="at most so many general prompts answered by the base, replayed and watched")
    replay_capacity: Positive = Field(20_000, description="examples of the stream kept for replay, per feed")
    replay_draw: Positive = Field(256, description="rows of the stream that an update chooses its replay from")
    seed: int = Field(0, description="of sampling and initialisation")


class GateSettings(Section):
    """What a candidate must show before it is published."""

    min_recall: Fraction = Field(0.5, description="share of an event's facts that must be answered in wordings never taught")
    sure_recall: Fraction = Field(
        0.9,
        description="an event of which less is answered is taught once more on top; kept where that is better. 0, or with a"
        " `gate.min_recall` of 0: never",
    )
    max_replay_loss: Fraction = Field(
        0.35, description="share of earlier facts that were answered before and are lost by the update"
    )
    max_general_loss: Fraction = Field(
        0.35, description="share of general questions that the base answers right and a version does not"
    )
    max_drift: float = Field(0.5, gt=0, description="divergence from the base on its own answers, in nats per token")
    halvings: int = Field(2, ge=0, le=10, description="times a step that harms is halved and judged again before it is rejected")
    probes: Positive = Field(96, description="wordings of new facts that are asked, at most")
    replay_probes: int = Field(12, ge=0, description="earlier facts that are asked again, at most")
    general_probes: int = Field(24, ge=0, description="general questions that the base answers right and that are asked, at most")
    anchor_probes: int = Field(24, ge=0, description="the base's own answers that are compared, at most")
    answer_tokens: Positive = Field(48, description="length of an answer to a probe")


class ServeSettings(Section):
    """One serving replica."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on")
    replica: str | None = Field(None, description="this replica's name; None: host name and process id")
    model_name: str | None = Field(None, description="name the base model answers to; None: from the model")
    max_loras: Positive = Field(4, description="versions that one engine step can mix")
    max_cpu_loras: Positive = Field(16, description="versions the engine keeps in memory; three at least, and `max_loras`")
    max_adapter_bytes: Positive = Field(4 * 2**30, description="size of all adapters that the engine keeps in memory")
    homes: Positive | None = Field(
        None, description="replicas that load a feed's versions unasked; others do when it is asked for. None: every replica"
    )
    bring_seconds: Seconds = Field(10.0, description="longest that a request waits for a feed that is not loaded here")
    keep_loaded: Positive = Field(4, description="newest versions per feed kept loaded for pinned requests and rollback")
    max_model_len: Positive = Field(1024, description="context length in tokens; cut to the model's own")
    kv_cache_gib: Positive = Field(1, description="CPU only: memory for the key/value cache")
    threads: Positive = Field(1, description="CPU only: threads of the engine")
    dtype: str = Field("auto", description="vLLM's --dtype")
    poll_seconds: Seconds = Field(2.0, description="the registry's keys are read again this often, of 64 feeds at a time")
    ready_timeout_seconds: Seconds = Field(
        2.0, description="a replica that was silent, or did not get on, for so long is not waited for"
    )
    load_timeout_seconds: Seconds = Field(60.0, description="a version that is not loaded by then is tried again later")
    wait_seconds: float = Field(30.0, ge=0, le=600, description="longest x-rtadapt-wait that a caller may ask for")
    max_waiting: Positive = Field(1000, description="requests that may wait for a token at once")
    max_body_bytes: Positive = Field(2**20, description="one completion request's body")
    drain_seconds: float = Field(10.0, ge=0, le=3600, description="time that requests under way get to finish when it is stopped")
    scope: bool = Field(True, description="what nothing that was taught is about, the base model answers as it always did")
    vllm_args: list[str] = Field(default_factory=list, description="more arguments for vLLM, as they are")

    @property
    def engine_adapters(self) -> int:
        """How many adapters the engine has room for: one that is answered from, the next one, and one on its way."""
        return max(self.max_cpu_loras, self.max_loras, 3)


class EdgeSettings(Section):
    """Who may speak to us from a browser: on replicas and on the control plane."""

    hosts: list[str] = Field(
        default_factory=list,
        description="names that we are known by, `*.example.org` for all below one; addresses, names without a dot and reserved"
        " ones always are. Empty: any name where keys are asked for; else no more than those",
    )
    origins: list[str] = Field(
        default_factory=list,
        description="other sites whose pages may ask, read and change (CORS), as `https://chat.example.org`; `*`: every site",
    )


class ApiSettings(Section):
    """The control plane when it runs by itself."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8001, ge=0, le=65535, description="port to listen on")


class WorkSettings(Section):
    """The adaptation worker's own endpoint."""

    metrics_host: str = Field("127.0.0.1", description="address of the worker's /metrics")
    metrics_port: int = Field(8002, ge=0, le=65535, description="port of the worker's /metrics; 0 picks a free one")
    stop_seconds: Seconds = Field(30.0, description="a step still under way so long after SIGTERM is given up")
    max_open_feeds: Positive = Field(64, description="feeds whose adapters and memories are held at once; idle ones are let go")
    rehearse_after_seconds: float = Field(
        20.0, ge=0, description="a worker to which nothing has come for so long rehearses what its feeds have lost; 0: never"
    )
    hang_seconds: Seconds = Field(
        1800.0, description="a step that takes longer hangs: /healthz then says 503, and its Kafka partitions go to other workers"
    )


class Settings(BaseSettings):
    """All of them."""

    model_config = SettingsConfigDict(
        env_prefix="RTADAPT_",
        env_nested_delimiter="__",
        env_parse_none_str=NONE,
        extra="forbid",
        frozen=True,
        toml_file="rtadapt.toml",
    )

    model: str = Field(
        "smollm2",
        min_length=1,
        description="`smollm2` (SmolLM2-135M-Instruct), a GGUF file, a local folder, or a Hugging Face hub id",
    )
    revision: str | None = Field(None, description="revision of a hub model")
    data_dir: FilePath = Field(Path("rtadapt-data"), description="everything a single machine keeps")
    keys_file: FilePath | None = Field(
        None, description="API keys, one `scope[,scope] key [name=value …]` a line; None: no keys are asked for"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="of the structured logs")
    event_log: EventLogSettings = Field(default_factory=EventLogSettings)
    registry: RegistrySettings = Field(default_factory=RegistrySettings)
    artifacts: ArtifactSettings = Field(default_factory=ArtifactSettings)
    intake: IntakeSettings = Field(default_factory=IntakeSettings)
    admit: AdmitSettings = Field(default_factory=AdmitSettings)
    batch: BatchSettings = Field(default_factory=BatchSettings)
    reading: ReadingSettings = Field(default_factory=ReadingSettings)
    render: RenderSettings = Field(default_factory=RenderSettings)
    train: TrainSettings = Field(default_factory=TrainSettings)
    gate: GateSettings = Field(default_factory=GateSettings)
    serve: ServeSettings = Field(default_factory=ServeSettings)
    edge: EdgeSettings = Field(default_factory=EdgeSettings)
    api: ApiSettings = Field(default_factory=ApiSettings)
    work: WorkSettings = Field(default_factory=WorkSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(config_file: Path | None = None, **flags: Any) -> Settings:
    """The settings in force. `flags` holds those given on the command line, sections as dictionaries.

    Raises InvalidSettings naming the field at fault.
    """
    if config_file is not None and not config_file.is_file():
        what = "no file" if config_file.exists() else "not there"
        raise InvalidSettings(f"the configuration file {config_file} is {what}", field="config")
    source: type[Settings] = Settings
    if config_file is not None:

        class FileSettings(Settings):
            model_config = SettingsConfigDict(toml_file=config_file)

        source = FileSettings
    wrong = misspelt(os.environ, Settings)
    if wrong is not None:
        raise InvalidSettings(wrong, field=wrong.partition(":")[0])
    try:
        return source(**flags)
    except ValidationError as error:
        raise _refused(error) from error
    except SettingsError as error:  # a whole section in one variable
        raise InvalidSettings("the environment: a section or a list in one variable must be JSON", field="environment") from error
    except (ValueError, OSError) as error:  # a TOML file that does not parse, or that nobody here may read
        file, why = config_file or Path("rtadapt.toml"), getattr(error, "strerror", None) or error
        raise InvalidSettings(f"the configuration file {file} could not be read: {why}", field="config") from error


def _refused(error: ValidationError) -> InvalidSettings:
    """What is wrong with the first setting that is, in words that say what it may be."""
    first = error.errors(include_url=False, include_input=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return InvalidSettings(f"{name}: there is no such setting{meant(name, names_of(Settings))}", field=name)
    if first["type"] in ("model_type", "dict_type", "model_attributes_type"):
        return InvalidSettings(f"{name} is a section: set one of its settings, as {name}.NAME", field=name)
    why = "must not be empty" if first["type"] == "string_too_short" else first["msg"].replace("Input should be", "must be")
    return InvalidSettings(f"{name}: {why.removeprefix('Value error, ')}", field=name)
