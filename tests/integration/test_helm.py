"""The chart: lints strictly, and every value set renders to manifests that Kubernetes' own schemas accept.

Rendered by Helm's Go library (helm-python-sdk); checked strictly, so an unknown field is an error, against the OpenAPI
schemas of the oldest Kubernetes that the chart supports and of the newest that kubernetes-validate carries. The
settings that end in rtadapt.toml are read by rtadapt itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python as helm
import pytest
import yaml

from rtadapt.config import Settings, load_settings
from tests.support.chart import CHART, VERSIONS, Manifest, of_kind, render, validate

SECRET = {"name": "secrets", "key": "it"}
VALUES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "gpu": {
        "model": "Qwen/Qwen3-4B",
        "huggingfaceToken": SECRET,
        "config": {
            "log_level": "debug",
            "train": {"rank": 16, "learning_rate": 0.0003, "dtype": "bfloat16"},
            "batch": {"max_events": 32, "max_age_seconds": 2.5},
            "serve": {"drain_seconds": 120, "max_model_len": 8192},
        },
        "serve": {
            "replicas": 4,
            "resources": {"limits": {"nvidia.com/gpu": 1, "memory": "48Gi"}},
            "vllmArgs": ["--gpu-memory-utilization", "0.92", '--override-generation-config={"top_k": 20}'],
            "nodeSelector": {"accelerator": "h100"},
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
            "runtimeClassName": "nvidia",
            "priorityClassName": "high",
            "modelCache": {"existingClaim": "models"},
            "extraEnv": [{"name": "NCCL_DEBUG", "value": "WARN"}],
            "podLabels": {"team": "news"},
        },
        "work": {"replicas": 2, "resources": {"limits": {"nvidia.com/gpu": 1}}, "extraEnv": [{"name": "A", "value": "b"}]},
    },
    "secured": {
        "apiKeys": SECRET,
        "registry": {"url": "", "urlSecret": SECRET, "cluster": True, "signingKey": SECRET, "trustedKeys": SECRET},
        "artifacts": {"url": "s3://bucket/rtadapt", "credentials": ["s3-login"], "signingKeys": SECRET},
        "eventLog": {
            "brokers": ["k1:9093", "k2:9093"],
            "tls": {"enabled": True, "ca": SECRET, "client": {"name": "secrets"}},
            "sasl": {"mechanism": "SCRAM-SHA-512", "username": "rtadapt", "password": SECRET},
        },
        "networkPolicy": {"enabled": True, "completions": [{"namespaceSelector": {"matchLabels": {"name": "web"}}}]},
        "serviceAccount": {"create": False, "name": "other"},
        "imagePullSecrets": [{"name": "registry-login"}],
    },
    "everything on": {
        "fullnameOverride": "adapt",
        "ingress": {"enabled": True, "host": "adapt.example.org", "className": "nginx", "tlsSecret": "tls"},
        "monitoring": {"podMonitor": {"enabled": True}, "rules": {"enabled": True, "labels": {"release": "prometheus"}}},
        "serve": {
            "autoscaling": {"enabled": True},
            "extraVolumes": [{"name": "weights", "persistentVolumeClaim": {"claimName": "weights"}}],
            "extraVolumeMounts": [{"name": "weights", "mountPath": "/weights", "readOnly": True}],
            "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}],
            "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        },
        "work": {"podDisruptionBudget": {"enabled": True}},
        "api": {"autoscaling": {"enabled": True, "maxReplicas": 4}},
        "artifacts": {"volume": {"storageClassName": "nfs", "size": "1Ti"}},
        "networkPolicy": {"enabled": True},
    },
}


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    for manifest in manifests:
        if manifest["kind"] == "Deployment":
            yield manifest["metadata"]["labels"]["app.kubernetes.io/component"], manifest["spec"]["template"]["spec"]
        elif manifest["kind"] == "Pod":
            yield "test", manifest["spec"]


def settings_of(manifests: list[Manifest], folder: Path) -> Settings:
    (text,) = [manifest["data"]["rtadapt.toml"] for manifest in manifests if "rtadapt.toml" in manifest.get("data", {})]
    file = folder / "rtadapt.toml"
    file.write_text(text)
    return load_settings(file)


@pytest.fixture(params=VALUES)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    return render(VALUES[request.param])


@pytest.mark.parametrize("name", VALUES)
def test_the_chart_lints_strictly(name: str) -> None:
    report = helm.lint(str(CHART), VALUES[name], strict=True, namespace="adapt")
    assert report["errors"] == []
    assert [message for message in report["messages"] if message["severity"] > 1] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_valid_kubernetes(manifests: list[Manifest], version: str) -> None:
    assert validate(manifests, version) >= 8


def test_names_are_unique_and_labelled(manifests: list[Manifest]) -> None:
    names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests]
    assert len(set(names)) == len(names)
    for manifest in manifests:
        assert manifest["metadata"]["labels"]["app.kubernetes.io/instance"] == "try"


def test_every_selector_finds_exactly_its_own_pods(manifests: list[Manifest]) -> None:
    labels = {
        manifest["metadata"]["name"]: manifest["spec"]["template"]["metadata"]["labels"]
        for manifest in manifests
        if manifest["kind"] == "Deployment"
    }
    selecting = [manifest for manifest in manifests if manifest["kind"] in ("Deployment", "Service", "PodDisruptionBudget")]
    for manifest in selecting:
        selector = manifest["spec"]["selector"]
        wanted = selector.get("matchLabels", selector).items()
        found = [name for name, carried in labels.items() if wanted <= carried.items()]
        assert found == [manifest["metadata"]["name"]], manifest["kind"]


def test_every_port_that_is_named_exists(manifests: list[Manifest]) -> None:
    for part, pod in pods(manifests):
        (container,) = pod["containers"]
        ports = {port["name"] for port in container.get("ports", [])}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if probe in container:
                assert container[probe]["httpGet"]["port"] in ports, part
    named = {part: {port["name"] for port in pod["containers"][0].get("ports", [])} for part, pod in pods(manifests)}
    for manifest in manifests:
        if manifest["kind"] == "Service":
            part = manifest["spec"]["selector"]["app.kubernetes.io/component"]
            assert {port["targetPort"] for port in manifest["spec"]["ports"]} <= named[part]


def test_pods_have_no_rights_and_cannot_write_their_image(manifests: list[Manifest]) -> None:
    for part, pod in pods(manifests):
        assert pod["securityContext"]["runAsNonRoot"] is True, part
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False  # else Kubernetes puts RTADAPT_… variables of its own there
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]


def test_every_mount_has_its_volume(manifests: list[Manifest]) -> None:
    for part, pod in pods(manifests):
        volumes = {volume["name"] for volume in pod.get("volumes", [])}
        for container in pod["containers"]:
            mounts = [mount["name"] for mount in container.get("volumeMounts", [])]
            assert set(mounts) == volumes, part
            assert len(mounts) == len(set(mounts))


def test_the_settings_are_ones_that_rtadapt_takes(manifests: list[Manifest], tmp_path: Path) -> None:
    settings = settings_of(manifests, tmp_path)
    assert settings.event_log.url.startswith("kafka://")
    assert str(settings.data_dir) == "/var/lib/rtadapt"
    for part, pod in pods(manifests):
        if part == "test":
            continue
        (container,) = pod["containers"]
        listening = {"serve": settings.serve.port, "api": settings.api.port, "work": settings.work.metrics_port}[part]
        assert [port["containerPort"] for port in container["ports"]] == [listening]
        for variable in container.get("env", []):
            if variable["name"].startswith("RTADAPT_"):
                section, field = variable["name"].removeprefix("RTADAPT_").lower().split("__")
                assert field in type(getattr(settings, section)).model_fields


def test_every_file_that_the_settings_name_is_mounted(manifests: list[Manifest], tmp_path: Path) -> None:
    settings = settings_of(manifests, tmp_path)
    log = settings.event_log
    common = [settings.keys_file, settings.registry.ca_file, log.ca_file, log.cert_file, log.key_file, log.password_file]
    for part, pod in pods(manifests):
        if part == "test":
            continue
        (container,) = pod["containers"]
        mounted = {}
        for mount in container["volumeMounts"]:
            (volume,) = [volume for volume in pod["volumes"] if volume["name"] == mount["name"]]
            for item in volume.get("secret", {}).get("items", []):
                mounted[f"{mount['mountPath']}/{item['path']}"] = item["key"]
        wanted = [*common] if part == "api" else [*common, settings.artifacts.signing_key_file]
        wanted += [Path(file) for name, file in environment_of(pod).items() if name.endswith("_FILE")]
        assert set(mounted) == {str(path) for path in wanted if path is not None}, part
        assert container["args"][1:] == ["--config", "/etc/rtadapt/rtadapt.toml"]


def environment_of(pod: Manifest) -> dict[str, str]:
    (container,) = pod["containers"]
    return {variable["name"]: variable["value"] for variable in container.get("env", []) if "value" in variable}


def test_workers_alone_can_sign_and_who_loads_versions_verifies() -> None:
    given = {}
    for part, pod in pods(render({"registry": {"signingKey": {"name": "ours", "key": "pem"}, "trustedKeys": SECRET}})):
        named = {name: file for name, file in environment_of(pod).items() if name.startswith("RTADAPT_REGISTRY__")}
        secrets = {volume["secret"]["secretName"] for volume in pod.get("volumes", []) if "secret" in volume}
        given[part] = (sorted(name.removeprefix("RTADAPT_REGISTRY__") for name in named), secrets)
    assert given == {
        "serve": (["TRUSTED_KEYS_FILE"], {"secrets"}),
        "work": (["SIGNING_KEY_FILE", "TRUSTED_KEYS_FILE"], {"ours", "secrets"}),
        "api": ([], set()),
        "test": ([], set()),
    }


def test_values_pass_through_unchanged(tmp_path: Path) -> None:
    settings = settings_of(render(VALUES["gpu"]), tmp_path)
    assert settings.train.rank == 16
    assert settings.train.learning_rate == 0.0003
    assert settings.batch.max_age_seconds == 2.5
    assert settings.serve.vllm_args == VALUES["gpu"]["serve"]["vllmArgs"]


def test_secrets_are_named_and_never_written(tmp_path: Path) -> None:
    manifests = render(VALUES["secured"])
    settings = settings_of(manifests, tmp_path)
    assert settings.registry.url == "embedded:"  # the environment says it, from the secret
    assert (settings.event_log.tls, settings.event_log.sasl_mechanism) == (True, "SCRAM-SHA-512")
    for part, pod in pods(manifests):
        if part == "test":
            continue
        (container,) = pod["containers"]
        url = [variable for variable in container["env"] if variable["name"] == "RTADAPT_REGISTRY__URL"]
        assert url[0]["valueFrom"] == {"secretKeyRef": {"name": "secrets", "key": "it"}}
    assert not [manifest for manifest in manifests if manifest["kind"] == "Secret"]


def test_a_login_by_token_asks_the_endpoint_that_is_named(tmp_path: Path) -> None:
    sasl = {
        "mechanism": "OAUTHBEARER",
        "username": "app",
        "password": SECRET,
        "tokenUrl": "https://id.example/t",
        "tokenScope": "k",
    }
    log = settings_of(render({"eventLog": {"sasl": sasl}}), tmp_path).event_log
    assert (log.sasl_mechanism, log.token_url, log.token_scope, log.username) == (
        "OAUTHBEARER",
        "https://id.example/t",
        "k",
        "app",
    )
    assert str(log.password_file) == "/etc/rtadapt/kafka-password/password"


def test_a_pod_that_ends_lets_its_requests_end() -> None:
    (pod,) = [pod for part, pod in pods(render(VALUES["gpu"])) if part == "serve"]
    pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] >= pause + 120 + 10


def test_an_object_store_needs_no_volume_and_no_volume_is_made() -> None:
    kinds = [manifest["kind"] for manifest in render(VALUES["secured"])]
    assert "PersistentVolumeClaim" not in kinds
    assert "PersistentVolumeClaim" in [manifest["kind"] for manifest in render({})]


def test_an_autoscaler_owns_the_number_of_replicas() -> None:
    manifests = render(VALUES["everything on"])
    scaled = {scaler["spec"]["scaleTargetRef"]["name"] for scaler in of_kind(manifests, "HorizontalPodAutoscaler").values()}
    assert scaled == {"adapt-serve", "adapt-api"}
    for name, deployment in of_kind(manifests, "Deployment").items():
        assert ("replicas" in deployment["spec"]) == (name not in scaled)


@pytest.mark.parametrize(
    "values",
    [
        {"modle": "x"},
        {"serve": {"replica": 2}},
        {"eventLog": {"brokers": []}},
        {"eventLog": {"brokers": ["kafka://k:9092"]}},
        {"eventLog": {"sasl": {"mechanism": "PLAIN"}}},
        {"eventLog": {"sasl": {"mechanism": "OAUTHBEARER", "username": "app", "password": SECRET}}},
        {"registry": {"url": "http://redis"}},
        {"apiKeys": {"name": "only"}},
        {"registry": {"signingKey": {"name": "only"}}},
        {"registry": {"trustedKeys": "keys"}},
        {"config": {"registry": {"signing_key_file": "/everywhere"}}},
        {"config": {"data_dir": "/elsewhere"}},
        {"config": {"batch": {"max_events": {"deep": 1}}}},
        {"ingress": {"enabled": True}},
        {"registry": {"url": ""}},
    ],
)
def test_wrong_values_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(helm.HelmError):
        render(values)


def test_the_alerts_are_the_ones_that_prometheus_is_tested_with() -> None:
    (rule,) = [manifest for manifest in render(VALUES["everything on"]) if manifest["kind"] == "PrometheusRule"]
    assert rule["spec"] == yaml.safe_load((CHART / "alerts.yaml").read_text())
    assert (CHART / "alerts.yaml").read_text() == (CHART.parents[1] / "deploy/prometheus/alerts.yaml").read_text()


def test_the_version_of_the_chart_is_the_version_of_the_package() -> None:
    from rtadapt import __version__

    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)
