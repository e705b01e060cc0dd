"""Settings of what everything is kept in: the event log, the registry, the artifact store.

Owns these sections, and what a section is. config.py has them with all others: import them from there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _somewhere(value: object) -> object:
    if value == "":
        raise ValueError("must not be empty; the working folder is `.`")
    return value


FilePath = Annotated[Path, BeforeValidator(_somewhere), AfterValidator(Path.expanduser)]
"""A file or folder; `~` is the home of whoever runs this."""
Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0.0, le=86400.0)]


class Section(BaseModel):
    """A group of settings: unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EventLogSettings(Section):
    """The event log: `sqlite:` for one machine, `kafka://host:port[,host:port]` beyond it."""

    url: str = Field("sqlite:", description="`sqlite:` (a file in data_dir), `sqlite:///path`, or `kafka://host:port,…`")
    partitions: Positive = Field(4, description="partitions made when the log is created; feeds are keyed to them")
    topic: str = Field("rtadapt.events", description="Kafka topic of events")
    dead_letter_topic: str = Field("rtadapt.dead-letters", description="Kafka topic of refused events")
    group: str = Field("rtadapt-workers", description="consumer group that divides the partitions among the workers")
    replication: Positive = Field(1, description="replication factor when the topics are created")
    kafka_api_version: str | None = Field(None, description="fixed protocol version `major.minor`, for brokers that cannot tell")
    timeout_seconds: Seconds = Field(10.0, description="limit for one append")
    keep_days: float = Field(
        7.0,
        gt=0,
        le=36500,
        description="how long decided events and dead letters are kept; on Kafka, in topics made here",
    )
    tls: bool = Field(False, description="connect to Kafka over TLS")
    ca_file: FilePath | None = Field(None, description="certificate authority of the brokers; None: the system's")
    cert_file: FilePath | None = Field(None, description="certificate that the brokers are shown (mTLS), with key_file")
    key_file: FilePath | None = Field(None, description="that certificate's private key, without a password")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] | None = Field(
        None, description="how to log in to Kafka"
    )
    username: str | None = Field(None, description="user that logs in to Kafka; with token_url the client's id")
    password_file: FilePath | None = Field(None, description="file with that user's password, or the client's secret")
    token_file: FilePath | None = Field(None, description="file with an OAUTHBEARER token, read at each connection")
    token_url: str | None = Field(None, description="OAuth 2 endpoint that gives tokens for client credentials")
    token_scope: str | None = Field(None, description="scope that is asked for there")


class RegistrySettings(Section):
    """The registry: a Redis-protocol server."""

    url: str = Field(
        "embedded:",
        description="`embedded:` (only `rtadapt up`), or `redis://`, `rediss://`, `unix://` URL; or"
        " `redis+sentinel://host:26379,host:26379/service/0`, also `rediss+sentinel://`",
    )
    sentinel_login: bool = Field(False, description="log in to the sentinels too, as the URL says for the server")
    cluster: bool = Field(False, description="the URL names one node of a Redis Cluster")
    ca_file: FilePath | None = Field(None, description="certificate authority of a `rediss://` server; None: the system's")
    timeout_seconds: Seconds = Field(5.0, description="limit for connecting and for one command")
    status_ttl_seconds: Seconds = Field(
        86400.0, description="how long `GET /v1/events/{id}` remembers an event, at least, and at most twice as long"
    )
    max_statuses: Positive = Field(
        100_000,
        description="newest events of each feed that it remembers within that time, and of all feeds together those that it finds"
        " without `?feed=`; at most twice as many are kept",
    )
    keep_versions: Positive = Field(200, description="version records kept per feed")
    signing_key_file: FilePath | None = Field(None, description="Ed25519 private key (PEM) that workers sign with")
    trusted_keys_file: FilePath | None = Field(
        None, description="Ed25519 public keys (PEM): what workers say and none of them signed is not believed; None: all is"
    )
    replica_ttl_seconds: Seconds = Field(10.0, description="a replica that was silent this long is not waited for")


class ArtifactSettings(Section):
    """Where adapters and learner states are kept."""

    url: str = Field("artifacts", description="folder (relative to data_dir) or any fsspec URL")
    keep_adapters: Positive = Field(50, description="newest adapters kept per feed; older versions can't be rolled back to")
    keep_states: Positive = Field(5, description="newest learner states kept per feed")
    max_bytes: Positive = Field(16 * 2**30, description="largest artifact that is written or fetched")
    signing_key_file: FilePath | None = Field(None, description="keys, one a line, the first signs; None: digests only")
