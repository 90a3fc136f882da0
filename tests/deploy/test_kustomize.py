"""The manifests as kustomize renders them: valid, restricted, and in agreement with the product."""

import functools
import json
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.generate import PARTITIONS, files
from listener.worker.counting import RELEASE_S
from tests.deploy.tools import DEPLOY, ROOT, Loader, run

pytestmark = pytest.mark.deploy
VERSION = "1.33"
#: No schema of these is on this machine: what is checked of them is below, not their every field.
NO_SCHEMA = {"kafka.strimzi.io/v1", "keda.sh/v1alpha1", "monitoring.coreos.com/v1", "monitoring.coreos.com/v1alpha1"}
OVERLAYS = ("dev", "prod")

Resource = dict[str, Any]


@functools.cache
def rendered(name: str) -> tuple[Resource, ...]:
    text = run("kubectl", "kustomize", DEPLOY / "kustomize" / name, package="kubectl")
    return tuple(one for one in yaml.load_all(text, Loader) if one)


def overlay(name: str) -> tuple[Resource, ...]:
    return rendered(f"overlays/{name}")


def of(resources: tuple[Resource, ...], *kinds: str) -> list[Resource]:
    return [one for one in resources if one["kind"] in kinds]


#: Kinds that make pods.
PODS = ("StatefulSet", "Deployment", "Job")


def pods(resources: tuple[Resource, ...]) -> list[tuple[str, Resource]]:
    return [(one["metadata"]["name"], one["spec"]["template"]["spec"]) for one in of(resources, *PODS)]


def named(resources: tuple[Resource, ...], kind: str, name: str) -> Resource:
    (found,) = [one for one in of(resources, kind) if one["metadata"]["name"] == name]
    return found


@pytest.mark.parametrize("name", ["base", *(f"overlays/{one}" for one in OVERLAYS)])
def test_kubernetes_would_take_it(name: str) -> None:
    for resource in rendered(name):
        if resource["apiVersion"] not in NO_SCHEMA:
            kubernetes_validate.validate(resource, VERSION, strict=True)


def test_a_misspelt_field_would_be_noticed() -> None:
    worker = json.loads(json.dumps(named(rendered("base"), "StatefulSet", "listener-worker")))
    worker["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readinesProbe"):
        kubernetes_validate.validate(worker, VERSION, strict=True)


def test_generated_files_are_up_to_date() -> None:
    stale = [str(path.relative_to(ROOT)) for path, text in files().items() if path.read_text() != text]
    assert stale == [], "run `make deploy-files`"


@pytest.mark.parametrize("name", OVERLAYS)
def test_pods_keep_to_the_restricted_standard(name: str) -> None:
    assert (
        named(overlay(name), "Namespace", overlay(name)[0]["metadata"]["name"])["metadata"]["labels"][
            "pod-security.kubernetes.io/enforce"
        ]
        == "restricted"
    )
    for _, pod in pods(overlay(name)):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("name", ["base", *(f"overlays/{one}" for one in OVERLAYS)])
def test_mounts_have_volumes_and_volumes_are_mounted(name: str) -> None:
    for resource in of(rendered(name), *PODS):
        pod = resource["spec"]["template"]["spec"]
        claims = [claim["metadata"]["name"] for claim in resource["spec"].get("volumeClaimTemplates", ())]
        volumes = [volume["name"] for volume in pod["volumes"]] + claims
        mounts = [mount["name"] for container in pod["containers"] for mount in container["volumeMounts"]]
        assert sorted(volumes) == sorted(mounts)


def test_commands_and_variables_are_the_products() -> None:
    settings = (ROOT / "docs" / "reference" / "settings.md").read_text()
    commands = (ROOT / "docs" / "reference" / "commands.md").read_text()
    for name in OVERLAYS:
        variables = set(named(overlay(name), "ConfigMap", "listener-settings")["data"])
        for _, pod in pods(overlay(name)):
            (container,) = pod["containers"]
            variables |= {one["name"] for one in container["env"]}
            section = commands.partition(f"\n## `listener {container['args'][0]}`\n")[2].partition("\n## ")[0]
            assert section
            assert [arg for arg in container["args"] if arg.startswith("--") and f"  {arg} " not in section] == []
        assert {one for one in variables if f"`{one}`" not in settings} == {"PROMETHEUS_DISABLE_CREATED_SERIES"}


def test_workers_have_time_to_flush_and_keep_their_names() -> None:
    worker = named(overlay("prod"), "StatefulSet", "listener-worker")["spec"]
    pod = worker["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] >= 2 * RELEASE_S
    assert {"name": "LISTENER_INSTANCE_ID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}} in pod[
        "containers"
    ][0]["env"]
    budgets = {
        one["metadata"]["name"]: one["spec"]["maxUnavailable"] for one in of(overlay("prod"), "PodDisruptionBudget")
    }
    assert budgets == {"listener-worker": 1, "listener-board": 1}


def test_selectors_find_what_they_mean() -> None:
    resources = overlay("prod")
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in of(resources, "StatefulSet", "Deployment")]
    services = [one["metadata"]["labels"] for one in of(resources, "Service")]
    wanted = [one["spec"]["selector"] for one in of(resources, "Service")]
    wanted += [one["spec"]["selector"]["matchLabels"] for one in of(resources, "PodDisruptionBudget")]
    wanted += [one["spec"]["podSelector"]["matchLabels"] for one in of(resources, "NetworkPolicy")]
    assert [one for one in wanted if not any(one.items() <= pod.items() for pod in labels)] == []
    monitors = [one["spec"]["selector"]["matchLabels"] for one in of(resources, "ServiceMonitor")]
    assert [sum(one.items() <= service.items() for service in services) for one in monitors] == [1, 1, 1]


def test_the_autoscaler_keeps_to_the_partitions() -> None:
    resources = overlay("prod")
    scaled = named(resources, "ScaledObject", "listener-worker")["spec"]
    posts = named(resources, "KafkaTopic", "social.posts.v1")["spec"]["partitions"]
    assert 2 <= scaled["minReplicaCount"] <= scaled["maxReplicaCount"] == posts == PARTITIONS
    assert named(resources, "ConfigMap", "listener-settings")["data"]["LISTENER_PARTITIONS"] == str(posts)
    assert scaled["triggers"][0]["metadata"]["consumerGroup"] == "listener"
    assert "replicas" not in named(resources, "StatefulSet", "listener-worker")["spec"]


def test_the_dev_cluster_has_one_replica_of_everything() -> None:
    resources = overlay("dev")
    assert {one["spec"]["replicas"] for one in of(resources, "KafkaTopic", "KafkaNodePool", "StatefulSet")} == {1}
    assert {one["spec"]["config"]["min.insync.replicas"] for one in of(resources, "KafkaTopic")} == {1}


def test_clients_log_in_as_users_that_exist() -> None:
    users = {one["metadata"]["name"] for one in of(overlay("prod"), "KafkaUser")}
    for name, pod in pods(overlay("prod")):
        env = {one["name"]: one.get("value") for one in pod["containers"][0]["env"]}
        assert env["LISTENER_SASL_USERNAME"] == name
        assert name in users
        secrets = {volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
        assert name in secrets
