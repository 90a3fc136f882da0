import hashlib
from pathlib import Path

import pytest
import requests

from listener.errors import UsageProblem
from listener.kafka.jars import Jar, class_path, jar_directory, locked_jars


def content(name: str) -> bytes:
    return f"the bytes of {name}".encode()


def pinned(name: str) -> Jar:
    return Jar("org.example", name, "1.0", len(content(name)), hashlib.sha256(content(name)).hexdigest())


JARS = (pinned("broker"), pinned("clients"), pinned("logging"))


class Repository:
    """Serves what it is told to and remembers who asked."""

    def __init__(self, **replaced: bytes) -> None:
        self.replaced = replaced
        self.served: list[str] = []

    def __call__(self, jar: Jar, scratch: Path) -> Path:
        self.served.append(jar.artifact)
        scratch.mkdir(exist_ok=True, parents=True)
        file = scratch / jar.file_name
        file.write_bytes(self.replaced.get(jar.artifact, content(jar.artifact)))
        return file


def unreachable(jar: Jar, scratch: Path) -> Path:
    raise requests.ConnectionError


def test_lock_holds_one_version_of_kafka() -> None:
    jars = locked_jars()
    assert jars[0].artifact == "kafka_2.13"
    # A resolver once mixed an old client library in: the broker would die at its first missing method.
    assert {jar.version for jar in jars if jar.group == "org.apache.kafka"} == {jars[0].version}
    log4j = {jar.version for jar in jars if jar.group == "org.apache.logging.log4j"}
    assert len(log4j) == 1
    assert len({(jar.group, jar.artifact) for jar in jars}) == len(jars)


def test_line_of_the_lock_reads_back() -> None:
    assert Jar.parse(str(JARS[0])) == JARS[0]


def test_second_start_needs_no_repository(tmp_path: Path) -> None:
    said: list[str] = []
    first = class_path(tmp_path, said.append, JARS, Repository())
    assert [file.name for file in first] == ["broker-1.0.jar", "clients-1.0.jar", "logging-1.0.jar"]
    assert [file.read_bytes() for file in first] == [content(jar.artifact) for jar in JARS]
    assert class_path(tmp_path, said.append, JARS, unreachable) == first
    assert len(said) == 1, "the second start has nothing to say"
    assert sorted(path.name for path in tmp_path.iterdir()) == [jar_directory(tmp_path, JARS).name]


def test_no_network_and_no_cache_tells_how_to_prepare_it(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="--fetch-only"):
        class_path(tmp_path, print, JARS, unreachable)
    assert list(tmp_path.iterdir()) == []


def test_other_bytes_than_the_pinned_ones_are_not_kept(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"clients-1\.0\.jar"):
        class_path(tmp_path, print, JARS, Repository(clients=b"something else"))
    assert list(tmp_path.iterdir()) == []


def test_truncated_cache_is_filled_again(tmp_path: Path) -> None:
    truncated = class_path(tmp_path, print, JARS, Repository())[1]
    truncated.write_bytes(b"half")
    repository = Repository()
    assert class_path(tmp_path, print, JARS, repository)[1].read_bytes() == content("clients")
    assert sorted(repository.served) == ["broker", "clients", "logging"]


def test_another_lock_is_another_directory(tmp_path: Path) -> None:
    class_path(tmp_path, print, JARS, Repository())
    class_path(tmp_path, print, JARS[:2], Repository())
    assert len(list(tmp_path.iterdir())) == 2


def test_two_first_starts_at_once(tmp_path: Path) -> None:
    def overtaken(jar: Jar, scratch: Path) -> Path:
        if jar == JARS[-1]:
            class_path(tmp_path, print, JARS, Repository())
        return Repository()(jar, scratch)

    files = class_path(tmp_path, print, JARS, overtaken)
    assert [file.read_bytes() for file in files] == [content(jar.artifact) for jar in JARS]
    assert len(list(tmp_path.iterdir())) == 1


def test_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageProblem, match="cache directory"):
        class_path(tmp_path / "file" / "cache", print, JARS, Repository())
