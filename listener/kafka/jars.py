"""The broker's jar files: pinned by digest in ``jars.lock``, downloaded once, then used without a network.

A lock (instead of resolving Maven's dependency graph on each machine) makes the first start twice as fast and the
broker the same bytes everywhere.
"""

import hashlib
import logging
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import platformdirs

from listener.errors import UsageProblem

log = logging.getLogger("listener.kafka.jars")

_PARALLEL_DOWNLOADS = 8
#: Between two words about how far the download is, in seconds.
_TELL_S = 0.5
_MB = 1_000_000


@dataclass(frozen=True)
class Jar:
    """One pinned jar: Maven coordinates, size in bytes and SHA-256 of the file."""

    group: str
    artifact: str
    version: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        """The name in the cache, as Maven names it."""
        return f"{self.artifact}-{self.version}.jar"

    @classmethod
    def parse(cls, line: str) -> "Jar":
        """The jar of one line of the lock: ``sha256 size group:artifact:version``."""
        sha256, size, coordinates = line.split()
        group, artifact, version = coordinates.split(":")
        return cls(group, artifact, version, int(size), sha256)

    def __str__(self) -> str:
        return f"{self.sha256} {self.size} {self.group}:{self.artifact}:{self.version}"


def locked_jars() -> tuple[Jar, ...]:
    """The jars of the pinned Kafka, in class path order."""
    lines = files("listener.kafka").joinpath("jars.lock").read_text(encoding="utf-8").splitlines()
    return tuple(Jar.parse(line) for line in lines if line and not line.startswith("#"))


def default_cache() -> Path:
    """Where downloads are kept between runs."""
    return platformdirs.user_cache_path("listener")


def jar_directory(cache: Path, jars: tuple[Jar, ...]) -> Path:
    """The directory of exactly these jars: another lock means another directory, so versions never mix."""
    digest = hashlib.sha256("\n".join(map(str, jars)).encode()).hexdigest()
    return cache / f"kafka-{jars[0].version}-{digest[:12]}"


def class_path(
    cache: Path | None = None,
    progress: Callable[[str], None] = log.info,
    jars: tuple[Jar, ...] | None = None,
    fetch: Callable[[Jar, Path], Path] | None = None,
) -> tuple[Path, ...]:
    """The jar files to run a broker with, downloaded first if the cache does not hold them.

    A complete cache costs one ``stat`` per jar and no network. Raises UsageProblem when the jars can be neither found
    nor downloaded, or the cache cannot be written.
    """
    jars = jars or locked_jars()
    target = jar_directory(cache or default_cache(), jars)
    if not _complete(target, jars):
        _fill(target, jars, fetch or download, progress)
    return tuple(target / jar.file_name for jar in jars)


def download(jar: Jar, scratch: Path) -> Path:
    """Fetch one jar from the Maven repository into a scratch directory.

    ``scratch`` must be empty at first: the library takes a half-written file there for a finished one.
    """
    from jgo.maven import MavenContext  # noqa: PLC0415 - only a cold cache needs it

    component = MavenContext(repo_cache=scratch).project(jar.group, jar.artifact).at_version(jar.version)
    file: Path = component.artifact().resolve()
    return file


def sha256_of(file: Path) -> str:
    """The hexadecimal SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _complete(directory: Path, jars: tuple[Jar, ...]) -> bool:
    try:
        return all((directory / jar.file_name).stat().st_size == jar.size for jar in jars)
    except OSError:
        return False


def _fill(
    target: Path, jars: tuple[Jar, ...], fetch: Callable[[Jar, Path], Path], progress: Callable[[str], None]
) -> None:
    """Build the directory aside and rename it, so that a run cut short or a second run leaves no half of it."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as scratch:
            ready = Path(scratch, "ready")
            ready.mkdir()
            with _told(Path(scratch), jars, progress):
                _fetch_all(jars, Path(scratch, "maven"), ready, fetch)
            _publish(ready, target, jars)
    except OSError as error:
        raise UsageProblem(f"the cache directory {target.parent} cannot be used: {error}.") from error


@contextmanager
def _told(scratch: Path, jars: tuple[Jar, ...], progress: Callable[[str], None]) -> Iterator[None]:
    """Say how many bytes have come, while they come."""
    whole = sum(jar.size for jar in jars) / _MB
    step = f"fetching Kafka {jars[0].version} (once, {len(jars)} files)"
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_TELL_S):
            progress(f"{step}: {min(_bytes_below(scratch) / _MB, whole):.1f} of {whole:.1f} MB")

    progress(f"{step}: {whole:.1f} MB")
    watcher = threading.Thread(target=watch, name="jars", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _bytes_below(directory: Path) -> int:
    """How much is there now; files come and go meanwhile."""
    total = 0
    for file in directory.rglob("*.jar*"):
        with suppress(OSError):
            total += file.stat().st_size
    return total


def _publish(ready: Path, target: Path, jars: tuple[Jar, ...]) -> None:
    if _complete(target, jars):
        return
    shutil.rmtree(target, ignore_errors=True)
    try:
        ready.rename(target)
    except OSError:
        # Another process was faster; its files were checked against the same digests.
        if not _complete(target, jars):
            raise


def _fetch_all(jars: tuple[Jar, ...], scratch: Path, ready: Path, fetch: Callable[[Jar, Path], Path]) -> None:
    def one(jar: Jar) -> None:
        file = _fetched(jar, scratch, fetch)
        if (found := sha256_of(file)) != jar.sha256:
            raise UsageProblem(
                f"{jar.file_name} as downloaded is not the pinned one (sha256 {found}); nothing is kept."
            )
        file.rename(ready / jar.file_name)

    with ThreadPoolExecutor(_PARALLEL_DOWNLOADS) as pool:
        running = [pool.submit(one, jar) for jar in jars]
        try:
            for future in running:
                future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _fetched(jar: Jar, scratch: Path, fetch: Callable[[Jar, Path], Path]) -> Path:
    import requests  # noqa: PLC0415 - only a cold cache needs it

    try:
        return fetch(jar, scratch)
    except (requests.RequestException, RuntimeError) as error:
        # RuntimeError: jgo's word for a file that the repository does not have.
        raise UsageProblem(
            f"Kafka is not in the cache and {jar.file_name} cannot be downloaded ({type(error).__name__}). "
            "Run `listener kafka --fetch-only` once where the network reaches Maven Central "
            f"(or copy the cache directory {default_cache()} from a machine that has it), or name a running cluster "
            "with --bootstrap-servers."
        ) from error
