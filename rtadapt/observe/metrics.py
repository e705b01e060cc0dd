"""Every metric, once. Base units; no label whose values grow without bound.

Owns the names. A feed is a label, as feeds are few: whoever may push may make one, so give that right to nobody whom you
do not trust with it. Versions, ids and sources never are. All are in prometheus_client's default registry, so a serving
replica shows them on vLLM's own /metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import Counter, Gauge, Histogram, Metric, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series of each counter, which nothing asks for

_FRESHNESS = (0.5, 1, 2, 3, 5, 8, 12, 15, 20, 30, 45, 60, 120, 300, 900, 3600)
_STAGE = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 300, 900)
_ANSWER = (0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)
_EVENTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class StateGauge(Gauge):
    """A gauge that shows nothing before it was set: in a process that it is not about, its 0 would be an alarm."""

    _was_set = False

    def set(self, value: float) -> None:
        """Say `value` from now on."""
        self._was_set = True
        super().set(value)

    def set_function(self, f: Callable[[], float]) -> None:
        """Say what `f` gives at each scrape from now on."""
        self._was_set = True
        super().set_function(f)

    def collect(self) -> Iterable[Metric]:
        """What a scrape sees: the name and its meaning always, a value once there is one."""
        families = list(super().collect())
        for family in families:
            if not self._was_set:
                family.samples.clear()
        return families


BUILD = Gauge("rtadapt_build_info", "1: what this process is, and on which base model", ["process", "version", "model"])
DATA_FREE = StateGauge("rtadapt_data_free_bytes", "Free space of the disk that `data_dir` is on")
KAFKA_BROKERS = StateGauge("rtadapt_kafka_brokers_up", "Brokers that the client which writes to Kafka is connected to")
KAFKA_QUEUED = StateGauge("rtadapt_kafka_queued_records", "Records that wait in that client to be acknowledged")
KAFKA_ROUND_TRIP = StateGauge("rtadapt_kafka_round_trip_seconds", "The slowest broker's mean answer of late")
KAFKA_FAILURES = Counter("rtadapt_kafka_request_failures_total", "Requests of that client that went wrong", ["kind"])
EVENT_TO_SERVED = Histogram(
    "rtadapt_event_to_served_seconds",
    "From an event's acceptance to the route that has learned it",
    ["feed"],
    buckets=_FRESHNESS,
)

EVENTS_ACCEPTED = Counter("rtadapt_events_accepted_total", "Events appended to the log by this process", ["feed"])
EVENTS_INVALID = Counter("rtadapt_events_invalid_total", "Events refused at intake", ["code"])
APPEND_FAILURES = Counter("rtadapt_append_failures_total", "Pushes that the event log did not take")
HTTP_REQUESTS = Counter("rtadapt_http_requests_total", "Answers of the control plane", ["method", "route", "status"])
OLDEST_WAITING = Gauge(
    "rtadapt_oldest_waiting_event_timestamp_seconds",
    "When the oldest event was accepted that is not answered from, by the log and the registry; nothing while none waits",
    ["feed"],
)
FRESHNESS_CHECKED = StateGauge("rtadapt_freshness_checked_timestamp_seconds", "When it was last looked how long events wait")
LOG_PARTITIONS = StateGauge("rtadapt_event_log_partitions", "Partitions that the event log has")
DEAD_LETTERS = StateGauge("rtadapt_dead_letters", "Dead letters that the log holds")
EVENTS_ADMITTED = Counter("rtadapt_events_admitted_total", "Events that passed admission", ["feed"])
EVENTS_LEARNED = Counter("rtadapt_events_learned_total", "Events that a version has learned", ["feed"])
EVENTS_REFUSED = Counter("rtadapt_events_refused_total", "Events sent to the dead letters", ["feed", "reason"])
EVENTS_MOVED = Counter("rtadapt_events_moved_total", "Events appended again in their feed's own partition", ["feed"])
EVENTS_LOST = Counter("rtadapt_events_lost_total", "Records that the log's retention removed before they were read")
EVENTS_NULL = Counter("rtadapt_events_null_total", "Records of the log without a value, which say nothing")
FEED_QUARANTINED = Gauge("rtadapt_feed_quarantined", "1 while this worker can't go on with the feed", ["feed", "reason"])
FACTS_WITHHELD = Counter("rtadapt_facts_withheld_total", "What events say and was not taught", ["feed", "reason"])
EXAMPLES_RENDERED = Counter("rtadapt_examples_rendered_total", "Training examples made from events", ["feed"])

READINGS_REFUSED = Counter("rtadapt_readings_refused_total", "Readings that the text does not bear out", ["feed", "reason"])
READING_REQUESTS = Counter("rtadapt_reading_requests_total", "Requests to the model that reads", ["outcome"])
READING_PAIRS = Counter("rtadapt_reading_pairs_total", "Pairs that a model wrote, kept or dropped", ["outcome"])
READING_EXAM = Gauge("rtadapt_reading_exam_ratio", "What the model showed in the reading exam at the start", ["measure"])

STAGE_SECONDS = Histogram("rtadapt_stage_seconds", "Time in one stage of the worker", ["stage"], buckets=_STAGE)
BATCH_EVENTS = Histogram("rtadapt_batch_events", "Events of a batch; more of them where more wait", buckets=_EVENTS)
REHEARSALS = Counter(
    "rtadapt_rehearsals_total", "What feeds had lost, learned again while nothing came, by outcome", ["feed", "outcome"]
)
UPDATES = Counter("rtadapt_updates_total", "Updates by verdict", ["feed", "verdict"])
TRAINED_TOKENS = Counter("rtadapt_trained_tokens_total", "Target tokens trained on", ["feed"])
GATE_MEASURE = Gauge(
    "rtadapt_gate_measure",
    "The gate's measures of the newest candidate, each in its `unit`: ratio, nats (a token), norm or count",
    ["feed", "measure", "unit"],
)
HEAD_VERSION = Gauge("rtadapt_head_version", "Number of the feed's newest version", ["feed"])
LOG_LAG = StateGauge("rtadapt_event_log_lag_events", "Events in the log that this worker has not read yet")
WORKER_READY = StateGauge("rtadapt_worker_ready", "1 while this worker reads and learns, else 0")
WORKER_LAST_STEP = StateGauge("rtadapt_worker_last_step_timestamp_seconds", "When this worker's loop last came round")
WORKER_RESTARTS = Counter("rtadapt_worker_restarts_total", "Times this worker let everything go and started over", ["code"])
COMMIT_CONFLICTS = Counter("rtadapt_commit_conflicts_total", "Commits refused by compare-and-set", ["code"])
OWNED_PARTITIONS = StateGauge("rtadapt_owned_partitions", "Partitions this worker reads")

REQUESTS = Counter("rtadapt_requests_total", "Completion requests by route", ["feed", "target"])
ANSWERS = Counter(
    "rtadapt_answers_total",
    "Completions that ended, by route and status; 0 where the caller left first",
    ["feed", "target", "status"],
)
FIRST_BYTE_SECONDS = Histogram(
    "rtadapt_first_byte_seconds", "From routing to the first byte of an answer's body", ["feed", "target"], buckets=_ANSWER
)
OUT_OF_SCOPE = Counter(
    "rtadapt_requests_out_of_scope_total", "Completion requests about nothing that was taught, which the base answered", ["feed"]
)
FEEDBACK = Counter("rtadapt_feedback_total", "Words on answers, by receipt", ["feed", "target", "outcome"])
TRIALS = Counter("rtadapt_trials_total", "Trials of canaries that decided themselves", ["feed", "verdict"])
REQUESTS_UNROUTED = Counter("rtadapt_requests_unrouted_total", "Completion requests that got no version", ["code"])
REQUESTS_IN_FLIGHT = Gauge("rtadapt_requests_in_flight", "Completion requests under way", ["feed"])
ROUTE_SECONDS = Histogram(
    "rtadapt_route_seconds",
    "Time to route a request, waiting for a token aside",
    buckets=(1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1),
)
WAITING = Gauge("rtadapt_requests_waiting", "Requests waiting for a token")
WAIT_SECONDS = Histogram("rtadapt_wait_seconds", "How long a request waited until its token was covered", buckets=_ANSWER)
ROUTE_VERSION = Gauge("rtadapt_route_version", "Number of the version the alias answers from", ["feed"])
FLIPS = Counter("rtadapt_route_flips_total", "Changes of the version an alias answers from", ["feed"])
LOADS = Counter("rtadapt_adapter_loads_total", "Adapters loaded into the engine", ["feed", "outcome"])
LOAD_SECONDS = Histogram("rtadapt_adapter_load_seconds", "Fetching, checking and loading one adapter", buckets=_STAGE)
SERVED_AGREEMENT = Gauge(
    "rtadapt_served_agreement_ratio",
    "Share of its probes that the last loaded version answers in the engine as it was judged",
    ["feed"],
)
SERVED_ANSWERS = Counter(
    "rtadapt_served_answers_total",
    "Probes of loaded versions asked of the engine, by whether it answers as was judged, to the token",
    ["feed", "outcome"],
)
ENGINE_FITS = StateGauge(
    "rtadapt_engine_fits", "1 where this engine fits the learner, 0 where not; a worker must be there to tell"
)
LOADED = Gauge("rtadapt_adapters_loaded", "Adapters the engine knows by name", ["feed"])
ADAPTER_BYTES = StateGauge("rtadapt_adapter_bytes", "Size of the adapters the engine knows by name, and of their files")
ENGINE_ADAPTERS = StateGauge("rtadapt_engine_adapters", "Adapters in the engine's memory, as it says itself")
EVICTED = Counter("rtadapt_engine_evictions_total", "Adapters that the engine let go by itself although it answers to them")
FEEDS_HERE = StateGauge("rtadapt_feeds_here", "Feeds that this replica answers from without loading anything first")
LET_GO = Counter("rtadapt_feeds_let_go_total", "Feeds that made room for others")
BRING_SECONDS = Histogram(
    "rtadapt_bring_seconds", "How long requests waited for a feed that was not loaded on their replica", buckets=_ANSWER
)
REGISTRY_UP = StateGauge("rtadapt_registry_up", "1 while the registry answers this replica, else 0")
FEEDS_NOT_FOLLOWED = Gauge("rtadapt_feeds_not_followed", "Feeds of which this replica does not believe the registry")
READY = StateGauge("rtadapt_ready", "1 while this replica is ready, else 0")
