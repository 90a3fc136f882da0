"""Writes what is made from code: ``python -m deploy.generate`` (``make deploy-files``). A test compares."""

from pathlib import Path

import yaml

from deploy.grafana.build import dashboards
from listener.kafka.manifests import manifests
from listener.kafka.topics import declared_topics
from models.topics import Namespace

DEPLOY = Path(__file__).parent
#: Of the manifests; `LISTENER_PARTITIONS` of the base and the autoscaler's maximum are the same.
PARTITIONS = 12
REPLICAS = 3


def files() -> dict[Path, str]:
    """Path → content of every generated file."""
    components = DEPLOY / "kustomize" / "components"
    specs = declared_topics(Namespace(), PARTITIONS, replication_factor=REPLICAS)
    boards = {DEPLOY / "grafana" / "dashboards" / f"{name}.json": text for name, text in dashboards().items()}
    return boards | {
        components / "strimzi" / "topics-and-users.yaml": manifests(Namespace(), specs, "listener"),
        components / "prometheus-operator" / "rules.yaml": prometheus_rule(),
    }


def prometheus_rule() -> str:
    """All rule files as one PrometheusRule."""
    paths = sorted((DEPLOY / "prometheus" / "rules").glob("*.yaml"))
    groups = [
        group
        for path in paths
        if not path.name.endswith(".test.yaml")
        for group in yaml.safe_load(path.read_text())["groups"]
    ]
    resource = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "listener"},
        "spec": {"groups": groups},
    }
    return str(yaml.safe_dump(resource, sort_keys=False, width=120))


def main() -> None:
    """Write them."""
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
