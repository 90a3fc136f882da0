"""``python -m tests.bench.first_run``: seconds from clone to the first number, as a new user has them.

A fresh clone of the repository in a temporary directory, then the README's two commands: ``make install`` and
``make demo``. The first number is there when the board says that a record is counted. Once with nothing cached (no pip
cache, no jars of Kafka) and once with both: the second user on the machine, or the second clone. Nothing of the
environment of this program is used but the interpreter and the network.
"""

import argparse
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

OUT: Final = Path("build/first_run.json")
PATIENCE_S: Final = 1_800.0
_PAGE: Final = re.compile(r"the page: (http://[^/ ]+)/")
_POLL_S: Final = 0.1


@dataclass(frozen=True)
class Run:
    """Seconds of each step; ``first_number`` is from the begin of the clone."""

    cache: str
    clone: float
    install: float
    demo_to_number: float
    first_number: float
    load_before: float


def say(text: str) -> None:
    """Progress, apart from the result."""
    print(text, file=sys.stderr, flush=True)


def environment(home: Path, *, cold: bool) -> Mapping[str, str]:
    """The caller's, without what points at its own Python; cold: caches of its own, and none for pip."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("LISTENER_", "VIRTUAL_ENV"))}
    mine["TMPDIR"] = str(home / "tmp")
    return mine | ({"PIP_NO_CACHE_DIR": "1", "XDG_CACHE_HOME": str(home / "cache")} if cold else {})


def timed(work: Callable[[], Any]) -> float:
    """Seconds that it takes."""
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def measure(repository: str, python: str, *, cold: bool) -> Run:
    """One new user."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="listener-first-run-") as directory:
        home = Path(directory)
        (home / "tmp").mkdir()
        variables, place = environment(home, cold=cold), home / "clone"

        def run(*command: str, cwd: Path = home) -> None:
            subprocess.run(command, cwd=cwd, env=variables, check=True, stdout=sys.stderr)

        begin = time.monotonic()
        clone = timed(lambda: run("git", "clone", "--quiet", repository, str(place)))
        install = timed(lambda: run("make", "install", f"PYTHON={python}", cwd=place))
        demo = timed(lambda: first_number(place, variables, python))
        whole = time.monotonic() - begin
    return Run("cold" if cold else "warm", clone, install, demo, whole, load)


def first_number(place: Path, variables: Mapping[str, str], python: str) -> None:
    """``make demo`` until something is counted, then SIGTERM (in the background SIGINT may be ignored)."""
    process = subprocess.Popen(
        ["make", "demo", f"PYTHON={python}"],
        cwd=place,
        env=variables,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    try:
        url = next(found[1] for line in echoed(process.stderr) if (found := _PAGE.search(line)))
        threading.Thread(target=lambda: list(echoed(process.stderr)), daemon=True).start()
        deadline = time.monotonic() + PATIENCE_S
        while not counted(url):
            if time.monotonic() > deadline:
                raise TimeoutError("nothing was counted")
            time.sleep(_POLL_S)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def echoed(stream: IO[str] | None) -> Any:
    """The lines, shown as they come."""
    for line in stream or ():
        say(line.rstrip())
        yield line


def counted(url: str) -> bool:
    """Whether some campaign has a mention."""
    try:
        with urllib.request.urlopen(f"{url}/api/campaigns", timeout=5) as answer:
            campaigns = json.load(answer)["campaigns"]
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
    return any(campaign["totals"]["mentions"] for campaign in campaigns)


def main() -> None:
    """Measure and write ``build/first_run.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repository", default=str(Path(__file__).resolve().parents[2]))
    parser.add_argument("--python", default=getattr(sys, "_base_executable", sys.executable))
    parser.add_argument("--cache", choices=("cold", "warm", "both"), default="both")
    parser.add_argument("--out", type=Path, default=OUT)
    chosen = parser.parse_args()
    kinds = ("cold", "warm") if chosen.cache == "both" else (chosen.cache,)
    runs = [asdict(measure(chosen.repository, chosen.python, cold=kind == "cold")) for kind in kinds]
    result = {
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "runs": runs,
    }
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
