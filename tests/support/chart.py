"""The chart rendered by Helm's Go library, and its manifests checked by Kubernetes' own schemas."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import helm_python as helm
import kubernetes_validate
import yaml

CHART = Path(__file__).resolve().parents[2] / "helm" / "rtadapt"
VERSIONS = ("1.30.0", "1.37.0")

Manifest = dict[str, Any]


def render(values: dict[str, Any]) -> list[Manifest]:
    with helm.Chart.load(str(CHART)) as chart:
        texts = chart.render(values, name="try", namespace="adapt")
    return [
        manifest
        for path, text in texts.items()
        if not path.endswith("NOTES.txt")
        for manifest in yaml.load_all(text, yaml.CSafeLoader)
        if manifest
    ]


def foreign(manifest: Manifest) -> bool:
    """Whether Kubernetes itself does not know the kind: operators and the Gateway API bring it."""
    return manifest["apiVersion"].split("/")[0] in ("monitoring.coreos.com", "keda.sh", "gateway.networking.k8s.io")


def validate(manifests: list[Manifest], version: str) -> int:
    """Raises for a manifest that the schemas of `version` do not take; gives how many were looked at."""
    known = [manifest for manifest in manifests if not foreign(manifest)]
    for manifest in known:
        _validate(json.dumps(manifest, sort_keys=True), version)
    return len(known)


@cache
def _validate(manifest: str, version: str) -> None:
    kubernetes_validate.validate(json.loads(manifest), version, strict=True)


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    """By name, those of one kind."""
    return {manifest["metadata"]["name"]: manifest for manifest in manifests if manifest["kind"] == kind}


def server_refusals(manifests: list[Manifest]) -> list[str]:
    """What an API server says of what its schemas let through."""
    said = []
    for budget in of_kind(manifests, "PodDisruptionBudget").values():
        if ("minAvailable" in budget["spec"]) == ("maxUnavailable" in budget["spec"]):
            said.append("a budget has minAvailable or maxUnavailable, and one of them")
    for deployment in of_kind(manifests, "Deployment").values():
        strategy = deployment["spec"].get("strategy", {})
        rolling = strategy.get("rollingUpdate")
        if strategy.get("type") == "Recreate" and rolling is not None:
            said.append("Recreate takes no rollingUpdate")
        if rolling is not None and {str(value) for value in rolling.values()} <= {"0", "0%"}:
            said.append("maxSurge and maxUnavailable are both 0")
        pod = deployment["spec"]["template"]["spec"]
        for container in pod["containers"]:
            sleep = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 1)
            if not 0 < sleep <= pod.get("terminationGracePeriodSeconds", 30):
                said.append("a preStop sleep is longer than 0 and no longer than the grace period")
            names = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
            if len(set(names)) != len(names):
                said.append("two mounts in one place")
    for scaler in of_kind(manifests, "HorizontalPodAutoscaler").values():
        if scaler["spec"]["minReplicas"] > scaler["spec"]["maxReplicas"]:
            said.append("minReplicas is more than maxReplicas")
    return said
