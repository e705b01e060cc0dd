"""Every alert fires for what it is about, and not for what is well: promtool plays series through the rules."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.chart import CHART

RULES = CHART / "alerts.yaml"
PROMTOOL = shutil.which("promtool")
pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian's package prometheus has it)")

Series = dict[str, str]
ALWAYS = {'rtadapt_freshness_checked_timestamp_seconds{instance="api"}': "0+60x400"}
"""Samples are a minute apart, from Unix time 0 on."""

FIRES: dict[str, tuple[str, Series]] = {
    "RtadaptTargetDown": ("5m", {'up{job="rtadapt-work",instance="w"}': "0x10"}),
    "RtadaptPushesFail": ("10m", {'rtadapt_append_failures_total{instance="a"}': "0 0 1+1x10"}),
    "RtadaptDiskFills": ("20m", {'rtadapt_data_free_bytes{job="rtadapt-work", instance="a"}': "9e9 1.9e9x20"}),
    "RtadaptControlPlaneErrors": (
        "20m",
        {
            'rtadapt_http_requests_total{status="200",route="/v1/feeds"}': "0+10x20",
            'rtadapt_http_requests_total{status="503",route="/v1/feeds"}': "0+5x20",
        },
    ),
    "RtadaptNoReplicaReady": ("5m", {'rtadapt_ready{instance="r"}': "0x10"}),
    "RtadaptReplicaNotReady": ("20m", {'rtadapt_ready{instance="r"}': "0x30", 'rtadapt_ready{instance="s"}': "1x30"}),
    "RtadaptRegistryUnreachable": ("5m", {'rtadapt_registry_up{instance="r"}': "0x10"}),
    "RtadaptReplicasDisagree": (
        "5m",
        {'rtadapt_route_version{feed="news",instance="r"}': "3x10", 'rtadapt_route_version{feed="news",instance="s"}': "4x10"},
    ),
    # the very first failure, whose series did not exist before
    "RtadaptAdapterLoadsFail": ("20m", {'rtadapt_adapter_loads_total{feed="news",instance="r",outcome="failed"}': "_x15 1x10"}),
    "RtadaptRequestsUnrouted": ("15m", {'rtadapt_requests_unrouted_total{code="unavailable"}': "0+30x20"}),
    # a worker that hangs: all of its own series stand still, and one event waits
    "RtadaptEventsWaitFast": (
        "40m",
        {
            'rtadapt_oldest_waiting_event_timestamp_seconds{feed="news",instance="api"}': "600x60",
            'rtadapt_owned_partitions{instance="w"}': "4x60",
            'rtadapt_event_log_lag_events{instance="w"}': "0x60",
        },
    ),
    "RtadaptEventsWaitSlow": (
        "90m",
        {'rtadapt_oldest_waiting_event_timestamp_seconds{feed="news",instance="api"}': "_x60 3600x12 _x60"},
    ),
    "RtadaptFreshnessUnknown": ("10m", {'rtadapt_freshness_checked_timestamp_seconds{instance="api"}': "60x20"}),
    "RtadaptEventsNotServedInTime": (
        "40m",
        {
            'rtadapt_event_to_served_seconds_bucket{feed="news",le="120"}': "0x60",
            'rtadapt_event_to_served_seconds_bucket{feed="news",le="300"}': "0+5x60",
            'rtadapt_event_to_served_seconds_bucket{feed="news",le="+Inf"}': "0+5x60",
        },
    ),
    "RtadaptWorkerHangs": ("15m", {'rtadapt_worker_last_step_timestamp_seconds{instance="w"}': "60x20"}),
    "RtadaptWorkerNotReady": ("20m", {'rtadapt_worker_ready{instance="w"}': "0x30"}),
    "RtadaptWorkerStartsOver": ("15m", {'rtadapt_worker_restarts_total{instance="w",code="unavailable"}': "0+1x20"}),
    "RtadaptNobodyReadsTheLog": ("5m", {'rtadapt_owned_partitions{instance="w"}': "0x10"}),
    "RtadaptPartitionsUnread": (
        "10m",
        {'rtadapt_owned_partitions{instance="w"}': "3x20", 'rtadapt_event_log_partitions{instance="api"}': "4x20"},
    ),
    "RtadaptBacklogGrows": ("40m", {'rtadapt_event_log_lag_events{instance="w"}': "600+20x60"}),
    "RtadaptUpdatesRejected": (
        "100m",
        {
            'rtadapt_updates_total{feed="news",verdict="rejected"}': "0+1x120",
            'rtadapt_updates_total{feed="news",verdict="accepted"}': "0x120",
        },
    ),
    "RtadaptEventsRefused": (
        "100m",
        {
            'rtadapt_events_refused_total{feed="news",reason="noise"}': "0+2x120",
            'rtadapt_events_admitted_total{feed="news"}': "0+1x120",
        },
    ),
    "RtadaptRecordsUnreadable": (
        "100m",
        {
            'rtadapt_events_refused_total{feed="",reason="schema"}': "0+1x120",
            'rtadapt_events_admitted_total{feed="news"}': "0+2x120",
        },
    ),
    "RtadaptFeedStandsStill": ("20m", {'rtadapt_feed_quarantined{feed="news",reason="artifact_damaged",instance="w"}': "1x30"}),
    "RtadaptEventsLost": ("10m", {'rtadapt_events_lost_total{instance="w"}': "0x5 9x30"}),
    "RtadaptDeadLettersPile": ("80m", {'rtadapt_dead_letters{instance="api"}': "0+3x120"}),
    "RtadaptRouteStaysBehind": (
        "40m",
        {'rtadapt_head_version{feed="news",instance="w"}': "9x60", 'rtadapt_route_version{feed="news",instance="r"}': "4x60"},
    ),
    "RtadaptCommitConflicts": ("40m", {'rtadapt_commit_conflicts_total{code="stale_epoch"}': "0+6x60"}),
}
"""By alert: when to look, and what the world looks like until then."""

QUIET: dict[str, tuple[str, Series]] = {
    "RtadaptTargetDown": ("5m", {'up{job="rtadapt-work",instance="w"}': "1x10", 'up{job="node",instance="n"}': "0x10"}),
    "RtadaptPushesFail": ("10m", {'rtadapt_append_failures_total{instance="a"}': "7x10"}),
    "RtadaptDiskFills": ("20m", {'rtadapt_data_free_bytes{job="rtadapt-work", instance="a"}': "2.1e9x20"}),
    "RtadaptControlPlaneErrors": (
        "20m",
        {
            'rtadapt_http_requests_total{status="200",route="/v1/feeds"}': "0+100x20",
            'rtadapt_http_requests_total{status="404",route="/v1/feeds/{feed}"}': "0+50x20",
            'rtadapt_http_requests_total{status="503",route="/v1/feeds"}': "0+1x20",
        },
    ),
    "RtadaptNoReplicaReady": ("5m", {'rtadapt_ready{instance="r"}': "0x10", 'rtadapt_ready{instance="s"}': "1x10"}),
    "RtadaptReplicaNotReady": ("20m", {'rtadapt_ready{instance="r"}': "0x10 1x20"}),
    "RtadaptRegistryUnreachable": ("5m", {'rtadapt_registry_up{instance="r"}': "1x10"}),
    "RtadaptReplicasDisagree": (
        "5m",
        {'rtadapt_route_version{feed="news",instance="r"}': "3x10", 'rtadapt_route_version{feed="sport",instance="s"}': "4x10"},
    ),
    "RtadaptAdapterLoadsFail": (
        "40m",
        {
            'rtadapt_adapter_loads_total{feed="news",instance="r",outcome="failed"}': "1x60",
            'rtadapt_adapter_loads_total{feed="news",instance="r",outcome="loaded"}': "0+1x60",
        },
    ),
    "RtadaptRequestsUnrouted": ("15m", {'rtadapt_requests_unrouted_total{code="model_not_found"}': "0+30x20"}),
    "RtadaptEventsWaitFast": (
        "40m",
        {'rtadapt_oldest_waiting_event_timestamp_seconds{feed="news",instance="api"}': "0+60x60"},
    ),
    "RtadaptEventsWaitSlow": (
        "90m",
        {'rtadapt_oldest_waiting_event_timestamp_seconds{feed="news",instance="api"}': "_x70 4200x2 _x60"},
    ),
    "RtadaptFreshnessUnknown": (
        "10m",
        {
            'rtadapt_freshness_checked_timestamp_seconds{instance="api"}': "0+60x20",
            'rtadapt_freshness_checked_timestamp_seconds{instance="other"}': "60x20",
        },
    ),
    "RtadaptEventsNotServedInTime": (
        "40m",
        {
            'rtadapt_event_to_served_seconds_bucket{feed="news",le="8"}': "0+5x60",
            'rtadapt_event_to_served_seconds_bucket{feed="news",le="+Inf"}': "0+5x60",
        },
    ),
    "RtadaptWorkerHangs": ("15m", {'rtadapt_worker_last_step_timestamp_seconds{instance="w"}': "0+60x20"}),
    "RtadaptWorkerNotReady": ("20m", {'rtadapt_worker_ready{instance="w"}': "0x5 1x20"}),
    "RtadaptWorkerStartsOver": ("15m", {'rtadapt_worker_restarts_total{instance="w",code="unavailable"}': "0x5 2x20"}),
    "RtadaptNobodyReadsTheLog": (
        "5m",
        {'rtadapt_owned_partitions{instance="w"}': "4x10", 'rtadapt_owned_partitions{instance="v"}': "0x10"},
    ),
    "RtadaptPartitionsUnread": (
        "10m",
        {
            'rtadapt_owned_partitions{instance="w"}': "4x20",
            'rtadapt_owned_partitions{instance="v"}': "0x20",
            'rtadapt_event_log_partitions{instance="api"}': "4x20",
            'rtadapt_event_log_partitions{instance="other"}': "4x20",
        },
    ),
    "RtadaptBacklogGrows": ("40m", {'rtadapt_event_log_lag_events{instance="w"}': "3000-20x60"}),
    # one rejected update in an hour in which nothing else happened
    "RtadaptUpdatesRejected": ("100m", {'rtadapt_updates_total{feed="news",verdict="rejected"}': "0x50 1x70"}),
    "RtadaptEventsRefused": (
        "100m",
        {
            # duplicates are no fault, and one bad event is no trend
            'rtadapt_events_refused_total{feed="news",reason="near_duplicate"}': "0+9x120",
            'rtadapt_events_refused_total{feed="sport",reason="noise"}': "0x50 1x70",
        },
    ),
    "RtadaptRecordsUnreadable": (
        "100m",
        {
            'rtadapt_events_refused_total{feed="",reason="schema"}': "0+1x120",
            'rtadapt_events_admitted_total{feed="news"}': "0+100x120",
        },
    ),
    "RtadaptFeedStandsStill": ("20m", {'rtadapt_feed_quarantined{feed="news",reason="stale_epoch",instance="w"}': "1x4 _x26"}),
    "RtadaptEventsLost": ("40m", {'rtadapt_events_lost_total{instance="w"}': "9x60"}),
    "RtadaptDeadLettersPile": ("80m", {'rtadapt_dead_letters{instance="api"}': "900+1x120"}),
    "RtadaptRouteStaysBehind": (
        "40m",
        {'rtadapt_head_version{feed="news",instance="w"}': "9x60", 'rtadapt_route_version{feed="news",instance="r"}': "8x60"},
    ),
    "RtadaptCommitConflicts": ("40m", {'rtadapt_commit_conflicts_total{code="stale_epoch"}': "0x20 2x40"}),
}


def failures(cases: list[tuple[str, str, Series]], value: int, folder: Path) -> str:
    """What promtool says is not as expected: each alert's state at its time, 1 firing and 0 not. One start plays them all."""
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in world(series).items()],
            "promql_expr_test": [
                {
                    "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) > bool 0 or vector(0)',
                    "eval_time": when,
                    "exp_samples": [{"labels": "{}", "value": value}],
                }
            ],
        }
        for alert, when, series in cases
    ]
    file = folder / "cases.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "30s", "tests": tests}))
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, "test", "rules", str(file)], capture_output=True, text=True, timeout=300, check=False)
    said = done.stdout + done.stderr
    assert (done.returncode == 0) == ("SUCCESS" in said), said
    assert done.returncode == 0 or "exp:" in said, said
    return said


def world(series: Series) -> Series:
    return series if any("freshness_checked" in name for name in series) else ALWAYS | series


def test_each_fires_for_what_it_is_about(tmp_path: Path) -> None:
    said = failures([(alert, *case) for alert, case in FIRES.items()], 1, tmp_path)
    assert "SUCCESS" in said, said


def test_each_keeps_quiet_when_all_is_well(tmp_path: Path) -> None:
    said = failures([(alert, *case) for alert, case in QUIET.items()], 0, tmp_path)
    assert "SUCCESS" in said, said


def test_the_tests_can_fail(tmp_path: Path) -> None:
    """Else a promtool that played nothing would look like success."""
    said = failures([(alert, *QUIET[alert]) for alert in ("RtadaptTargetDown", "RtadaptPushesFail")], 1, tmp_path)
    assert "SUCCESS" not in said
    assert "RtadaptTargetDown" in said


def test_every_alert_is_tried_both_ways() -> None:
    names = {rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"] if "alert" in rule}
    assert set(FIRES) == set(QUIET) == names


def test_what_is_not_there_at_all_is_noticed(tmp_path: Path) -> None:
    absent = ("RtadaptNoReplicaReady", "RtadaptNobodyReadsTheLog", "RtadaptFreshnessUnknown")
    said = failures([(alert, "10m", {"rtadapt_of_nobody_freshness_checked": "0x20"}) for alert in absent], 1, tmp_path)
    assert "SUCCESS" in said, said


def taken(rules: Path) -> str:
    """What promtool has against a file of rules."""
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, "check", "rules", str(rules)], capture_output=True, text=True, timeout=60, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_rules_are_ones_that_prometheus_takes() -> None:
    assert taken(RULES) == ""


def test_what_the_dashboard_asks_is_what_prometheus_understands(tmp_path: Path) -> None:
    board = json.loads((CHART / "dashboard.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    asked += [one["expr"] for one in board["annotations"]["list"]]
    assert len(asked) > 30
    filled = [expression.replace("$__rate_interval", "1m").replace("$feed", ".*") for expression in asked]
    assert "$" not in "".join(filled)
    groups = [{"name": f"of {n}", "rules": [{"record": "asked", "expr": expression}]} for n, expression in enumerate(filled)]
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump({"groups": groups}))
    assert taken(rules) == ""
    rules.write_text(yaml.safe_dump({"groups": [{"name": "a", "rules": [{"record": "asked", "expr": "sum(up"}]}]}))
    assert "sum(up" in taken(rules) or "parse" in taken(rules)
