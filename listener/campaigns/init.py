"""``listener campaign init``: a first campaign file, every field explained in English and Persian, valid at once."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click
import yaml

from listener.campaigns.guide import FIELDS, FieldGuide
from listener.errors import UsageProblem
from models.campaign import CAMPAIGN_ID
from processors.match import check_keyword

_WIDTH: Final = 110
_HEAD: Final = (
    "A campaign: what is counted, and for whom. Lines that begin with # and a space explain; a line such as",
    "#team: …   is a field that is switched off: take the # away to use it. After a change: listener check {directory}",
    "کمپین: چه چیزی برای چه کسی شمرده شود. خط‌هایی که با # و فاصله آغاز می‌شوند توضیح‌اند؛ برای به کار انداختن یک فیلد",
    "خاموش فقط # آغاز خط را بردارید. پس از هر تغییر: listener check {directory}",
)


@click.command()
@click.argument("name")
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("campaigns"),
    show_default=True,
    metavar="DIR",
    help="Directory of campaign files; made if there is none.",
)
@click.option("--title", help="The name for people, in any language (default: NAME).")
@click.option(
    "--keyword", "keywords", multiple=True, help="What to look for; can be repeated (default: the title, and NAME)."
)
def init(name: str, directory: Path, title: str | None, keywords: tuple[str, ...]) -> None:
    """Write a campaign file to begin with: every field explained in English and Persian, and valid as it is.

    NAME is the campaign's id: lower-case Latin letters, digits, - and _. A file that is there is never overwritten.
    """
    if not re.fullmatch(CAMPAIGN_ID, name):
        raise UsageProblem(
            f"{name!r} cannot be a campaign's id: 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or digit. "
            f'The name for people goes to --title: listener campaign init my-brand --title "{name}"'
        )
    searched = keywords or tuple(dict.fromkeys(filter(None, (title, re.sub("[_-]+", " ", name).strip()))))
    _check(searched)
    file = write_first(directory, name, title or name, searched)
    click.echo(f"wrote {file}. Open it in an editor, then: listener check {directory}")


def write_first(directory: Path, name: str, title: str, keywords: Sequence[str]) -> Path:
    """Write ``<name>.yaml``; UsageProblem when it is there, its id is taken, or the directory cannot be written."""
    file = directory / f"{name}.yaml"
    if (owner := _owner_of(name, directory)) is not None:
        raise UsageProblem(f"{owner} already holds the campaign {name}; take another name, or edit that file.")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(first_file(directory, name, title, keywords))
    except FileExistsError:
        raise UsageProblem(f"{file} is there already and stays as it is; take another name, or edit it.") from None
    except OSError as error:
        raise UsageProblem(f"{file} cannot be written: {error.strerror or error}.") from error
    return file


def first_file(directory: Path, name: str, title: str, keywords: Sequence[str]) -> str:
    """The text of the file."""
    given = {"id": name, "name": title, "keywords": list(keywords)}
    head = [f"# {line.format(directory=directory)}" for line in _HEAD]
    return "\n".join([*head, *(line for field in FIELDS for line in _field(field, given))]) + "\n"


def _field(field: FieldGuide, given: Mapping[str, object]) -> list[str]:
    """A blank line, the explanation, and the field: with its value, or switched off with an example."""
    rule = "Required" if field.default is None else f"Default: {field.default}"
    english = f"{field.name}: {field.meaning} {field.kind[0].upper()}{field.kind[1:]}. {rule}."
    comments = [f"# {line}" for text in (english, field.meaning_fa) for line in textwrap.wrap(text, _WIDTH)]
    if field.name in given:
        line = yaml.safe_dump({field.name: given[field.name]}, allow_unicode=True, width=10_000).rstrip("\n")
        return ["", *comments, line]
    return ["", *comments, *(f"#{line}" for line in f"{field.name}: {field.example}".splitlines())]


def _owner_of(name: str, directory: Path) -> Path | None:
    """The file that holds a campaign of this id; None also where the files are not right (``check`` tells that)."""
    for file in sorted(directory.glob("*.y*ml")) if directory.is_dir() else ():
        try:
            top = yaml.safe_load(file.read_bytes())
        except (yaml.YAMLError, OSError):
            continue
        found = top.get("campaigns", top) if isinstance(top, dict) else top
        if any(
            isinstance(one, dict) and str(one.get("id")) == name
            for one in (found if isinstance(found, list) else [top])
        ):
            return file
    return None


def _check(keywords: Sequence[str]) -> None:
    for keyword in keywords:
        try:
            check_keyword(keyword)
        except ValueError as error:
            raise UsageProblem(f"{keyword!r} cannot be a keyword: {error}. Say what to look for: --keyword …") from None
