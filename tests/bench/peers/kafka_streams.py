"""Kafka Streams: its Java source beside this file, compiled at the first use. Needs a JDK and Maven."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tests.bench.peers.common import figures_in
from tests.bench.posts import campaign_set
from tests.bench.processes import run_measured

HOME: Final = Path("build/peers/streams")
SOURCE: Final = Path(__file__).parent / "streams"


def prepare() -> None:
    """Its jars, from Maven, and its classes."""
    for program in ("mvn", "javac", "java"):
        if shutil.which(program) is None:
            raise SystemExit(f"kafka_streams needs {program}; leave it out with --peers")
    if not (HOME / "jars").exists():
        copy = ("dependency:copy-dependencies", f"-DoutputDirectory={(HOME / 'jars').absolute()}")
        subprocess.run(["mvn", "-q", "-f", str(SOURCE / "pom.xml"), *copy], check=True)
    classes = ("-cp", f"{HOME}/jars/*", "-d", str(HOME / "classes"), str(SOURCE / "Peer.java"))
    subprocess.run(["javac", *classes], check=True)


def measure(server: str, topic: str, posts: int, keywords: int, mentions: int) -> dict[str, float]:
    """One run, in a virtual machine of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        names = Path(scratch) / "keywords.tsv"
        lines = (f"{keyword}\t{one.id}\n" for one in campaign_set(keywords).campaigns for keyword in one.keywords)
        names.write_text("".join(lines), encoding="utf-8")
        command = ["java", "-cp", f"{HOME}/jars/*:{HOME}/classes", "Peer", server, topic]
        arguments = [str(posts), str(mentions), str(names), str(Path(scratch) / "state")]
        done, peak = run_measured([*command, *arguments])
    return figures_in("kafka_streams", done) | {"peak_mb": peak}
