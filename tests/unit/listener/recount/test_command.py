from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from listener.recount.command import recount

LINE = '{"id":"1","ts":"2018-05-05T18:46:39Z","text":"I like اسنپ","fav":7}\n'


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "one.yaml").write_text("id: snapp\nname: Snapp\nkeywords: [اسنپ]\n", encoding="utf-8")
    (tmp_path / "posts.jsonl").write_text(LINE + "no json\n", encoding="utf-8")
    return [str(tmp_path / "posts.jsonl"), str(tmp_path / "campaigns")]


def test_json_is_one_object_on_one_line(files: list[str]) -> None:
    posts, campaigns = files
    mapping = "post_id=id,created_at=ts,counts.likes=fav"
    arguments = ["--once", "--json", "--input", posts, "--map", mapping, "--campaigns", campaigns]
    result = CliRunner().invoke(recount, arguments, catch_exceptions=False)
    assert result.output.count("\n") == 1
    assert msgspec.json.decode(result.output) == {
        "read": 2,
        "outcomes": {"counted": 1, "unmatched": 0, "stale": 0, "duplicate": 0, "late": 0, "invalid": 1},
        "campaigns": {"snapp": {"mentions": 1, "likes": 7, "shares": 0, "comments": 0}},
        "minutes": [
            {
                "campaign": "snapp",
                "start": "2018-05-05T18:46:00Z",
                "mentions": 1,
                "likes": 7,
                "shares": 0,
                "comments": 0,
            }
        ],
    }


def test_without_json_it_prints_a_table(files: list[str]) -> None:
    posts, campaigns = files
    arguments = ["--input", posts, "--map", "post_id=id,created_at=ts", "--campaigns", campaigns]
    result = CliRunner().invoke(recount, arguments, catch_exceptions=False)
    assert "snapp" in result.output
    assert "counted 1" in result.output
