"""``make kubeconform``: the manifests against the schemas of Kubernetes and of the operators' own resources, strictly.

The schemas of Kubernetes come from the wheel ``kubernetes-validate``, those of the Prometheus Operator and KEDA from
their Go modules. It needs ``go`` and ``kubeconform``, so it is no part of the tests: those hold the same schemas of
Kubernetes against the manifests (test_kustomize.py). Of Strimzi no package has schemas: its resources are skipped.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import click
import yaml

from tests.deploy.tools import DEPLOY, Loader

VERSION: Final = "1.33.0"
KUBECONFORM: Final = "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0"
#: Module and the place of its resource definitions.
DEFINITIONS: Final = (
    ("github.com/prometheus-operator/prometheus-operator@v0.85.0", "example/prometheus-operator-crd"),
    ("github.com/kedacore/keda/v2@v2.17.2", "config/crd/bases"),
)
NO_SCHEMA: Final = ("Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser")

Schema = Any


def of_kubernetes() -> Iterator[tuple[str, Schema]]:
    """(name, schema) of every kind, each with all that it refers to."""
    directory = Path(str(files("kubernetes_validate"))) / "kubernetes-json-schema" / f"v{VERSION}-local-strict"
    shared = _here((directory / "_definitions.json").read_text())["$defs"]
    for path in directory.glob("*.json"):
        if path.name != "_definitions.json":
            yield path.stem, _here(path.read_text()) | {"$defs": shared}


def of_operators() -> Iterator[tuple[str, Schema]]:
    """(name, schema) of every kind that the operators define; an unknown field is a mistake."""
    for module, place in DEFINITIONS:
        done = subprocess.run(["go", "mod", "download", "-json", module], capture_output=True, text=True, check=False)
        told = json.loads(done.stdout or "{}")
        if "Dir" not in told:
            raise click.ClickException(f"{module} cannot be had: {told.get('Error') or done.stderr}")
        for path in sorted((Path(told["Dir"]) / place).glob("*.yaml")):
            yield from _defined(path)


def _defined(path: Path) -> Iterator[tuple[str, Schema]]:
    definition = yaml.load(path.read_text(), Loader)["spec"]  # noqa: S506 - it is a safe one
    group, kind = definition["group"].partition(".")[0], definition["names"]["kind"].lower()
    for version in definition["versions"]:
        schema = _strict(version["schema"]["openAPIV3Schema"])
        schema["properties"]["metadata"] = {"type": "object"}
        yield f"{kind}-{group}-{version['name']}", schema


def _here(text: str) -> Schema:
    """A schema whose references stay inside it."""
    found = json.loads(text.replace("/api/_definitions.json#", "#"))
    return {name: value for name, value in found.items() if name != "$id"}


def _strict(schema: Schema) -> Schema:
    """As kubeconform's own converter does: what a schema does not name may not be there."""
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _strict(one) for name, one in schema.items()}
    if found.pop("x-kubernetes-int-or-string", False) is True:
        found = {name: one for name, one in found.items() if name != "anyOf"} | {"type": ["integer", "string"]}
    open_ended = found.get("x-kubernetes-preserve-unknown-fields") is True
    if isinstance(found.get("properties"), dict) and not open_ended:
        found.setdefault("additionalProperties", False)
    return found


def write(directory: Path) -> int:
    """All schemas as files that kubeconform finds; how many."""
    written = 0
    for name, schema in (*of_kubernetes(), *of_operators()):
        (directory / f"{name}.json").write_text(json.dumps(schema))
        written += 1
    return written


@click.command()
def main() -> None:
    """Hold the rendered manifests against their schemas."""
    for program, how in (("go", "see https://go.dev/dl"), ("kubeconform", f"go install {KUBECONFORM}")):
        if shutil.which(program) is None:
            raise click.ClickException(f"no {program}: {how}")
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        click.echo(f"{write(Path(scratch))} schemas")
        location = f"{scratch}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
        options = ("-strict", "-summary", "-schema-location", location, "-skip", ",".join(NO_SCHEMA))
        for overlay in ("dev", "prod"):
            rendered = subprocess.run(
                ["kubectl", "kustomize", str(DEPLOY / "kustomize" / "overlays" / overlay)],
                capture_output=True,
                check=True,
            )
            done = subprocess.run(
                ["kubeconform", *options, "-"], input=rendered.stdout, capture_output=True, check=False
            )
            click.echo(f"{overlay}: {done.stdout.decode()}{done.stderr.decode()}".strip())
            failed = failed or done.returncode != 0
    click.echo(f"skipped, for want of a schema: {', '.join(NO_SCHEMA)} (kafka.strimzi.io/v1)")
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
