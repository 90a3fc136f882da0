"""The reading of the pages, and the running of their blocks, on pages made for it."""

from pathlib import Path

import pytest

from tests.docs import blocks
from tests.docs.blocks import Block, Page, read_blocks, read_page
from tests.docs.running import Reader

TEXT = """\
<!-- needs Kafka -->
<!-- before: touch
     here -->

```sh
one
```

1. In a list.

   <!-- not run: no cluster -->
   ```sh
   two
     three
   ```

<!-- prints: a -->
<!-- prints: b c -->

```sh
four
```

<!-- goes on; says: ready -->
```sh
five
```

<!-- not run: not for the next -->
Words between.
```sh
six
```

```text
no command
```
"""


def test_blocks_are_found_with_their_comments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(blocks, "ROOT", tmp_path)
    page = read_page(tmp_path / "a.md")
    assert (page.name, page.needs_kafka, page.before) == ("a.md", True, ("touch\n     here",))
    assert page.blocks == (
        Block(6, "one"),
        Block(13, "two\n  three", not_run="no cluster"),
        Block(21, "four", prints=("a", "b c")),
        Block(26, "five", goes_on="ready"),
        Block(32, "six"),
    )


def run(tmp_path: Path, text: str) -> None:
    page = Page(blocks.ROOT / "README.md", tuple(read_blocks(text)))
    with Reader(page, tmp_path) as reader:
        reader.read()


def test_what_a_block_exports_and_where_it_goes_holds_for_the_next(tmp_path: Path) -> None:
    run(
        tmp_path,
        "```sh\nexport A='b c'\nmkdir d\ncd d\n```\n<!-- prints: b c -->\n```sh\necho $A > ../e\ncat ../e\n```\n",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```sh\nfalse | cat\n```", r"README\.md:2: the block ended with 1"),
        ("```sh\necho $NO_SUCH\n```", "ended with 1"),
        ("<!-- prints: yes -->\n```sh\necho no\n```", "did not print"),
        ("<!-- goes on; says: never -->\n```sh\necho no\n```", "ended with 0"),
        ("<!-- goes on; says: a -->\n```sh\necho a\n```\n```sh\nsleep 1\n```", "ended by itself"),
        ("<!-- goes on; says: a -->\n```sh\ntrap 'exit 3' INT; echo a; sleep 60 & wait\n```", "ended with 3"),
    ],
)
def test_what_does_not_go_as_the_page_says_is_told(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=message):
        run(tmp_path, text)


def test_a_look_is_repeated_until_it_shows_what_it_should(tmp_path: Path) -> None:
    run(tmp_path, "<!-- prints at last: xxx -->\n```sh\necho -n x >> a\ncat a\n```")


def test_ports_are_others_but_the_same_all_over_the_page(tmp_path: Path) -> None:
    run(tmp_path, "```sh\necho 9092 > a\n```\n```sh\ntest $(cat a) = 9092\ntest $(cat a) -ne $((9091 + 1))\n```")
