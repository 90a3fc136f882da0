"""The result of a replay, as ``listener demo`` and ``listener recount`` print it: one shape, so that both compare."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from io import StringIO
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType
from rich.console import Console
from rich.table import Table

from models.outcome import OUTCOMES

#: The counters that are shown, gross.
SHOWN: Final = ("mentions", "likes", "shares", "comments")
#: Shown beside them where the input has press articles.
PRESS: Final = "press_mentions"
_TABLE_WIDTH: Final = 100


class Figures(Struct, frozen=True):
    """What was counted for a campaign in all."""

    mentions: int = 0
    likes: int = 0
    shares: int = 0
    comments: int = 0
    press_mentions: int | UnsetType = UNSET


class Minute(Struct, frozen=True):
    """What was counted for a campaign in one UTC minute; ``start`` is RFC 3339."""

    campaign: str
    start: str
    mentions: int = 0
    likes: int = 0
    shares: int = 0
    comments: int = 0
    press_mentions: int | UnsetType = UNSET


class Report(Struct, frozen=True):
    """Records read, how many had which outcome, totals by campaign id, and the minutes with something in them."""

    read: int
    outcomes: dict[str, int]
    campaigns: dict[str, Figures]
    minutes: list[Minute]

    @classmethod
    def of(
        cls,
        outcomes: Mapping[str, int],
        totals: Mapping[str, Mapping[str, int]],
        minutes: Iterable[tuple[str, str, Mapping[str, int]]],
        *,
        press: bool = False,
    ) -> "Report":
        """Select what is shown and put it in order; ``minutes`` are (campaign, start, counters).

        ``press``: the input has articles, so ``press_mentions`` is shown too.
        """
        names = (*SHOWN, PRESS) if press else SHOWN
        rows = (Minute(campaign, start, **_shown(counters, names)) for campaign, start, counters in minutes)
        return cls(
            read=sum(outcomes.values()),
            outcomes={name: outcomes.get(name, 0) for name in OUTCOMES},
            campaigns={campaign: Figures(**_shown(totals[campaign], names)) for campaign in sorted(totals)},
            minutes=sorted(filter(_has_something, rows), key=lambda row: (row.campaign, row.start)),
        )

    def to_json(self) -> str:
        """The object of the command line's contract, on one line."""
        return msgspec.json.encode(self).decode()

    def to_text(self) -> str:
        """A table for people: totals of the campaigns with something in them, and the outcomes."""
        press = any(figures.press_mentions is not UNSET for figures in self.campaigns.values())
        table = Table("campaign", *SHOWN, *([PRESS] if press else ()), title=f"{self.read:,} records read")
        for column in table.columns[1:]:
            column.justify = "right"
        for campaign, figures in self.campaigns.items():
            if any(_values(figures)):
                table.add_row(campaign, *(f"{value:,}" for value in _values(figures)))
        console = Console(file=StringIO(), width=_TABLE_WIDTH)
        console.print(table)
        console.print(", ".join(f"{name} {count:,}" for name, count in self.outcomes.items()))
        text: str = console.file.getvalue()  # type: ignore[attr-defined]
        return text


def minute_text(moment: datetime) -> str:
    """RFC 3339 in UTC, to the second, as in ``2018-05-05T18:46:00Z``."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _shown(counters: Mapping[str, int], names: Iterable[str]) -> dict[str, int]:
    return {name: counters.get(name, 0) for name in names}


def _values(row: Figures | Minute) -> tuple[int, ...]:
    values = (getattr(row, name) for name in (*SHOWN, PRESS))
    return tuple(value for value in values if value is not UNSET)


def _has_something(row: Minute) -> bool:
    return any(_values(row))
