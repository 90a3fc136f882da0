"""``listener campaign init`` and the guide that it is made from."""

from pathlib import Path

import msgspec
import pytest
import yaml
from click.testing import CliRunner

from listener.campaigns.commands import campaign, check
from listener.campaigns.files import _FIELDS, load_campaigns
from listener.campaigns.guide import FIELDS
from listener.errors import UsageProblem
from models.campaign import Campaign

OPTIONAL = [field for field in FIELDS if field.default is not None]


def init(*arguments: str) -> str:
    return CliRunner().invoke(campaign, ["init", *arguments], catch_exceptions=False).output


def test_the_guide_explains_every_field_that_files_may_have() -> None:
    assert [field.name for field in FIELDS] == list(_FIELDS)


def test_the_guide_explains_every_field_of_a_campaign() -> None:
    of_struct = {field.encode_name.removesuffix("_ms") for field in msgspec.structs.fields(Campaign)}
    assert of_struct <= {field.name for field in FIELDS}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_field_is_explained_in_both_languages(field: object) -> None:
    assert all(getattr(field, name) for name in ("kind", "meaning", "meaning_fa", "example"))
    assert any("آ" <= letter <= "ی" for letter in field.meaning_fa)  # type: ignore[attr-defined]


def test_the_file_is_valid_as_it_is(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "campaigns"
    said = init("berimo", "--title", "بریمو", "--dir", str(directory))
    (found,) = load_campaigns(directory).campaigns
    assert found == Campaign(id="berimo", name="بریمو", keywords=("بریمو", "berimo"))
    assert f"listener check {directory}" in said
    assert CliRunner().invoke(check, [str(directory)]).exit_code == 0


def test_every_line_that_is_switched_off_may_be_switched_on(tmp_path: Path) -> None:
    init("berimo", "--dir", str(tmp_path))
    file = tmp_path / "berimo.yaml"
    lines = file.read_text(encoding="utf-8").splitlines()
    on = [line[1:] if line.startswith("#") and not line.startswith("# ") else line for line in lines]
    file.write_text("\n".join(on), encoding="utf-8")
    assert set(yaml.safe_load(file.read_bytes())) == {field.name for field in FIELDS}
    (found,) = load_campaigns(tmp_path).campaigns
    assert found.none_of
    assert found.reposts == "ignore"
    assert found.end_ms


@pytest.mark.parametrize("field", OPTIONAL, ids=lambda field: field.name)
def test_every_example_is_valid_by_itself(field: object, tmp_path: Path) -> None:
    head = "" if field.name == "keywords" else "keywords: [x]\n"  # type: ignore[attr-defined]
    example = f"{field.name}: {field.example}"  # type: ignore[attr-defined]
    (tmp_path / "a.yaml").write_text(f"id: a\n{head}{example}\n", encoding="utf-8")
    assert load_campaigns(tmp_path).campaigns


def test_keywords_may_be_given(tmp_path: Path) -> None:
    init("a-b", "--keyword", "سیب", "--keyword", "apple", "--dir", str(tmp_path))
    (found,) = load_campaigns(tmp_path).campaigns
    assert found.keywords == ("سیب", "apple")


@pytest.mark.parametrize("name", ["on", "12", "null", "1e3", "my-brand_2"])
def test_ids_that_yaml_would_read_otherwise_stay_text(name: str, tmp_path: Path) -> None:
    init(name, "--dir", str(tmp_path))
    assert [one.id for one in load_campaigns(tmp_path).campaigns] == [name]


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    file = tmp_path / "berimo.yaml"
    file.write_text("id: other\nkeywords: [x]\n", encoding="utf-8")
    with pytest.raises(UsageProblem, match=r"berimo\.yaml is there already"):
        init("berimo", "--dir", str(tmp_path))
    assert file.read_text(encoding="utf-8") == "id: other\nkeywords: [x]\n"


def test_an_id_that_another_file_holds_is_refused(tmp_path: Path) -> None:
    (tmp_path / "all.yml").write_text("campaigns: [{id: berimo, keywords: [x]}, {id: b, keywords: [y]}]", "utf-8")
    with pytest.raises(UsageProblem, match=r"all\.yml already holds the campaign berimo"):
        init("berimo", "--dir", str(tmp_path))
    init("c", "--dir", str(tmp_path))
    assert len(load_campaigns(tmp_path).campaigns) == 3


@pytest.mark.parametrize("name", ["بریمو", "Berimo", "-a", "a b"])
def test_a_name_that_is_no_id_gets_advice(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="cannot be a campaign's id"):
        init("--dir", str(tmp_path), "--", name)
    assert list(tmp_path.iterdir()) == []


def test_a_keyword_that_cannot_be_searched_for_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="'!' cannot be a keyword"):
        init("a", "--keyword", "!", "--dir", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UsageProblem, match="cannot be written"):
        init("a", "--dir", str(tmp_path / "file" / "campaigns"))
