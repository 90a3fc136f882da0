"""The demo without an end: it counts until it is told to stop, and then nothing of it is left."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
import requests

from listener.demo.board import BoardProgress
from listener.kafka.admin import admin_client
from listener.kafka.embedded import EmbeddedKafka

pytestmark = pytest.mark.broker


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_it_counts_until_it_is_stopped_and_leaves_nothing(
    number: signal.Signals, broker: EmbeddedKafka, tmp_path: Path
) -> None:
    servers = ",".join(broker.settings.bootstrap_servers)
    process = subprocess.Popen(
        [sys.executable, "-m", "listener", "demo", "--bootstrap-servers", servers],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        text=True,
    )
    assert process.stderr is not None
    url = next(found[1] for line in process.stderr if (found := re.search(r"the page: (http://\S+)/ ", line)))
    # The past day is there at once, and then it goes on.
    first = read_past(url, 4_000)
    later = read_past(url, first + 20)
    assert requests.get(f"{url}/metrics", timeout=30).ok
    children = descendants(process.pid)
    assert len(children) >= 2
    process.send_signal(number)
    out, _ = process.communicate(timeout=120)
    assert (process.returncode, out) == (0, "")
    assert later > first
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
    assert list(tmp_path.iterdir()) == []
    with admin_client(broker.settings) as admin:
        assert [name for name in admin.list_topics() if name.startswith("demo-")] == []


def test_a_worker_that_gives_up_ends_the_demo_with_its_reason(broker: EmbeddedKafka, tmp_path: Path) -> None:
    (tmp_path / "bad.ndjson").write_bytes(b"no json\n" * 3_000)
    (tmp_path / "a.yaml").write_text("id: a\nkeywords: [a]\n", encoding="utf-8")
    servers = ",".join(broker.settings.bootstrap_servers)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "listener", "demo", "--bootstrap-servers", servers),
            *("--input", str(tmp_path / "bad.ndjson"), "--campaigns", str(tmp_path)),
        ],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    assert "worker-0 process ended (exit code 3)" in done.stderr
    assert "Traceback" not in done.stderr


def read_past(url: str, wanted: int) -> int:
    """Wait until more records than that are counted; how many."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        answer = requests.get(f"{url}/api/progress", timeout=30)
        read = msgspec.json.decode(answer.content, type=BoardProgress).read
        if read > wanted:
            return read
        time.sleep(0.1)
    raise AssertionError(f"{wanted} records were not counted in time")


def descendants(pid: int) -> list[int]:
    """All processes below one; Linux only."""
    if sys.platform != "linux":
        pytest.skip("needs /proc")
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *descendants(int(child))]
    return found
