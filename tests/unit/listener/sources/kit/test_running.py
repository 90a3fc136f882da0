"""Output and runner: acknowledged, then saved; again after faults; stopped in good order."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from listener.errors import Halt, UsageProblem
from listener.sources.kit.backoff import FullJitter
from listener.sources.kit.config import load_source
from listener.sources.kit.errors import RateLimited, Refused, SourceFault
from listener.sources.kit.output import Outgoing, Output
from listener.sources.kit.runner import run_connector
from listener.sources.kit.secrets import Secret
from listener.sources.kit.stats import SourceCollector, Stats
from listener.sources.networks.jetstream import BlueskyConfig
from listener.sources.records import UNNAMED, Problem
from models.post import Post
from tests.unit.listener.sources.rig import NOW, RANDOM, MemorySink, output


def post(number: int, **more: Any) -> Post:
    fields = {"post_id": f"forum:{number}", "platform": "forum", "created_at": NOW - timedelta(minutes=5), "text": "x"}
    return Post(event_id=UNNAMED, schema_version=1, observed_at=NOW, op="create", **fields | more)  # type: ignore[arg-type]


class Script:
    """A connector that does one thing after the other."""

    topics = ("social.posts.v1",)

    def __init__(self, *acts: Callable[[Output], Any] | Exception) -> None:
        self.acts = list(acts)

    async def run(self, out: Output) -> None:
        while self.acts:
            act = self.acts.pop(0)
            if isinstance(act, Exception):
                raise act
            await act(out)


def run(script: Script, out: Output, stop: asyncio.Event | None = None) -> None:
    async def scenario() -> None:
        jitter = FullJitter(RANDOM, first=0.0001, longest=0.001)
        await run_connector(script, out, stop or asyncio.Event(), RANDOM, jitter)

    asyncio.run(scenario())


def test_sound_records_are_sent_and_the_rest_is_counted_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    sink = MemorySink()
    out = output(sink)
    results = [post(1), Problem("rubbish"), Problem("private", ignored=True), post(3, post_id="x" * 600)]
    run(Script(lambda o: o.write(results, {"": 7}, "here: ")), out)
    assert sink.keys == ["forum:1"]
    assert sink.cursors == {"": 7}
    assert dict(out.stats.results) == {"produced": 1, "invalid": 2, "ignored": 1}
    assert "test: here: rubbish" in caplog.text
    assert "length <= 512 - at `$.post_id`" in caplog.text
    assert out.stats.lag == 300


def test_reasons_are_not_logged_without_end(caplog: pytest.LogCaptureFixture) -> None:
    out = output(MemorySink())
    run(Script(lambda o: o.write([Problem("rubbish")] * 500)), out)
    assert (out.stats.results["invalid"], caplog.text.count("rubbish")) == (500, 20)


def test_no_cursor_is_saved_before_its_records_are_acknowledged() -> None:
    def refuse(_records: Sequence[Outgoing]) -> None:
        raise Halt("Kafka is away")

    sink = MemorySink(on_send=refuse)
    with pytest.raises(Halt, match="away"):
        run(Script(lambda o: o.write([post(1)], {"": 1})), output(sink))
    assert sink.cursors == {}


def test_cursors_are_saved_now_and_then_and_at_the_end() -> None:
    saves: list[dict[str, Any]] = []

    class Watched(MemorySink):
        async def save(self, cursors: Any) -> None:
            saves.append(dict(cursors))

    moment = [0.0]
    out = Output(Watched(), Stats("test"), save_every=1.0, monotonic=lambda: moment[0])

    async def many(o: Output) -> None:
        for number in range(10):
            moment[0] += 0.3
            await o.write([post(number)], {"": number})

    run(Script(many), out)
    assert saves == [{"": 3}, {"": 7}, {"": 9}]


def test_faults_are_waited_out_and_counted() -> None:
    sink = MemorySink()
    out = output(sink)
    script = Script(SourceFault("lost"), RateLimited("slow", 0.01), lambda o: o.write([post(1)]))
    run(script, out)
    assert (out.stats.reconnects, out.stats.rate_limited, len(sink.records)) == (2, 1, 1)


@pytest.mark.parametrize("error", [Refused("no"), UsageProblem("no"), Halt("no")])
def test_what_does_not_pass_ends_it(error: Exception) -> None:
    with pytest.raises(type(error), match="no"):
        run(Script(error), output(MemorySink()))


def test_a_stop_saves_what_was_reached() -> None:
    async def scenario() -> None:
        sink, stop = MemorySink(), asyncio.Event()
        out = Output(sink, Stats("test"), save_every=1e9)

        async def endless(o: Output) -> None:
            await o.write([post(1)], {"": 1})
            stop.set()
            await asyncio.sleep(60)

        await run_connector(Script(endless), out, stop, RANDOM)
        assert sink.cursors == {"": 1}

    asyncio.run(scenario())


def test_full_jitter_grows_to_its_bound_and_begins_anew() -> None:
    class Highest(Random):
        def uniform(self, a: float, b: float) -> float:
            assert a == 0
            return b

    jitter = FullJitter(Highest(), first=1, longest=10)
    assert [jitter.next() for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    jitter.reset()
    assert jitter.next() == 1
    for _ in range(2000):
        assert jitter.next() <= 10


def test_the_metrics_are_the_declared_ones() -> None:
    stats = Stats("press", connected=True, reconnects=2)
    stats.results.update(produced=5, invalid=1)
    stats.saw(NOW, NOW + timedelta(seconds=9))
    stats.answered(lambda: 4.0)
    registry = CollectorRegistry()
    registry.register(SourceCollector(stats))
    page = generate_latest(registry).decode()
    for line in (
        'listener_source_records_total{result="produced",source="press"} 5.0',
        'listener_source_lag_seconds{source="press"} 9.0',
        'listener_source_reconnects_total{source="press"} 2.0',
        'listener_source_last_answer_timestamp_seconds{source="press"} 4.0',
        'listener_source_connected{source="press"} 1.0',
    ):
        assert line in page


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", "one")
    (tmp_path / "token").write_text("two\n")
    assert Secret(env="A_TOKEN").read("token", tmp_path) == "one"
    assert Secret(file="token").read("token", tmp_path) == "two"
    (tmp_path / "empty").write_text("\n")
    for secret, what in (
        (Secret(), "give either"),
        (Secret(env="A", file="b"), "give either"),
        (Secret(env="NOT_SET_HERE"), "is empty"),
        (Secret(file="nowhere"), "cannot be read"),
        (Secret(file="empty"), "is empty"),
    ):
        with pytest.raises(UsageProblem, match=f"token: .*{what}"):
            secret.read("token", tmp_path)


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "sources.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_source_of_a_file_and_one_without(tmp_path: Path) -> None:
    file = write(tmp_path, "sources:\n  sky:\n    kind: bluesky\n    langs: [fa]\n  feeds: {once: true}\n")
    assert load_source("sky", file) == BlueskyConfig(langs=["fa"])
    assert load_source("feeds", file).once is True  # type: ignore[attr-defined]
    assert load_source("bluesky", None) == BlueskyConfig()


@pytest.mark.parametrize(
    ("text", "name", "what"),
    [
        ("sources:\n  sky:\n    kind: bluesky\n    idle_s: soon\n", "sky", r"sources.yaml:4: idle_s: Expected `float`"),
        ("sources:\n  sky:\n    kind: bluesky\n    ilde_s: 3\n", "sky", r"sources.yaml:3: bluesky: .*`ilde_s`"),
        ("sources:\n  press:\n    kind: feeds\n    feeds:\n    - url: 5\n", "press", r"sources.yaml:5: feeds\[0\].url"),
        ("sources:\n  sky: {kind: x}\n", "sky", "sources.sky.kind: 'x' is none of"),
        ("sources:\n  sky: {kind: bluesky}\n", "moon", "no source 'moon'; there are: sky"),
        ("sources:\n  Sky!: {kind: bluesky}\n", "Sky!", "a source's name is"),
        ("sources:\n  sky: bluesky\n", "sky", "give `kind"),
        ("[1]\n", "sky", "`sources:` with one entry"),
        ("a: [\n", "sky", "cannot be read"),
    ],
)
def test_mistakes_are_named_with_file_line_and_field(text: str, name: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=what):
        load_source(name, write(tmp_path, text))


def test_a_name_that_is_neither_configured_nor_a_kind() -> None:
    with pytest.raises(UsageProblem, match="is no kind of source"):
        load_source("moon", None)
