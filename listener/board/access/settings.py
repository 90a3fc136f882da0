"""How a board knows who asks: checked before it opens its port."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from listener.errors import UsageProblem

#: ``local`` whoever is on this machine; ``proxy`` whom a trusted reverse proxy names; ``token`` only tokens; ``anyone``
#: whoever reaches the address.
AUTHS: Final = ("local", "proxy", "token", "anyone")
IDENTITY_HEADER: Final = "X-Forwarded-User"
TRUSTED_PROXIES: Final = ("127.0.0.1/32", "::1/128")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class AccessSettings:
    """Raises UsageProblem for what cannot work or would be open without anybody having meant it.

    ``admin_team``: who is in it sees every campaign. Without ``teams_header`` and ``teams_file`` every user does.
    """

    auth: str = "local"
    identity_header: str = IDENTITY_HEADER
    trusted_proxies: tuple[str, ...] = TRUSTED_PROXIES
    teams_header: str | None = None
    teams_file: Path | None = None
    tokens_file: Path | None = None
    admin_team: str | None = None

    def __post_init__(self) -> None:
        if self.auth not in AUTHS:
            raise UsageProblem(f"--auth: {self.auth!r} is none of {', '.join(AUTHS)}.")
        if self.auth == "token" and self.tokens_file is None:
            raise UsageProblem("--auth token also needs --tokens-file; `listener token new` prints its lines.")
        if self.teams_header is not None and self.teams_file is not None:
            raise UsageProblem("--teams-header and --teams-file: give one, teams come from one place.")
        if self.auth != "proxy" and (self.teams_header or self.teams_file):
            raise UsageProblem("--teams-header and --teams-file are of use with --auth proxy only.")
        _ = self.proxies

    @property
    def proxies(self) -> tuple[Network, ...]:
        """The addresses from which the identity header is believed."""
        try:
            return tuple(ipaddress.ip_network(one, strict=False) for one in self.trusted_proxies)
        except ValueError as error:
            raise UsageProblem(f"--trusted-proxy: {error}; give addresses or networks, such as 10.2.0.0/16.") from error

    def check_host(self, host: str) -> None:
        """UsageProblem where others than this machine could reach a board that asks nobody who they are."""
        if self.auth == "local" and not is_loopback(host):
            raise UsageProblem(
                f"--http-host {host} can be reached from elsewhere, and nobody would be asked who they are. Give "
                "--auth proxy (behind a reverse proxy that logs people in), --auth token, or --auth anyone to mean it."
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine can mean or reach ``host`` (a name or an address, without port)."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


LOCAL: Final = AccessSettings()
