"""Campaign files → one campaign set; all mistakes of all files are reported together."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from listener.campaigns.alerting import ALERT_FIELDS, read_alerts, read_planned
from listener.campaigns.business import BUSINESS_FIELDS, read_business
from listener.campaigns.dates import end_ms, start_ms
from listener.campaigns.examples import EXAMPLE_LISTS, Example, read_examples
from listener.campaigns.nodes import Fields, Problems
from listener.campaigns.packs import Pack, pack_of
from listener.campaigns.places import place
from listener.errors import UsageProblem
from models.campaign import CAMPAIGN_ID, DEFAULT_TIMEZONE, Campaign, CampaignSet
from models.post import PLATFORMS
from processors.match import check_account, check_keyword
from processors.query.syntax import QueryProblem, parse

_KEYWORD_LISTS: Final = ("keywords", "all_of", "none_of", "except")
_FIELDS: Final = (
    *("id", "name", "team", "group"),
    *(*_KEYWORD_LISTS, "query", "exclude_packs", "accounts", "platforms", "reposts", "timezone", "start", "end"),
    *EXAMPLE_LISTS,
    *BUSINESS_FIELDS,
    *ALERT_FIELDS,
)
_CAMPAIGNS: Final = "campaigns"


class CampaignFiles(NamedTuple):
    """What a directory holds: the set that is counted with, and the examples beside it, which are no part of it."""

    campaigns: CampaignSet
    examples: tuple[Example, ...]


def load_campaigns(directory: Path) -> CampaignSet:
    """All campaigns of the ``*.yaml`` and ``*.yml`` files of a directory.

    A file holds one campaign, a list of campaigns, or a mapping with the list under ``campaigns``. Raises
    UsageProblem that names file, line and field of every mistake.
    """
    return read_campaign_files(directory).campaigns


def read_campaign_files(directory: Path) -> CampaignFiles:
    """``load_campaigns`` with the examples of every campaign, in the order of files and lines."""
    problems = Problems()
    places: dict[str, str] = {}
    campaigns: list[Campaign] = []
    examples: list[Example] = []
    for file in _files(directory):
        for node in _campaign_nodes(file, problems):
            fields = Fields(file, node, _FIELDS, problems)
            campaign = _Reader(fields).campaign()
            examples += read_examples(fields, campaign.id)
            if campaign.id in places:
                problems.add(file, node, "id", f"{campaign.id} is already the id of {places[campaign.id]}")
            elif campaign.id:
                places[campaign.id] = f"{file}:{node.start_mark.line + 1}"
                campaigns.append(campaign)
    if mistakes := problems.lines():
        raise UsageProblem("\n".join(("the campaign files need mending:", *mistakes)))
    return CampaignFiles(CampaignSet(tuple(campaigns)), tuple(examples))


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
        query = self._query()
        packs = self._packs()
        business = read_business(self._fields, timezone)
        if not business.attributes:
            self._refuse_empty()
        name = self._id()
        return Campaign(
            id=name,
            name=self._fields.text("name") or name,
            team=self._fields.text("team") or "",
            group=self._fields.text("group") or "",
            keywords=keywords["keywords"],
            all_of=keywords["all_of"],
            none_of=tuple(dict.fromkeys((*keywords["none_of"], *(text for pack in packs for text in pack.none_of)))),
            except_=keywords["except"],
            query=query,
            exclude_packs=tuple(pack.label for pack in packs),
            accounts=accounts,
            platforms=self._checked("platforms", _check_platform),
            reposts=self._reposts(),
            timezone=timezone.key,
            start_ms=start,
            end_ms=end,
            attribution=business.attribution,
            kpis=business.settings,
            targets=business.targets,
            alerts=read_alerts(self._fields),
            planned=read_planned(self._fields, timezone),
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
        searched = ("keywords", "all_of", "accounts", "query")
        if any(self._fields.values[name].value for name in searched if name in self._fields.values):
            return
        problem = "nothing to search for: give keywords, all_of, accounts or query"
        self._fields.problem("keywords", problem, self._fields.node)

    def _query(self) -> str:
        """The query as it is written; a mistake is noted at its line and column in the file."""
        text, node = self._fields.text("query"), self._fields.values.get("query")
        if text is None or not isinstance(node, ScalarNode):
            return ""
        try:
            parse(text)
        except QueryProblem as problem:
            line, column = place(self._fields.file.read_text(encoding="utf-8"), node, problem.line, problem.column)
            message = f"query: {problem}\n{problem.shown(text)}"
            self._fields.problems.add_at(self._fields.file, line, message, column)
        return text

    def _packs(self) -> list[Pack]:
        found = {}
        for text, node in self._fields.texts("exclude_packs"):
            try:
                pack = pack_of(text)
            except ValueError as error:
                self._fields.problem("exclude_packs", f"{text!r}: {error}", node)
            else:
                found[pack.label] = pack
        return sorted(found.values())

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
