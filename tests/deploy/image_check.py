"""``make image-check``: the image as a container, counting posts from a broker outside it.

Podman runs workers and a board from the image as they are deployed: the user of the image, a read-only root, no
capabilities, no new privileges, a memory limit. The sample goes through a Kafka on this machine, and what the board in
the container says is compared with an independent recount. Needs podman with a runtime that may do all this, so it is
no part of CI.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from listener.campaigns.files import load_campaigns
from listener.demo.run import DemoRun
from listener.demo.sample import or_sample
from listener.inputs.fieldmap import FieldMap
from listener.inputs.options import Replay
from listener.kafka.embedded import EmbeddedKafka
from listener.kafka.settings import KafkaSettings
from listener.recount.report import Report
from models.topics import Namespace

USER: Final = 10001
#: All that is written, inside the container.
SCRATCH: Final = "/tmp"  # noqa: S108
#: What a look inside must find: the rights of the process, and what it may write.
_PROBE: Final = """
import json, os, sys
def written(path):
    try:
        open(path, "w").close()
    except OSError as error:
        return error.strerror
    return "written"
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({
    "uid": os.getuid(), "gid": os.getgid(), "cwd": os.getcwd(),
    "capabilities": int(status["CapEff"], 16), "no_new_privileges": status["NoNewPrivs"].strip(),
    "seccomp": status["Seccomp"].strip(),
    "writes": {path: written(path + "/probe") for path in ("", "/opt/listener", "/tmp", "/var")},
    "pip": any(os.access(os.path.join(one, "pip"), os.X_OK) for one in os.environ["PATH"].split(":")),
}))
"""


def say(text: str) -> None:
    """Progress, on standard error."""
    click.echo(f"image-check: {text}", err=True)


@dataclass(frozen=True)
class Podman:
    """How containers are run. ``base``: podman with what this machine needs; ``memory``: the limit of each.

    ``run`` tells the containers of this run from others.
    """

    base: tuple[str, ...]
    image: str
    memory: str
    run: str

    def command(self, *arguments: str, mounts: Sequence[Path] = (), entry: str | None = None) -> tuple[str, ...]:
        """A container on the network of the machine: the restricted standard of Kubernetes, as far as podman has it."""
        return (
            *(
                *self.base,
                "run",
                "--rm",
                "--label",
                f"run={self.run}",
                "--network",
                "host",
                "--read-only",
                "--read-only-tmpfs=false",
            ),
            *("--tmpfs", f"{SCRATCH}:size=64m,mode=1777", "--cap-drop", "all", "--security-opt", "no-new-privileges"),
            *("--memory", self.memory, "--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"),
            *(part for path in mounts for part in ("--volume", f"{path}:{path}:ro")),
            *(part for name in SETTINGS for part in ("--env", name)),
            *(("--entrypoint", entry) if entry else ()),
            *(self.image, *arguments),
        )

    def remove(self) -> None:
        """End what is left of this run: a container outlives a podman that was killed."""
        listed = (*self.base, "ps", "--all", "--quiet", "--filter", f"label=run={self.run}")
        left = subprocess.run(listed, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
        if left:
            subprocess.run((*self.base, "rm", "--force", *left), check=True, stdout=subprocess.DEVNULL)


#: Variables that are handed to the containers.
SETTINGS: Final = ("LISTENER_BOOTSTRAP_SERVERS", "LISTENER_SECURITY_PROTOCOL", "LISTENER_AUTHOR_KEY")


def rights(podman: Podman) -> dict[str, Any]:
    """What a process in the container may do. Raises CalledProcessError, with podman's words on standard error."""
    command = podman.command("-c", _PROBE, entry="python")
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=120).stdout
    found: dict[str, Any] = json.loads(said)
    return found


def faults(found: dict[str, Any]) -> list[str]:
    """In what the rights are not those that the image promises."""
    writes = found["writes"]
    wrong = {
        f"runs as {found['uid']}:{found['gid']}": (found["uid"], found["gid"]) != (USER, USER),
        "has capabilities": found["capabilities"] != 0,
        "may gain privileges": found["no_new_privileges"] != "1",
        "has no seccomp filter": found["seccomp"] != "2",
        f"cannot write to {SCRATCH}": writes[SCRATCH] != "written",
        "can write to its root": "written" in (writes[""], writes["/opt/listener"], writes["/var"]),
        "has pip": found["pip"],
    }
    return [what for what, is_so in wrong.items() if is_so]


async def count(podman: Podman, kafka: KafkaSettings, replay: Replay, directory: Path) -> Report:
    """Count a replay with containers."""
    program = podman.command(mounts=[replay.campaigns.resolve()])
    async with DemoRun(replay, kafka, Namespace("image-check"), directory, say, program=program) as run:
        return await run.count([campaign.id for campaign in load_campaigns(replay.campaigns).campaigns])


def recounted(replay: Replay) -> dict[str, Any]:
    """The same records counted by the recount."""
    files = ("--input", *map(str, replay.inputs), "--campaigns", str(replay.campaigns))
    command = (sys.executable, "-m", "listener", "recount", "--once", "--json", *files)
    found: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return found


@click.command()
@click.option("--image", default="localhost/listener", show_default=True, help="The image.")
@click.option("--memory", default="1g", show_default=True, help="Memory limit of a container.")
@click.option("--workers", default=2, show_default=True, help="How many workers.")
@click.option(
    "--podman",
    "extra",
    default="--runtime runc --cgroup-manager cgroupfs",
    show_default=True,
    help="Global options of podman.",
)
def main(image: str, memory: str, workers: int, extra: str) -> None:
    """Run the image as it is deployed, and compare what it counts with a recount."""
    program = shutil.which("podman")
    if program is None:
        raise click.ClickException("no podman: install it, and make the image with `make image`")
    podman = Podman((program, *extra.split()), image, memory, uuid.uuid4().hex)
    try:
        wrong = checked(podman, workers)
    finally:
        podman.remove()
    click.echo(f"the image {'; '.join(wrong) or 'has its rights and no more, and counts as the recount does'}")
    sys.exit(bool(wrong))


def checked(podman: Podman, workers: int) -> list[str]:
    """Look inside, count the sample, compare; what is wrong."""
    found = rights(podman)
    click.echo(f"rights: {json.dumps(found)}")
    wrong = faults(found)
    with (
        or_sample(Replay((), FieldMap(), Path(), workers=workers)) as replay,
        tempfile.TemporaryDirectory(prefix="listener-image-") as name,
        EmbeddedKafka() as kafka,
    ):
        counted = json.loads(asyncio.run(count(podman, kafka.settings, replay, Path(name))).to_json())
        expected = recounted(replay)
    wrong += [
        f"{name}: {json.dumps(counted[name])} instead of {json.dumps(expected[name])}"
        for name in ("read", "outcomes", "campaigns", "minutes")
        if counted[name] != expected[name]
    ]
    click.echo(f"counted: {json.dumps(counted['outcomes'])}")
    click.echo(
        "the image " + ("; ".join(wrong) if wrong else "has its rights and no more, and counts as the recount does")
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
