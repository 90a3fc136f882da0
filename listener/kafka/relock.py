"""Renew ``jars.lock`` for other versions: ``python -m listener.kafka.relock > listener/kafka/jars.lock``."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from listener.kafka.jars import Jar, sha256_of

#: What the broker is made of; the binding must have the version of the log4j-core that Kafka brings.
ROOTS = ("org.apache.kafka:kafka_2.13:4.4.0", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5")


def resolve(roots: tuple[str, ...], repository: Path) -> list[Jar]:
    """The jars that the roots need at run time, each root resolved alone, the first to name a jar deciding its version.

    Together they come out wrong: log4j's parent POM manages kafka-clients to an old version.
    """
    from jgo.maven import MavenContext  # noqa: PLC0415 - a tool of the maintainer's

    context = MavenContext(repo_cache=repository)
    found: dict[tuple[str, str], Any] = {}
    for root in roots:
        inputs, transitive = context.resolver.resolve([context.create_dependency(root)])
        needed = [dependency for dependency in transitive if dependency.scope in ("compile", "runtime")]
        for dependency in (*inputs, *needed):
            artifact = dependency.artifact
            found.setdefault((artifact.groupId, artifact.artifactId), artifact)
    return [_locked(artifact) for artifact in found.values()]


def _locked(artifact: Any) -> Jar:
    file: Path = artifact.resolve()
    return Jar(artifact.groupId, artifact.artifactId, artifact.version, file.stat().st_size, sha256_of(file))


def main() -> None:
    """Write a new lock on standard output."""
    with tempfile.TemporaryDirectory() as repository:
        jars = resolve(ROOTS, Path(repository))
    lines = ["# Written by python -m listener.kafka.relock: sha256, size in bytes, Maven coordinates.", *map(str, jars)]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
