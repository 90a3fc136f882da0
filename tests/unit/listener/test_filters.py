"""The NDJSON filters: one line out for one line in, in order, as they come."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from listener.errors import UsageProblem
from listener.filters import match, normalize


@pytest.fixture
def campaigns(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text(
        "[{id: snapp, keywords: [اسنپ, snapp]}, {id: digikala, keywords: [دیجی‌کالا]}]", encoding="utf-8"
    )
    return tmp_path


def lines(output: str) -> list[object]:
    return [json.loads(line) for line in output.splitlines()]


def test_match(campaigns: Path) -> None:
    text = "😀 ديجي كالا و اسنپم #Snapp"
    given = [{"id": 7, "text": text}, {"id": "x", "text": "هیچ", "lang": "fa"}]
    data = "\n\n".join(json.dumps(line) for line in given)
    result = CliRunner().invoke(match, ["--campaigns", str(campaigns)], input=data)
    assert result.exit_code == 0
    assert lines(result.stdout) == [
        {
            "id": 7,
            "campaigns": [
                {
                    "id": "digikala",
                    "matches": [{"keyword": "دیجی‌کالا", "start": 2, "end": 11, "rule": "separator"}],
                },
                {
                    "id": "snapp",
                    "matches": [
                        {"keyword": "اسنپ", "start": 14, "end": 18, "rule": "suffix"},
                        {"keyword": "snapp", "start": 21, "end": 26, "rule": "hashtag"},
                    ],
                },
            ],
        },
        {"id": "x", "campaigns": []},
    ]


@pytest.mark.parametrize("written", ['"ی\\u06cc"', "12345678901234567890123", "1.10", "-0", '""'])
def test_the_id_comes_back_as_it_was_written(campaigns: Path, written: str) -> None:
    result = CliRunner().invoke(match, ["--campaigns", str(campaigns)], input=f'{{"id": {written}, "text": ""}}')
    assert result.stdout == f'{{"id":{written},"campaigns":[]}}\n'


def test_normalize_writes_persian_as_it_is() -> None:
    result = CliRunner().invoke(normalize, [], input='{"text": "كتاب ها", "id": 1}\n')
    assert result.stdout == '{"id":1,"text":"کتاب‌ها"}\n'


def test_a_malformed_line_keeps_its_place(campaigns: Path) -> None:
    wrong = ["{", "[]", '{"id": 1}', '{"text": ""}', '{"id": null, "text": ""}', '{"id": 1, "text": 5}', "[" * 100_000]
    data = (
        "\n".join(['{"id": 1, "text": ""}', *wrong, '{"id": 2, "text": "اسنپ"}']).encode()
        + b'\n{"id": 3, "text": "\xff"}'
    )
    result = CliRunner().invoke(match, ["--campaigns", str(campaigns)], input=data)
    found = lines(result.stdout)
    assert [line["id"] for line in found] == [1, *[None] * len(wrong), 2, None]
    assert all(("error" in line) == (line["id"] is None) for line in found)
    assert "line 4: Object missing required field `text`" in result.stderr
    assert "line 6: Expected a string or a number - at `$.id`" in result.stderr
    assert isinstance(result.exception, UsageProblem)
    assert "8 malformed lines" in str(result.exception)


def test_answers_come_while_the_input_is_still_open(campaigns: Path) -> None:
    command = [sys.executable, "-m", "listener", "match", "--campaigns", str(campaigns)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        for number in range(3):
            process.stdin.write(b'{"id": %d, "text": "snapp"}\n' % number)
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.wait() == 0
