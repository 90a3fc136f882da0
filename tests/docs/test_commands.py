"""Every command of the documentation is run, or says why it is not."""

import uuid
from pathlib import Path

import pytest

from listener.kafka.embedded import EmbeddedKafka
from tests.docs.blocks import KNOWN, Page, page_paths, pages, read_page
from tests.docs.running import Reader

PAGES = [page for page in pages() if page.runs]


def ids(page: Page) -> str:
    return page.name


@pytest.mark.parametrize("page", [page for page in PAGES if not page.needs_kafka], ids=ids)
def test_the_commands_of_a_page_do_what_it_says(page: Page, tmp_path: Path) -> None:
    with Reader(page, tmp_path) as reader:
        reader.read()


@pytest.mark.broker
@pytest.mark.parametrize("page", [page for page in PAGES if page.needs_kafka], ids=ids)
def test_the_commands_of_a_page_do_what_it_says_with_kafka(page: Page, tmp_path: Path, broker: EmbeddedKafka) -> None:
    unique = f"d{uuid.uuid4().hex[:10]}"
    variables = broker.settings.environment() | {"LISTENER_APP": unique, "LISTENER_TOPIC_PREFIX": f"{unique}."}
    with Reader(page, tmp_path, variables) as reader:
        reader.read()
    assert list((tmp_path / "tmp").iterdir()) == [], "something was left behind"


def test_what_is_not_run_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    left_out = [(page, block) for page in pages() for block in page.blocks if block.not_run is not None]
    with capsys.disabled():
        print(f"\n{len(left_out)} blocks of the documentation are not run:")  # noqa: T201
        for page, block in left_out:
            print(f"  {page.name}:{block.line}: {block.not_run}")  # noqa: T201
    assert all(block.not_run for _, block in left_out)
    run = sum(block.not_run is None for page in pages() for block in page.blocks)
    assert run > len(left_out)


def test_every_comment_above_a_block_is_understood() -> None:
    """A misspelt one would be ignored, and what it asks for not be checked."""
    near = ("not run", "goes on", "prints", "needs", "before")
    known = (*KNOWN, "needs Kafka", "before:")
    for page in map(read_page, page_paths()):
        doubtful = [one for one in page.comments if one.startswith(near) and not one.startswith(known)]
        assert doubtful == [], page.name
