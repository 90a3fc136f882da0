"""Who may see what: on this machine everybody, behind a proxy by team, programs by token."""

from listener.board.access.guard import Guard, identity_of, sees
from listener.board.access.identity import EVERYTHING, SCOPES, Identity
from listener.board.access.settings import AUTHS, LOCAL, AccessSettings

__all__ = [
    "AUTHS",
    "EVERYTHING",
    "LOCAL",
    "SCOPES",
    "AccessSettings",
    "Guard",
    "Identity",
    "identity_of",
    "sees",
]
