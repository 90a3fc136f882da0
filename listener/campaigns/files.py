"""Campaign files → one campaign set; all mistakes of all files are reported together."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from listener.campaigns.dates import end_ms, start_ms
from listener.campaigns.nodes import Fields, Problems
from listener.errors import UsageProblem
from models.campaign import CAMPAIGN_ID, DEFAULT_TIMEZONE, Campaign, CampaignSet
from models.post import PLATFORMS
from processors.match import check_account, check_keyword

_KEYWORD_LISTS: Final = ("keywords", "all_of", "none_of", "except")
_FIELDS: Final = (
    *("id", "name", "team", "group"),
    *(*_KEYWORD_LISTS, "accounts", "platforms", "reposts", "timezone", "start", "end"),
)
_CAMPAIGNS: Final = "campaigns"


def load_campaigns(directory: Path) -> CampaignSet:
    """All campaigns of the ``*.yaml`` and ``*.yml`` files of a directory.

    A file holds one campaign, a list of campaigns, or a mapping with the list under ``campaigns``. Raises
    UsageProblem that names file, line and field of every mistake.
    """
    problems = Problems()
    places: dict[str, str] = {}
    campaigns: list[Campaign] = []
    for file in _files(directory):
        for node in _campaign_nodes(file, problems):
            campaign = _Reader(Fields(file, node, _FIELDS, problems)).campaign()
            if campaign.id in places:
                problems.add(file, node, "id", f"{campaign.id} is already the id of {places[campaign.id]}")
            elif campaign.id:
                places[campaign.id] = f"{file}:{node.start_mark.line + 1}"
                campaigns.append(campaign)
    if mistakes := problems.lines():
        raise UsageProblem("\n".join(("the campaign files need mending:", *mistakes)))
    return CampaignSet(tuple(campaigns))


def _files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise UsageProblem(f"{directory} is no directory; give the directory that holds the campaign files")
    files = sorted(file for file in directory.iterdir() if file.suffix in (".yaml", ".yml") and file.is_file())
    if not files:
        raise UsageProblem(f"{directory} holds no campaign file; campaigns are files named *.yaml or *.yml")
    return files


def _campaign_nodes(file: Path, problems: Problems) -> Iterator[MappingNode]:
    for node in _top_nodes(file, problems):
        if isinstance(node, MappingNode):
            yield node
        else:
            problems.add(file, node, "", "a campaign is a mapping of fields, as in `id: ...` and `keywords: [...]`")


def _top_nodes(file: Path, problems: Problems) -> list[Node]:
    try:
        top = yaml.compose(file.read_bytes(), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, OSError, RecursionError) as error:
        problems.add_at(file, _line_of(error), _reason(error))
        return []
    if top is None:
        problems.add(file, None, "", "is empty; write a campaign or remove the file")
        return []
    if isinstance(top, MappingNode):
        nested = [value for key, value in top.value if key.value == _CAMPAIGNS]
        if len(top.value) == len(nested) == 1:
            top = nested[0]
    return list(top.value) if isinstance(top, SequenceNode) else [top]


def _line_of(error: Exception) -> int:
    mark = getattr(error, "problem_mark", None)
    return mark.line + 1 if mark else 0


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    if isinstance(error, yaml.reader.ReaderError):
        return f"is not UTF-8 text: {error.reason} at position {error.position}"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    return f"is not YAML: {getattr(error, 'problem', None) or error}"


class _Reader:
    """One campaign, read field by field; mistakes are noted and the field left out."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields

    def campaign(self) -> Campaign:
        """The campaign; its id is empty when the file's one is missing or wrong."""
        timezone = self._timezone()
        start, end = self._bound("start", start_ms, timezone), self._bound("end", end_ms, timezone)
        if start is not None and end is not None and end <= start:
            self._fields.problem("end", "is not after start")
        keywords = {name: self._checked(name, check_keyword) for name in _KEYWORD_LISTS}
        accounts = self._checked("accounts", check_account)
        self._refuse_empty()
        name = self._id()
        return Campaign(
            id=name,
            name=self._fields.text("name") or name,
            team=self._fields.text("team") or "",
            group=self._fields.text("group") or "",
            keywords=keywords["keywords"],
            all_of=keywords["all_of"],
            none_of=keywords["none_of"],
            except_=keywords["except"],
            accounts=accounts,
            platforms=self._checked("platforms", _check_platform),
            reposts=self._reposts(),
            timezone=timezone.key,
            start_ms=start,
            end_ms=end,
        )

    def _id(self) -> str:
        name = self._fields.text("id")
        if name is None:
            if "id" not in self._fields.values:
                self._fields.problem("id", "is missing")
            return ""
        if re.fullmatch(CAMPAIGN_ID, name):
            return name
        self._fields.problem("id", f"{name!r} must be 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or digit")
        return ""

    def _checked(self, name: str, check: Callable[[str], None]) -> tuple[str, ...]:
        kept = []
        for text, node in self._fields.texts(name):
            try:
                check(text)
            except ValueError as error:
                self._fields.problem(name, f"{text!r}: {error}", node)
            else:
                kept.append(text)
        return tuple(kept)

    def _refuse_empty(self) -> None:
        """An empty query would match everything, one of exclusions alone nearly everything."""
        searched = ("keywords", "all_of", "accounts")
        if any(self._fields.values[name].value for name in searched if name in self._fields.values):
            return
        self._fields.problem("keywords", "nothing to search for: give keywords, all_of or accounts", self._fields.node)

    def _reposts(self) -> Literal["mention", "ignore"]:
        text = self._fields.text("reposts")
        if text not in (None, "mention", "ignore"):
            self._fields.problem("reposts", f"{text!r} must be mention or ignore")
        return "ignore" if text == "ignore" else "mention"

    def _timezone(self) -> ZoneInfo:
        name = self._fields.text("timezone") or DEFAULT_TIMEZONE
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            self._fields.problem("timezone", f"{name!r} is no IANA time zone, such as {DEFAULT_TIMEZONE} or UTC")
        return ZoneInfo(DEFAULT_TIMEZONE)

    def _bound(self, name: str, parse: Callable[[str, ZoneInfo], int], zone: ZoneInfo) -> int | None:
        text = self._fields.text(name)
        if text is None:
            return None
        try:
            return parse(text, zone)
        except ValueError as error:
            self._fields.problem(name, str(error))
        return None


def _check_platform(name: str) -> None:
    if name not in PLATFORMS:
        raise ValueError(f"unknown platform; known: {', '.join(PLATFORMS)}")
