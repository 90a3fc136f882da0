"""Campaign files: what they may hold, and every mistake with file, line and field."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from listener.campaigns.files import load_campaigns
from listener.errors import UsageProblem
from models.campaign import Campaign, CampaignSet


def load(directory: Path, **files: str | bytes) -> CampaignSet:
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (directory / f"{name}.yaml").write_bytes(data)
    return load_campaigns(directory)


def mistakes(directory: Path, **files: str | bytes) -> list[str]:
    """The lines of the message, without the directory's name."""
    with pytest.raises(UsageProblem) as caught:
        load(directory, **files)
    return [line.removeprefix(f"{directory}/") for line in str(caught.value).splitlines()[1:]]


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


def test_a_file_holds_one_campaign_a_list_or_a_mapping_with_the_list(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        one="{id: b, keywords: [اسنپ]}",
        many="- {id: c, keywords: [x]}\n- {id: a, accounts: ['@x']}",
        mapping="campaigns:\n- {id: d, all_of: [x]}",
    )
    assert [campaign.id for campaign in found.campaigns] == ["a", "b", "c", "d"]


def test_every_field(tmp_path: Path) -> None:
    (campaign,) = load(
        tmp_path,
        full="""
        id: snapp
        name: اسنپ
        team: رشد
        group: حمل و نقل
        keywords: [اسنپ, 0912, 3.50, 2018-05-05]
        all_of: کد
        none_of: [آگهی]
        except: [اسنپی]
        accounts: ['@Snapp', 42]
        platforms: [twitter, instagram]
        reposts: ignore
        timezone: Europe/Berlin
        start: 2026-03-21
        end: 2026-03-29
        """,
    ).campaigns
    assert campaign == Campaign(
        id="snapp",
        name="اسنپ",
        team="رشد",
        group="حمل و نقل",
        keywords=("اسنپ", "0912", "3.50", "2018-05-05"),
        all_of=("کد",),
        none_of=("آگهی",),
        except_=("اسنپی",),
        accounts=("@Snapp", "42"),
        platforms=("twitter", "instagram"),
        reposts="ignore",
        timezone="Europe/Berlin",
        start_ms=ms("2026-03-21T00:00+01:00"),
        # The day of the change to summer time is counted to its end.
        end_ms=ms("2026-03-30T00:00+02:00"),
    )


def test_defaults(tmp_path: Path) -> None:
    (campaign,) = load(tmp_path, a="{id: a, keywords: [x], team:, start: 2026-01-01T10:00:00Z}").campaigns[:1]
    assert campaign == Campaign(id="a", name="a", keywords=("x",), start_ms=ms("2026-01-01T10:00+00:00"))
    assert campaign.timezone == "Asia/Tehran"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id: a\nkeyword: [x]\nkeywords: [x]", "2: keyword: unknown field; did you mean keywords?"),
        ("id: a\nkeywords: [x]\nkeywords: [y]", "3: keywords: is there twice; merge the two"),
        ("keywords: [x]", "1: id: is missing"),
        ("id: Snapp\nkeywords: [x]", "1: id: 'Snapp' must be 1 to 64 of a-z"),
        ("id: a\nkeywords:\n- x\n- no", '4: keywords: YAML reads no as true or false; quote it: "no"'),
        ("id: a\nkeywords:\n- x\n-", "4: keywords: is empty"),
        ("id: a\nkeywords: [x, '،']", "2: keywords: '،': nothing is left to search for"),
        ("id: a\nkeywords: [x]\nexcept: ['\u200c']", "3: except: '\\u200c': nothing is left to search for"),
        ("id: a\nkeywords: [[x]]", "2: keywords: must be text"),
        ("id: a\nnone_of: [x]", "1: keywords: nothing to search for"),
        ("id: a\nkeywords: []", "1: keywords: nothing to search for"),
        ("id: a\naccounts: ['@a b']", "2: accounts: '@a b': not a handle or id"),
        ("id: a\nkeywords: [x]\nplatforms: [twiter]", "3: platforms: 'twiter': unknown platform; known: twitter, "),
        ("id: a\nkeywords: [x]\nreposts: skip", "3: reposts: 'skip' must be mention or ignore"),
        ("id: a\nkeywords: [x]\ntimezone: Tehran", "3: timezone: 'Tehran' is no IANA time zone"),
        ("id: a\nkeywords: [x]\ntimezone: ../x", "3: timezone: '../x' is no IANA time zone"),
        ("id: a\nkeywords: [x]\nstart: 1405-01-01", "3: start: 1405-01-01 looks like a Persian (Jalali) date"),
        ("id: a\nkeywords: [x]\nstart: 2026-02-30", "3: start: there is no date 2026-02-30"),
        ("id: a\nkeywords: [x]\nend: 2026-01-01T10:00:00", "3: end: 2026-01-01T10:00:00 has no UTC offset"),
        ("id: a\nkeywords: [x]\nend: soon", "3: end: soon is neither a date"),
        ("id: a\nkeywords: [x]\nstart: 2026-01-02\nend: 2026-01-01", "4: end: is not after start"),
        ("- x", "1: a campaign is a mapping of fields"),
        ("a: [", "1: is not YAML"),
        ("id: a\n\tkeywords: x", "2: is not YAML"),
        ("a: b\n---\na: b", "2: is not YAML"),
        ("!!python/object/apply:os.system ['true']", "1: a campaign is a mapping of fields"),
    ],
)
def test_a_mistake_is_named_with_line_and_field(tmp_path: Path, text: str, expected: str) -> None:
    (mistake,) = mistakes(tmp_path, file=text)
    assert mistake.startswith(f"file.yaml:{expected}")


@pytest.mark.parametrize(("content", "expected"), [(b"", "is empty"), (b"\xff\xfe\xff", "is not UTF-8 text")])
def test_files_that_hold_no_campaign(tmp_path: Path, content: bytes, expected: str) -> None:
    (mistake,) = mistakes(tmp_path, file=content)
    assert expected in mistake


def test_all_mistakes_of_all_files_are_reported_together(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path, b="id: x\nkeywords: [x]\nteem: y\nend: z", a="id: x\nkeywords: [x]", c="id: x\nkeywords: [y]"
    )
    assert found == [
        f"b.yaml:1: id: x is already the id of {tmp_path}/a.yaml:1",
        "b.yaml:3: teem: unknown field; did you mean team?",
        "b.yaml:4: end: z is neither a date (2026-03-21) nor an RFC 3339 time",
        f"c.yaml:1: id: x is already the id of {tmp_path}/a.yaml:1",
    ]


def test_a_directory_without_files(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="holds no campaign file"):
        load_campaigns(tmp_path)
    with pytest.raises(UsageProblem, match="is no directory"):
        load_campaigns(tmp_path / "missing")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id: a\nquery: x AND\n", "2:10: query: nothing follows AND"),
        ("id: a\nquery: 'x AND (y'", "2:15: query: the bracket is never closed"),
        ("id: a\nquery: |\n  x AND\n    (y OR foo:bar)\n", "4:11: query: there is no field foo:"),
        ("id: a\nquery: >-\n  x\n  AND y and z\n", "4:9: query: write AND in capitals"),
        ("id: a\nquery: x\n  AND NEAR y", "3:7: query: NEAR stands where a word was expected"),
        ('id: a\nquery: "NOT x"', "2:9: query: matches nearly everything"),
        ("id: a\nquery: ''", "1: keywords: nothing to search for"),
        ("id: a\nquery: '  '", "2:11: query: is empty"),
        ("id: a\nquery: [x]", "2: query: must be text"),
        ("id: a\nkeywords: [x]\nexclude_packs: [jobs]", "3: exclude_packs: 'jobs': no such pack; there are job-ads, "),
        ("id: a\nkeywords: [x]\nexclude_packs: [spam@9]", "3: exclude_packs: 'spam@9': no such version"),
        ("id: a\nkeywords: [x]\nshould_match:\n- {txt: x}", "4: txt: unknown field"),
        ("id: a\nkeywords: [x]\nshould_match:\n- [x]", "4: should_match: must be text"),
    ],
)  # fmt: skip
def test_a_mistake_in_queries_packs_and_examples_is_named(tmp_path: Path, text: str, expected: str) -> None:
    assert mistakes(tmp_path, file=text)[0].startswith(f"file.yaml:{expected}")


def test_a_pack_becomes_none_of_with_its_version(tmp_path: Path) -> None:
    (campaign,) = load(tmp_path, a="{id: a, keywords: [x], none_of: [y], exclude_packs: [spam, job-ads@1]}").campaigns
    assert campaign.exclude_packs == ("job-ads@1", "spam@1")
    assert campaign.none_of[0] == "y"
    assert {"دعوت به همکاری", "خرید فالوور"} <= set(campaign.none_of)


def test_examples_are_no_part_of_the_version(tmp_path: Path) -> None:
    plain = load(tmp_path, a="{id: a, keywords: [x]}")
    assert load(tmp_path, a="{id: a, keywords: [x], should_match: [x], should_not_match: [y]}").version == plain.version
