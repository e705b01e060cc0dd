"""The chart over many value sets: every documented value set to null, and what an API server refuses beyond its schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import helm_python as helm
import pytest
import yaml

from rtadapt.api.app import create_app
from rtadapt.config import RegistrySettings, Settings
from tests.support.chart import CHART, VERSIONS, Manifest, of_kind, render, server_refusals, validate

DOCUMENTED: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SECRET = {"name": "secrets", "key": "it"}
PEERS = [{"namespaceSelector": {"matchLabels": {"name": "peers"}}}]


def maps(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where the documented values have maps and lists."""
    for name, value in values.items():
        if isinstance(value, dict | list) and name not in ("scaleDown", "annotations", "labels"):
            yield (*path, name)
        if isinstance(value, dict):
            yield from maps(value, (*path, name))


def at(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    return dict(value)


def leaves(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where the documented values have anything else."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, name))
        elif not isinstance(value, list):
            yield (*path, name)


NULLS = {".".join(path): at(path, None) for path in maps(DOCUMENTED)}
BARE = {
    f"nothing of {name}": {name: dict.fromkeys(section)}
    for name, section in DOCUMENTED.items()
    if isinstance(section, dict) and section
}
CHOSEN: dict[str, dict[str, Any]] = {
    "budget of the other kind": {"serve": {"podDisruptionBudget": {"maxUnavailable": "25%"}}},
    "budget by number": {"api": {"podDisruptionBudget": {"minAvailable": 0}}},
    "recreate": {"serve": {"updateStrategy": {"type": "Recreate"}}},
    "no spare device": {"serve": {"updateStrategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}}},
    "no pause": {"serve": {"preStopSeconds": 0}},
    "no replicas": {"serve": {"replicas": 0}, "work": {"replicas": 0}, "api": {"replicas": 0}},
    "openshift": {"podSecurityContext": {"runAsUser": None, "runAsGroup": None, "fsGroup": None}},
    "routes of a gateway": {"httpRoute": {"enabled": True, "parentRefs": [{"name": "edge"}], "hostnames": ["a.example"]}},
    "scaled by KEDA": {"work": {"keda": {"enabled": True, "triggers": [{"type": "kafka", "metadata": {}}]}}},
    "dashboards": {"monitoring": {"dashboards": {"enabled": True}}},
    "scraped by its services": {"monitoring": {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}}},
    "scaled by requests": {"serve": {"keda": {"enabled": True, "triggers": [{"type": "prometheus", "metadata": {}}]}}},
    "settings of null": {"config": {"serve": {"drain_seconds": None}, "batch": None, "log_level": None}},
    "a section of null": {"config": {"serve": None, "work": None, "event_log": None, "registry": None}},
    "private authorities": {
        "registry": {"url": "rediss://redis:6379/0", "ca": SECRET},
        "eventLog": {"tls": {"enabled": True, "ca": SECRET}},
    },
    "more volumes": {
        "api": {"extraVolumes": [{"name": "v", "emptyDir": {}}], "extraVolumeMounts": [{"name": "v", "mountPath": "/v"}]}
    },
    "images of ones own": {
        "imageRegistry": "registry.example/team/",
        "serve": {"image": {"digest": "sha256:" + "0" * 64}},
        "commonLabels": {"team": "news"},
    },
    "pods of ones own": {
        part: {
            "podSpec": {
                "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["redis"]}],
                "dnsConfig": {"options": [{"name": "ndots", "value": "1"}]},
                "initContainers": [{"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"}],
            }
        }
        for part in ("serve", "work", "api")
    },
    "a service of ones own": {
        "api": {"service": {"type": "LoadBalancer", "nodePort": 30080, "spec": {"loadBalancerClass": "inner"}}}
    },
    "more objects": {
        "extraObjects": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}-one", "labels": {}}},
            'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ include "rtadapt.fullname" . }}-two, labels: {}}',
        ]
    },
    "closed": {"networkPolicy": {"enabled": True, "completions": PEERS, "control": PEERS, "metrics": PEERS}},
}
EVERY = NULLS | BARE | CHOSEN


def test_many_value_sets_are_tried() -> None:
    assert len(EVERY) >= 60


@pytest.mark.parametrize("name", EVERY)
def test_it_renders_and_is_taken(name: str) -> None:
    manifests = render(EVERY[name])
    for version in VERSIONS:
        assert validate(manifests, version) >= 8
    assert server_refusals(manifests) == []


@pytest.mark.parametrize("path", [*leaves(DOCUMENTED)], ids=".".join)
def test_a_single_value_of_null_is_its_default(path: tuple[str, ...]) -> None:
    manifests = render(at(path, None))
    assert validate(manifests, VERSIONS[-1]) >= 8
    assert server_refusals(manifests) == []


def test_settings_of_null_are_left_as_the_chart_makes_them() -> None:
    toml = of_kind(render(CHOSEN["a section of null"]), "ConfigMap")["try-rtadapt"]["data"]["rtadapt.toml"]
    assert toml == of_kind(render({}), "ConfigMap")["try-rtadapt"]["data"]["rtadapt.toml"]
    serve = of_kind(render(CHOSEN["settings of null"]), "Deployment")["try-rtadapt-serve"]["spec"]["template"]["spec"]
    assert serve["terminationGracePeriodSeconds"] >= 140


@pytest.mark.parametrize("kind", ["PodMonitor", "ServiceMonitor"])
def test_a_monitor_finds_each_process_once_under_the_job_that_the_alerts_know(kind: str) -> None:
    manifests = render({"monitoring": {kind[0].lower() + kind[1:]: {"enabled": True}}})
    (monitor,) = of_kind(manifests, kind).values()
    wanted = monitor["spec"]["selector"]
    if kind == "PodMonitor":
        endpoints = monitor["spec"]["podMetricsEndpoints"]
        candidates = [one["spec"]["template"]["metadata"]["labels"] for one in of_kind(manifests, "Deployment").values()]
        offered = [container_of(manifests, part)["ports"] for part in ("api", "serve", "work")]
    else:
        endpoints = monitor["spec"]["endpoints"]
        candidates = [one["metadata"]["labels"] for one in of_kind(manifests, "Service").values()]
        offered = [one["spec"]["ports"] for one in of_kind(manifests, "Service").values()]
    (expression,) = wanted["matchExpressions"]
    assert sorted(labels["app.kubernetes.io/component"] for labels in candidates) == sorted(expression["values"])
    assert all(wanted["matchLabels"].items() <= labels.items() for labels in candidates)
    scraped = [[port["name"] for port in ports if port["name"] in {end["port"] for end in endpoints}] for ports in offered]
    assert [len(names) for names in scraped] == [1, 1, 1]
    for end in endpoints:
        (relabel,) = end["relabelings"]
        assert (relabel["targetLabel"], relabel["replacement"]) == ("job", "rtadapt-$1")


def test_what_the_templates_lay_under_missing_values_is_what_is_documented() -> None:
    text = (CHART / "templates" / "_values.tpl").read_text()
    laid = re.search(r'define "rtadapt.missing" -}}(.*?){{- end', text, re.DOTALL)
    assert laid is not None

    def compare(one: dict[str, Any], documented: dict[str, Any], path: str) -> None:
        for name, value in one.items():
            assert name in documented, path + name
            if isinstance(value, dict):
                compare(value, documented[name], f"{path}{name}.")
            elif value not in ("", [], {}):
                assert documented[name] == value, path + name

    compare(yaml.safe_load(laid[1]), DOCUMENTED, "")


@pytest.mark.parametrize(
    "values",
    [
        {"serve": {"podDisruptionBudget": {"minAvailable": 1, "maxUnavailable": 1}}},
        {"serve": {"updateStrategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}},
        {"serve": {"autoscaling": {"enabled": True, "minReplicas": 3, "maxReplicas": 2}}},
        {"api": {"autoscaling": {"enabled": True, "minReplicas": 3, "maxReplicas": 2}}},
        {"registry": {"url": "redis://:secret@redis:6379/0"}},
        {"registry": {"url": "redis://redis:6379/0?password=secret"}},
        {"config": {"serve": {"port": 9000}}},
        {"config": {"serve": {"host": "127.0.0.1"}}},
        {"config": {"event_log": {"url": "sqlite:"}}},
        {"config": {"registry": {"url": "embedded:"}}},
        {"config": {"batch": {"max_evens": 3}}},
        {"config": {"batch": {"max_events": 0}}},
        {"config": {"bacth": {}}},
        {"httpRoute": {"enabled": True}},
        {"monitoring": {"podMonitor": {"enabled": True}, "serviceMonitor": {"enabled": True}}},
        {"work": {"keda": {"enabled": True}}},
        {"serve": {"podSpec": {"containers": []}}},
        {"serve": {"service": {"spec": {"selector": {}}}}},
        {"serve": {"image": {"digest": "latest"}}},
        {"commonLabels": {"app.kubernetes.io/name": "other"}},
        {"monitoring": {"rules": {"waitSeconds": 0}}},
        {"model": "a\u0007b"},
        {"fullnameOverride": "Adapt_1"},
    ],
)
def test_what_would_break_later_is_refused_at_once(values: dict[str, Any]) -> None:
    with pytest.raises(helm.HelmError):
        render(values)


def container_of(manifests: list[Manifest], part: str) -> Manifest:
    (container,) = of_kind(manifests, "Deployment")[f"try-rtadapt-{part}"]["spec"]["template"]["spec"]["containers"]
    return dict(container)


def test_authorities_reach_every_pod() -> None:
    manifests = render(CHOSEN["private authorities"])
    for part in ("serve", "work", "api"):
        mounted = {mount["mountPath"] for mount in container_of(manifests, part)["volumeMounts"]}
        assert {"/etc/rtadapt/registry-ca", "/etc/rtadapt/kafka-ca"} <= mounted, part
    text = of_kind(manifests, "ConfigMap")["try-rtadapt"]["data"]["rtadapt.toml"]
    assert 'ca_file = "/etc/rtadapt/registry-ca/ca.crt"' in text


def test_prometheus_reaches_what_it_scrapes_when_all_else_is_closed() -> None:
    peer = {"namespaceSelector": {"matchLabels": {"name": "prometheus"}}}
    manifests = render({"networkPolicy": {"enabled": True, "completions": PEERS, "control": PEERS, "metrics": [peer]}})
    policies = of_kind(manifests, "NetworkPolicy")
    assert len(policies) == 3
    for name, policy in policies.items():
        assert peer in policy["spec"]["ingress"][0]["from"], name


def test_a_control_plane_that_lost_one_part_stays_in_service_and_the_release_test_asks_for_both() -> None:
    manifests = render({})
    assert container_of(manifests, "api")["readinessProbe"]["httpGet"]["path"] == "/readyz"
    (pod,) = of_kind(manifests, "Pod").values()
    asked = [url.partition(":8001")[2] for url in pod["spec"]["containers"][0]["args"] if ":8001" in url]
    assert asked == ["/readyz/push", "/readyz/operate"]


def test_a_worker_that_waits_for_its_log_is_not_killed_for_it() -> None:
    worker = container_of(render({}), "work")
    assert "startupProbe" not in worker
    assert worker["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_streams_get_minutes_to_end() -> None:
    manifests = render({})
    pod = of_kind(manifests, "Deployment")["try-rtadapt-serve"]["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] >= 140
    (text,) = [manifest["data"]["rtadapt.toml"] for manifest in of_kind(manifests, "ConfigMap").values()]
    assert "drain_seconds = 120" in text


def test_one_replica_may_be_drained() -> None:
    budgets = of_kind(render({"serve": {"replicas": 1}, "api": {"replicas": 1}}), "PodDisruptionBudget")
    assert {json.dumps(budget["spec"]["maxUnavailable"]) for budget in budgets.values()} == {"1"}


def test_the_outside_reaches_every_route_of_the_control_plane() -> None:
    settings = Settings(registry=RegistrySettings(url="redis://127.0.0.1:1/0"))
    served = {path for path in create_app(settings).openapi()["paths"] if path.startswith("/v1/")} | {"/console"}
    enabled: dict[str, Any] = {"ingress": {"enabled": True, "host": "a.example"}} | CHOSEN["routes of a gateway"]
    manifests = render(enabled)
    (ingress,) = of_kind(manifests, "Ingress").values()
    paths = [
        path["path"]
        for path in ingress["spec"]["rules"][0]["http"]["paths"]
        if path["backend"]["service"]["name"].endswith("-api")
    ]
    (route,) = of_kind(manifests, "HTTPRoute").values()
    matched = [match["path"]["value"] for match in route["spec"]["rules"][0]["matches"]]
    for found in (paths, matched):
        for path in served:
            assert any(path == prefix or path.startswith(prefix + "/") for prefix in found), path
        for prefix in found:
            assert any(path == prefix or path.startswith(prefix + "/") for path in served), prefix


def test_an_ingress_lets_bodies_and_streams_through_as_the_settings_do() -> None:
    (ingress,) = of_kind(render({"ingress": {"enabled": True, "host": "a.example"}}), "Ingress").values()
    annotations = ingress["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/proxy-body-size"] == "8m"
    assert int(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]) > 600


def test_the_dashboard_of_the_chart_is_the_one_of_the_compose_file() -> None:
    made = of_kind(render(CHOSEN["dashboards"]), "ConfigMap")["try-rtadapt-dashboards"]["data"]["rtadapt.json"]
    other = CHART.parents[1] / "deploy" / "grafana" / "dashboards" / "rtadapt.json"
    assert json.loads(made) == json.loads(other.read_text())


def test_images_come_from_the_registry_and_by_the_digest_that_are_named() -> None:
    manifests = render(CHOSEN["images of ones own"])
    assert container_of(manifests, "api")["image"] == "registry.example/team/rtadapt-api:0.1.0"
    assert container_of(manifests, "serve")["image"] == f"registry.example/team/rtadapt-serve:0.1.0@sha256:{'0' * 64}"
    for manifest in manifests:
        assert manifest["metadata"]["labels"]["team"] == "news"
    for manifest in of_kind(manifests, "Deployment").values():  # what selects is never changed in a release
        assert "team" not in manifest["spec"]["selector"]["matchLabels"]


def test_more_of_pods_services_and_objects_is_taken_as_it_is() -> None:
    manifests = render(CHOSEN["pods of ones own"] | CHOSEN["more objects"])
    for part in ("serve", "work", "api"):
        pod = of_kind(manifests, "Deployment")[f"try-rtadapt-{part}"]["spec"]["template"]["spec"]
        assert pod["initContainers"][0]["name"] == "proxy"
        assert pod["dnsConfig"]["options"][0]["name"] == "ndots"
    assert {"try-one", "try-rtadapt-two"} <= set(of_kind(manifests, "ConfigMap"))
    service = of_kind(render(CHOSEN["a service of ones own"]), "Service")["try-rtadapt-api"]
    assert (service["spec"]["loadBalancerClass"], service["spec"]["type"]) == ("inner", "LoadBalancer")
    assert service["spec"]["ports"][0]["nodePort"] == 30080
    assert "nodePort" not in of_kind(manifests, "Service")["try-rtadapt-api"]["spec"]["ports"][0]


def test_the_service_level_of_the_alerts_can_be_chosen() -> None:
    chosen = {"enabled": True, "waitSeconds": 33, "backlogEvents": 77, "alertLabels": {"team": "news", "severity": "x"}}
    (made,) = of_kind(render({"monitoring": {"rules": chosen}}), "PrometheusRule").values()
    rules = {rule.get("alert") or rule["record"]: rule for group in made["spec"]["groups"] for rule in group["rules"]}
    assert "> 33" in rules["rtadapt:stale:bool"]["expr"]
    assert rules["RtadaptEventsNotServedInTime"]["expr"].endswith("> 33")
    assert "33 s" in rules["RtadaptEventsWaitFast"]["annotations"]["summary"]
    assert "> 77" in rules["RtadaptBacklogGrows"]["expr"]
    assert "> 120" in rules["RtadaptFreshnessUnknown"]["expr"]
    assert rules["RtadaptEventsWaitFast"]["labels"] == {"severity": "critical", "team": "news"}


def test_alerts_and_dashboard_lead_to_the_runbooks_where_they_are_said_to_be() -> None:
    page = "https://wiki.example/rtadapt"
    monitoring = {"rules": {"enabled": True, "runbooks": page}, "dashboards": {"enabled": True}}
    manifests = render({"monitoring": monitoring})
    (made,) = of_kind(manifests, "PrometheusRule").values()
    alerts = [rule for group in made["spec"]["groups"] for rule in group["rules"] if "alert" in rule]
    assert alerts
    for rule in alerts:
        assert rule["annotations"]["runbook_url"] == f"{page}#{rule['alert'].lower()}"
    board = json.loads(of_kind(manifests, "ConfigMap")["try-rtadapt-dashboards"]["data"]["rtadapt.json"])
    assert [link["url"].partition("#")[0] for link in board["links"]] == [page]


def test_whoever_installs_it_is_told_that_images_are_to_be_built() -> None:
    with helm.Chart.load(str(CHART)) as chart:
        told = [
            next(text for path, text in chart.render(values, name="try", namespace="adapt").items() if path.endswith("NOTES.txt"))
            for values in ({}, {"imageRegistry": "registry.example"})
        ]
    assert ["no images of rtadapt are published" in text for text in told] == [True, False]
