"""The one gate of a board: every request passes it before anything else looks at it."""

import ipaddress
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from listener.board.access.files import Token, Watched, read_teams, read_tokens, token_of
from listener.board.access.identity import EVERYTHING, Identity, teams_of
from listener.board.access.settings import AccessSettings, is_loopback
from listener.http import Handler
from models.campaign import Campaign

_IDENTITY: Final["web.RequestKey[Identity]"] = web.RequestKey("identity", Identity)
_GUARD: Final[web.AppKey["Guard"]] = web.AppKey("guard")
#: Nothing of anybody's is in them.
_OPEN: Final = frozenset({"/livez", "/readyz"})
_STATIC: Final = "/static/"
#: A link in an alert carries a signed permission of its own, which is checked where it leads.
_SIGNED: Final = "/alerts/answer"
_METRICS: Final = "/metrics"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def identity_of(request: web.Request) -> Identity:
    """Who asks; on an application without a gate, somebody who may see everything."""
    identity: Identity = request.get(_IDENTITY, EVERYTHING)
    return identity


def sees(request: web.Request, campaign: str) -> bool:
    """Whether the one who asks may see this campaign. Whatever lists campaigns must ask."""
    identity = identity_of(request)
    if identity.teams is None:
        return True
    guard = request.app.get(_GUARD)
    return guard is not None and identity.sees(guard.team(campaign))


class Guard:
    """Refuses who is unknown, hides the campaigns of other teams, and lets nobody act through somebody else's browser.

    ``known``: the campaigns by id, as they are now. Raises UsageProblem for files that cannot be read.
    """

    def __init__(self, settings: AccessSettings, known: Callable[[], Mapping[str, Campaign]]) -> None:
        self._settings = settings
        self._known = known
        self._proxies = settings.proxies
        self._tokens = None if settings.tokens_file is None else Watched(settings.tokens_file, read_tokens)
        self._teams = None if settings.teams_file is None else Watched(settings.teams_file, read_teams)

    def install(self, app: web.Application) -> None:
        """Put the gate before the routes of ``app``, and the security headers behind them."""
        app[_GUARD] = self
        app.middlewares.append(self._gate)
        app.on_response_prepare.append(_harden)

    def team(self, campaign: str) -> str:
        """The team of a campaign; empty for one that is unknown or has none."""
        found = self._known().get(campaign)
        return "" if found is None else found.team

    @web.middleware
    async def _gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path
        if path in _OPEN or path == _SIGNED or path.startswith(_STATIC):
            return await handler(request)
        self._check_host(request)
        identity = self._identify(request)
        if path == _METRICS:
            self._check_metrics(request, identity)
            return await handler(request)
        if identity is None:
            raise self._unknown()
        request[_IDENTITY] = identity
        self._check_scope(request, identity)
        self._check_campaign(request)
        return await handler(request)

    def _identify(self, request: web.Request) -> Identity | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            token = token_of(self._tokens(), secret.strip()) if self._tokens else None
            if token is None:
                raise self._unknown()
            return self._by_token(token)
        if self._settings.auth == "proxy":
            return self._by_proxy(request)
        return None if self._settings.auth == "token" else EVERYTHING

    def _by_token(self, token: Token) -> Identity:
        teams = teams_of(token.teams, self._settings.admin_team)
        return Identity(f"token:{token.name}", teams, token.scopes, "token")

    def _by_proxy(self, request: web.Request) -> Identity | None:
        settings = self._settings
        named = request.headers.getall(settings.identity_header, [])
        # Two names are one too many: a client may have sent the other.
        if not self._from_proxy(request) or len(named) != 1 or not named[0].strip():
            return None
        user = named[0].strip()
        if self._teams is not None:
            teams = teams_of(self._teams().get(user, frozenset()), settings.admin_team)
        elif settings.teams_header is not None:
            listed = ",".join(request.headers.getall(settings.teams_header, []))
            names = frozenset(name for one in listed.split(",") if (name := one.strip())) - {"*"}
            teams = teams_of(names, settings.admin_team)
        else:
            teams = None
        return Identity(user, teams, by="proxy")

    def _from_proxy(self, request: web.Request) -> bool:
        try:
            address = ipaddress.ip_address(request.remote or "")
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._proxies)

    def _check_host(self, request: web.Request) -> None:
        """A page elsewhere can give its own name our address: then the browser sends that name."""
        host = urlsplit(f"//{request.host}").hostname if _sound(request.host) else None
        if self._settings.auth == "local" and not is_loopback(host or ""):
            raise web.HTTPForbidden(text="this board serves this machine only: ask for it as localhost")

    def _check_metrics(self, request: web.Request, identity: Identity | None) -> None:
        """A scraper comes by itself; whoever comes through the proxy would see the figures of every team."""
        by_token = identity is not None and identity.by == "token"
        if by_token and identity is not None and "metrics" in identity.scopes:
            return
        auth = self._settings.auth
        if by_token or auth == "token" or (auth == "proxy" and self._from_proxy(request)):
            raise web.HTTPForbidden(text="this needs a token with the scope `metrics`")

    def _check_scope(self, request: web.Request, identity: Identity) -> None:
        scope = "read" if request.method in _SAFE else "write"
        if scope not in identity.scopes:
            raise web.HTTPForbidden(text=f"this needs a token with the scope `{scope}`")
        if scope == "write" and identity.by != "token" and not _same_origin(request):
            raise web.HTTPForbidden(text="only this board's own pages and tokens may do this")

    def _check_campaign(self, request: web.Request) -> None:
        name = request.match_info.get("id")
        resource = request.match_info.route.resource
        if name is None or resource is None or "/campaigns/{id}" not in resource.canonical:
            return
        if not sees(request, name):
            # Exactly what is said of one that does not exist.
            raise web.HTTPNotFound(text=f"there is no campaign {name!r}")

    def _unknown(self) -> web.HTTPUnauthorized:
        return web.HTTPUnauthorized(
            text="who asks? Log in, or send a valid token: Authorization: Bearer …",
            headers={"WWW-Authenticate": 'Bearer realm="listener"'},
        )


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if not request.path.startswith(_STATIC):
        response.headers.setdefault("Cache-Control", "no-store")


def _sound(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").hostname is not None
    except ValueError:
        return False


def _same_origin(request: web.Request) -> bool:
    """Whether a browser says that our own page sent this. Requests without a word about it are refused."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin", "")
    return origin != "" and _sound(origin.partition("//")[2]) and urlsplit(origin).netloc == request.host
