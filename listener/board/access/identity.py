"""Who asks, and what they may."""

from dataclasses import dataclass
from typing import Final, Literal

#: ``read`` campaigns and mentions, ``write`` marks and answers, ``metrics`` scrape /metrics.
SCOPES: Final = ("read", "write", "metrics")
#: In a file of teams or tokens: all teams.
ALL_TEAMS: Final = "*"


@dataclass(frozen=True)
class Identity:
    """``teams`` None: every campaign, whichever team it is of. ``by``: how they are known."""

    name: str
    teams: frozenset[str] | None = None
    scopes: frozenset[str] = frozenset(SCOPES)
    by: Literal["machine", "proxy", "token"] = "machine"

    def sees(self, team: str) -> bool:
        """Whether campaigns of this team are theirs to see; one without a team is only for those who see all."""
        return self.teams is None or (team != "" and team in self.teams)


#: Whoever reaches a board that asks nobody who they are.
EVERYTHING: Final = Identity("")


def teams_of(names: frozenset[str], everything: str | None) -> frozenset[str] | None:
    """Team names as an identity has them; None where one of them (``*`` or ``everything``) stands for all."""
    return None if ALL_TEAMS in names or (everything is not None and everything in names) else names
