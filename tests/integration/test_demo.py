"""The whole product on real posts, against the independent recount: every total and every minute, to the unit."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest

from listener.campaigns.files import load_campaigns
from listener.demo.run import DemoRun
from listener.errors import UsageProblem
from listener.inputs.fieldmap import FieldMap
from listener.inputs.options import Replay
from listener.inputs.reading import partition, read_records
from listener.inputs.records import InputRecord
from listener.kafka.admin import admin_client
from listener.kafka.embedded import EmbeddedKafka
from listener.recount.counting import recount
from listener.recount.report import Report
from models.topics import Namespace
from processors.match import Matcher

pytestmark = pytest.mark.broker

CAMPAIGNS = Path(__file__).resolve().parents[1] / "campaigns" / "real"
#: Past every observation of the real data, in epoch milliseconds.
NOW_MS = 1_790_000_000_000

Progress = Callable[[DemoRun, int], None]


@dataclass
class Bench:
    """A broker, names that nobody else uses, and a directory for logs."""

    broker: EmbeddedKafka
    namespace: Namespace
    directory: Path
    said: list[str] = field(default_factory=list)

    def run(self, replay: Replay, on_progress: Progress | None = None, pace: "Throttle | None" = None) -> Report:
        demo = DemoRun(
            replay, self.broker.settings, self.namespace, self.directory, self.said.append, on_progress, pace
        )

        async def scenario() -> Report:
            async with demo:
                return await demo.count(campaign.id for campaign in load_campaigns(replay.campaigns).campaigns)

        return asyncio.run(scenario())


@pytest.fixture
def bench(broker: EmbeddedKafka, namespace: Namespace, tmp_path: Path) -> Bench:
    return Bench(broker, namespace, tmp_path)


@pytest.fixture(scope="session")
def twitter(data_dir: Path) -> Replay:
    """41,126 Persian posts in arrival order, 9 % of them out of order."""
    return replay([data_dir / "posts_twitter_2018" / "train.jsonl"], "post_id=id,created_at=ts")


@pytest.fixture(scope="session")
def news(data_dir: Path) -> Replay:
    """English news posts with likes and shares."""
    files = sorted((data_dir / "posts_news_tweets_en").glob("*.jsonl"))
    return replay(files, "post_id=id,created_at=ts,counts.likes=likes,counts.shares=shares")


@pytest.fixture(scope="session")
def instagram(data_dir: Path) -> Replay:
    """Persian posts with likes, views and comments, and fields of their own named like ours."""
    file = data_dir / "posts_instagram_khabarfouri" / "train.jsonl"
    return replay([file], "post_id=id,created_at=ts,counts.likes=likes,counts.views=views,counts.comments=comments")


def replay(inputs: list[Path], field_map: str, *, workers: int = 1) -> Replay:
    return Replay(tuple(inputs), FieldMap.parse([field_map]), CAMPAIGNS, workers=workers)


def expected(source: Replay) -> Report:
    campaigns = load_campaigns(source.campaigns)
    records = read_records(source.inputs, source.field_map)
    rows = ((partition(record.key, source.partitions), record.value, NOW_MS, record.topic) for record in records)
    return recount(rows, campaigns, Matcher(campaigns), retention=source.retention).report()


@dataclass
class Throttle:
    """So many records a second, and never more than ``ahead`` of what is allowed."""

    per_second: float
    allowed: float = float("inf")
    began: float | None = None

    def wait_s(self, record: InputRecord, number: int, now: float) -> float:
        del record
        if number >= self.allowed:
            return 0.05
        if self.began is None:
            self.began = now
        return self.began + number / self.per_second - now


@dataclass
class Killer:
    """Kills the first worker with -9 each time when so many records are counted; more are sent only after that."""

    points: list[int]
    pace: Throttle
    ahead: int
    for_good: bool = False
    kills: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._allow()

    def __call__(self, run: DemoRun, read: int) -> None:
        if self.points and read >= self.points[0] and run.workers[0].running:
            del self.points[0]
            run.kill_worker(0, for_good=self.for_good)
            self.kills.append(read)
            self._allow()

    def _allow(self) -> None:
        self.pace.allowed = self.points[0] + self.ahead if self.points else float("inf")


def killer(total: int, *shares: float, for_good: bool = False) -> Killer:
    return Killer([int(total * share) for share in shares], Throttle(4000), ahead=total // 8, for_good=for_good)


@pytest.mark.data
@pytest.mark.parametrize("name", ["twitter", "news", "instagram"])
def test_real_posts_are_counted_as_the_recount_says(name: str, bench: Bench, request: pytest.FixtureRequest) -> None:
    source: Replay = request.getfixturevalue(name)
    wanted = expected(source)
    assert len(wanted.campaigns) >= 30
    assert wanted.outcomes["counted"] > 200
    assert bench.run(source) == wanted


@pytest.mark.data
def test_with_retention_the_same_minutes_are_left(bench: Bench, twitter: Replay) -> None:
    source = replace(twitter, retention=True)
    wanted = expected(source)
    assert len(wanted.minutes) < len(expected(twitter).minutes)
    assert bench.run(source) == wanted


@pytest.mark.data
def test_a_worker_killed_three_times_counts_the_same(bench: Bench, twitter: Replay) -> None:
    wanted = expected(twitter)
    kill = killer(wanted.read, 0.20, 0.45, 0.70)
    assert bench.run(twitter, kill, kill.pace) == wanted
    assert len(kill.kills) == 3
    assert sum("exit code -9" in line for line in bench.said) == 3


@pytest.mark.data
def test_two_workers_count_the_same(bench: Bench, news: Replay) -> None:
    assert bench.run(replace(news, workers=2)) == expected(news)


@pytest.mark.data
def test_one_of_two_workers_killed_for_good_counts_the_same(bench: Bench, twitter: Replay) -> None:
    wanted = expected(twitter)
    kill = killer(wanted.read, 0.3, for_good=True)
    assert bench.run(replace(twitter, workers=2), kill, kill.pace) == wanted
    assert len(kill.kills) == 1


@pytest.mark.data
def test_a_worker_that_joins_on_the_way_counts_the_same(bench: Bench, twitter: Replay) -> None:
    wanted = expected(twitter)

    def join(run: DemoRun, read: int) -> None:
        if read >= wanted.read // 4 and len(run.workers) == 1:
            run.add_worker()

    assert bench.run(twitter, join, Throttle(4000)) == wanted


def lines(file: Path, *values: bytes) -> Replay:
    file.write_bytes(b"\n".join(values) + b"\n")
    return Replay((file,), FieldMap(), CAMPAIGNS)


def post(number: int, created: str = "2018-05-05T18:46:39Z", rest: str = '"text":"تلگرام"') -> bytes:
    return f'{{"post_id":"p{number}","platform":"twitter","created_at":"{created}",{rest}}}'.encode()


def test_hostile_records_have_the_outcomes_of_the_documentation(bench: Bench, tmp_path: Path) -> None:
    source = lines(
        tmp_path / "hostile.jsonl",
        post(1),
        b"",
        post(2).replace(b"twitter", b"\xff\xfe"),
        post(3, rest=r'"text":"تلگرام \ud800"'),
        post(4, rest='"text":7,"lang":"تلگرام"'),
        post(5, rest='"text":"تلگرام","x":' + "[" * 5000 + "]" * 5000),
        post(6, rest='"text":"' + "تلگرام " * 200_000 + '"'),
        post(7, created="1970-01-01T00:00:00Z"),
        post(8, created="9999-12-31T23:59:59Z"),
        post(9, rest='"text":"no campaign","hashtags":7').replace(b"twitter", b"forum"),
        post(11, created="0001-01-01T00:00:00+05:00"),
        b"{}",
        b'{"topic":"social.posts.v1","record":' + post(10) + b"}",
        post(1),
    )
    report = bench.run(source)
    assert report == expected(source)
    assert report.outcomes == {"counted": 3, "unmatched": 1, "stale": 0, "duplicate": 1, "late": 0, "invalid": 8}
    assert {row.start for row in report.minutes} == {"1970-01-01T00:00:00Z", "2018-05-05T18:46:00Z"}


def test_a_flood_of_invalid_records_ends_the_demo_with_the_workers_message(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"worker-0 process ended \(exit code 3\)[^$]*dead letters"):
        bench.run(lines(tmp_path / "bad.jsonl", *[b"no json"] * 3000))


def command(name: str, source: Replay, field_map: str, *more: str) -> list[str]:
    inputs = [str(file) for file in source.inputs]
    options = ["--once", "--json", "--input", *inputs, "--map", field_map, "--campaigns", str(source.campaigns)]
    return [sys.executable, "-m", "listener", name, *options, *more]


@pytest.mark.data
def test_both_commands_print_the_same_json_and_leave_nothing_behind(instagram: Replay, tmp_path: Path) -> None:
    field_map = "post_id=id,created_at=ts,counts.likes=likes,counts.views=views,counts.comments=comments"
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    demo, batch = (
        subprocess.run(command(name, instagram, field_map), capture_output=True, env=environment, check=False)
        for name in ("demo", "recount")
    )
    assert (demo.returncode, batch.returncode) == (0, 0), demo.stderr.decode()
    assert demo.stdout == batch.stdout
    assert demo.stdout.count(b"\n") == 1
    assert msgspec.json.decode(demo.stdout, type=Report) == expected(instagram)
    assert list(tmp_path.iterdir()) == []


def test_on_a_cluster_of_others_its_topics_and_group_go_at_the_end(broker: EmbeddedKafka, tmp_path: Path) -> None:
    servers = ",".join(broker.settings.bootstrap_servers)
    source = lines(tmp_path / "posts.jsonl", post(1), post(2))
    with admin_client(broker.settings) as admin:
        before = set(admin.list_topics())
        done = subprocess.run(
            command("demo", source, "text=text", "--bootstrap-servers", servers), capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        assert msgspec.json.decode(done.stdout, type=Report) == expected(source)
        assert set(admin.list_topics()) <= before | {"__consumer_offsets"}
        assert [group for group in admin.list_groups() if group["group_id"].startswith("demo-")] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_no_process_and_no_file(number: signal.Signals, tmp_path: Path) -> None:
    source = lines(tmp_path / "posts.jsonl", post(1), post(2, created="2018-05-06T18:46:39Z"))
    left = tmp_path / "tmp"
    left.mkdir()
    process = subprocess.Popen(
        command("demo", source, "text=text", "--speed", "1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(left)},
    )
    assert process.stderr is not None
    for line in process.stderr:
        if b"1 counted" in line:
            break
    children = descendants(process.pid)
    assert len(children) >= 3
    process.send_signal(number)
    out, _ = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, b"")
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
    assert list(left.iterdir()) == []


def descendants(pid: int) -> list[int]:
    """All processes below one; Linux only."""
    if sys.platform != "linux":
        pytest.skip("needs /proc")
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *descendants(int(child))]
    return found
