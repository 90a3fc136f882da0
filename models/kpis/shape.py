"""What a KPI is."""

from dataclasses import dataclass
from typing import Final, Literal

from models.kpis.formula import Expr

#: A additive, R ratio of sums, L last value (level), G growth over two like periods, S size of a set.
Kind = Literal["A", "R", "L", "G", "S"]
Lang = Literal["fa", "en"]
#: What a KPI is split by: one part for each conversion type, search keyword or rank provider of a campaign.
Each = Literal["conversion", "keyword", "provider"]

KIND_NAMES: Final = {"A": "additive", "R": "ratio of sums", "L": "last value", "G": "growth", "S": "distinct count"}


@dataclass(frozen=True)
class Said:
    """The same in both languages."""

    fa: str
    en: str

    def of(self, lang: Lang) -> str:
        """In one language."""
        return self.fa if lang == "fa" else self.en


@dataclass(frozen=True)
class Part:
    """A number of a KPI. ``name`` is empty where a KPI is one number.

    Without ``denominator`` the value is the numerator. ``unit`` of money is ``money``: the currency is the data's.
    ``net``: beside the gross amount, what is left of it now.
    """

    name: str
    kind: Kind
    unit: str
    numerator: Expr
    denominator: Expr | None = None
    net: Expr | None = None
    #: Whether less is better, where that is not as of the KPI as a whole.
    lower: bool | None = None


@dataclass(frozen=True)
class Kpi:
    """One KPI. ``questions``: what does it measure, what is it for, where is it from, over which period."""

    id: str
    title: Said
    kind: str
    unit: str
    parts: tuple[Part, ...]
    inputs: tuple[str, ...]
    what: Said
    purpose: Said
    source: Said
    period: Said
    pitfall: Said
    each: Each | None = None
    lower_is_better: bool = False
    estimated: bool = False
    #: Campaign setting whose value is part of the KPI's name, such as the base of a rate.
    label: str | None = None

    def lower_of(self, name: str) -> bool:
        """Whether less is better of a part; a name that is no part's (a keyword, a type) follows the KPI."""
        part = next((one for one in self.parts if one.name == name), None)
        return self.lower_is_better if part is None or part.lower is None else part.lower

    @property
    def questions(self) -> tuple[Said, Said, Said, Said]:
        """The four answers in order."""
        return self.what, self.purpose, self.source, self.period
