"""Every refusal, and what each kind of user sees."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from listener.board.access import AccessSettings
from listener.board.access.files import new_token
from listener.board.access.guard import HEADERS
from listener.errors import UsageProblem
from tests.boarding import site
from tests.mentioning import put, said

MENTIONS = put(said(), said("twitter:2", 2, campaign="toofan", text="طوفان برد"))
MARK = "/api/campaigns/berimo/mentions/twitter:1/relevance"
PATHS = (
    "/api/campaigns/{}/mentions",
    "/api/campaigns/{}/mentions.ndjson",
    "/api/campaigns/{}/mentions.csv",
    "/api/campaigns/{}/top",
    "/api/campaigns/{}/series",
)


def proxy(**more: Any) -> AccessSettings:
    return AccessSettings("proxy", **more)


def send(tmp_path: Path, access: AccessSettings, method: str, path: str, **options: Any) -> tuple[int, Any]:
    async def scenario() -> tuple[int, Any]:
        async with site(tmp_path / "store", MENTIONS, access) as served:
            return await served.send(method, path, **options)

    return asyncio.run(scenario())


def get(tmp_path: Path, access: AccessSettings, path: str, **headers: str) -> tuple[int, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(tmp_path, access, "GET", path, headers=named)


def tokens(tmp_path: Path, scopes: str = "read", teams: str = "*") -> tuple[str, AccessSettings]:
    secret, kept = new_token("robot", scopes.split(","), teams.split(","))
    (tmp_path / "tokens").write_text(f"# robots\n\n{kept.line}\n", encoding="utf-8")
    return f"Bearer {secret}", AccessSettings("token", tokens_file=tmp_path / "tokens")


def seen(body: Any) -> list[str]:
    return [one["id"] for one in body["campaigns"]]


def test_on_this_machine_everybody_sees_everything(tmp_path: Path) -> None:
    status, body = get(tmp_path, AccessSettings(), "/api/campaigns")
    assert (status, seen(body)) == (200, ["berimo", "loose", "toofan"])


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "[", ""])
def test_another_name_for_this_machine_is_refused(tmp_path: Path, host: str) -> None:
    """DNS rebinding: a page elsewhere gives its own name our address."""
    assert get(tmp_path, AccessSettings(), "/api/campaigns", Host=host)[0] == 403


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:9"])
def test_this_machine_has_several_names(tmp_path: Path, host: str) -> None:
    assert get(tmp_path, AccessSettings(), "/api/campaigns", Host=host)[0] == 200


def test_behind_a_proxy_the_user_is_whom_it_names(tmp_path: Path) -> None:
    assert get(tmp_path, proxy(), "/api/campaigns")[0] == 401
    assert get(tmp_path, proxy(), "/api/campaigns", X_Forwarded_User=" ")[0] == 401
    status, body = get(tmp_path, proxy(), "/api/campaigns", X_Forwarded_User="leila")
    assert (status, seen(body)) == (200, ["berimo", "loose", "toofan"])
    named = proxy(identity_header="Remote-User")
    assert get(tmp_path, named, "/api/campaigns", Remote_User="leila")[0] == 200
    assert get(tmp_path, named, "/api/campaigns", X_Forwarded_User="leila")[0] == 401


def test_the_header_of_others_than_the_proxy_is_ignored(tmp_path: Path) -> None:
    elsewhere = proxy(trusted_proxies=("10.9.0.0/16", "2001:db8::/32"))
    assert get(tmp_path, elsewhere, "/api/campaigns", X_Forwarded_User="leila")[0] == 401


def test_two_names_are_one_too_many(tmp_path: Path) -> None:
    headers = [("X-Forwarded-User", "admin"), ("X-Forwarded-User", "leila")]
    assert send(tmp_path, proxy(), "GET", "/api/campaigns", headers=headers)[0] == 401


@pytest.mark.parametrize("path", PATHS)
def test_a_campaign_of_another_team_is_one_that_does_not_exist(tmp_path: Path, path: str) -> None:
    access = proxy(teams_header="X-Groups")
    who = {"X_Forwarded_User": "leila", "X_Groups": "آنلاین".encode().decode("utf-8", "surrogateescape")}
    del who["X_Groups"]
    file = tmp_path / "teams.yaml"
    file.write_text("leila: [آنلاین]\n", encoding="utf-8")
    access = proxy(teams_file=file)
    assert get(tmp_path, access, path.format("berimo"), X_Forwarded_User="leila")[0] == 200
    status, body = get(tmp_path, access, path.format("toofan"), X_Forwarded_User="leila")
    _, unknown = get(tmp_path, access, path.format("nobody"), X_Forwarded_User="leila")
    assert status == 404
    assert body["error"] == unknown["error"].replace("nobody", "toofan")


def test_teams_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "teams.yaml"
    file.write_text("leila: [آنلاین]\nomid: ورزش\nboss: '*'\n", encoding="utf-8")
    access = proxy(teams_file=file)
    expected = {"leila": ["berimo"], "omid": ["toofan"], "boss": ["berimo", "loose", "toofan"], "new": []}
    for user, campaigns in expected.items():
        assert seen(get(tmp_path, access, "/api/campaigns", X_Forwarded_User=user)[1]) == campaigns


def test_teams_from_a_header(tmp_path: Path) -> None:
    access = proxy(teams_header="X-Groups", admin_team="bosses")
    who = {"X_Forwarded_User": "leila"}
    assert seen(get(tmp_path, access, "/api/campaigns", **who)[1]) == []
    assert seen(get(tmp_path, access, "/api/campaigns", **who, X_Groups="x, ورزش")[1]) == ["toofan"]
    assert seen(get(tmp_path, access, "/api/campaigns", **who, X_Groups="*")[1]) == []
    assert len(seen(get(tmp_path, access, "/api/campaigns", **who, X_Groups="bosses")[1])) == 3


def test_tokens(tmp_path: Path) -> None:
    bearer, access = tokens(tmp_path, teams="ورزش,other")
    assert get(tmp_path, access, "/api/campaigns")[0] == 401
    assert get(tmp_path, access, "/api/campaigns", Authorization="Bearer listener_wrong")[0] == 401
    assert get(tmp_path, access, "/api/campaigns", Authorization="Basic bGVpbGE6eA==")[0] == 401
    assert seen(get(tmp_path, access, "/api/campaigns", Authorization=bearer)[1]) == ["toofan"]
    assert get(tmp_path, access, "/api/campaigns/berimo/mentions", Authorization=bearer)[0] == 404


def test_a_wrong_token_is_no_way_round_the_proxy(tmp_path: Path) -> None:
    headers = {"X_Forwarded_User": "leila", "Authorization": "Bearer nothing"}
    assert get(tmp_path, proxy(), "/api/campaigns", **headers)[0] == 401
    assert get(tmp_path, AccessSettings(), "/api/campaigns", Authorization="Bearer nothing")[0] == 401


def test_scopes(tmp_path: Path) -> None:
    bearer, access = tokens(tmp_path, "read")
    body = {"relevant": True}
    status, answer = send(tmp_path, access, "POST", MARK, json=body, headers={"Authorization": bearer})
    assert (status, "`write`" in answer["error"]) == (403, True)
    bearer, access = tokens(tmp_path, "write")
    assert send(tmp_path, access, "POST", MARK, json=body, headers={"Authorization": bearer})[0] == 200
    assert get(tmp_path, access, "/api/campaigns", Authorization=bearer)[0] == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://localhost:8", "Host": "localhost:8"}, 200),
    ],
)
def test_nobody_acts_through_another_pages_browser(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    assert send(tmp_path, AccessSettings(), "POST", MARK, json={"relevant": True}, headers=headers)[0] == status


def test_a_user_marks_under_their_name(tmp_path: Path) -> None:
    async def scenario() -> Any:
        async with site(tmp_path / "store", MENTIONS, proxy()) as served:
            headers = {"X-Forwarded-User": "leila", "Sec-Fetch-Site": "same-origin"}
            await served.send("POST", MARK, json={"relevant": False}, headers=headers)
            return served.mentions.said

    (mark,) = asyncio.run(scenario())
    assert (mark.by, mark.relevant, mark.text) == ("leila", False, "سفارش من از بریمو نرسید")


def test_probes_and_metrics_are_apart(tmp_path: Path) -> None:
    for access in (AccessSettings(), proxy(), tokens(tmp_path)[1]):
        assert get(tmp_path, access, "/livez")[0] == 200
        assert get(tmp_path, access, "/readyz", Host="anything")[0] == 200
    direct = proxy(trusted_proxies=("10.9.0.1",))
    assert get(tmp_path, direct, "/metrics")[0] == 200, "a scraper comes by itself"
    assert get(tmp_path, proxy(), "/metrics", X_Forwarded_User="leila")[0] == 403, "figures of every team"
    assert get(tmp_path, tokens(tmp_path)[1], "/metrics")[0] == 403
    bearer, access = tokens(tmp_path, "read")
    assert get(tmp_path, access, "/metrics", Authorization=bearer)[0] == 403
    bearer, access = tokens(tmp_path, "metrics")
    assert get(tmp_path, access, "/metrics", Authorization=bearer)[0] == 200
    assert get(tmp_path, access, "/api/campaigns", Authorization=bearer)[0] == 403


def test_every_answer_carries_the_security_headers(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with site(tmp_path, MENTIONS, proxy()) as served:
            for path in ("/livez", "/api/campaigns", "/nothing", "/api/campaigns/x/mentions"):
                async with served.client.get(path) as answer:
                    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
                    assert answer.headers["Cache-Control"] == "no-store"
            async with served.client.get("/api/campaigns") as answer:
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    asyncio.run(scenario())


def test_a_token_that_is_taken_out_of_the_file_is_of_no_use_any_more(tmp_path: Path) -> None:
    bearer, access = tokens(tmp_path)

    async def scenario() -> None:
        async with site(tmp_path / "store", MENTIONS, access) as served:
            clock = 0.0
            guard = next(iter(served.client.app.values()))
            watched = guard._tokens
            watched._now, watched._looked = (lambda: clock), 0.0
            headers = {"Authorization": bearer}
            assert (await served.get("/api/campaigns", headers=headers))[0] == 200
            (tmp_path / "tokens").write_text("broken", encoding="utf-8")
            clock = 10.0
            assert (await served.get("/api/campaigns", headers=headers))[0] == 200, "a broken change changes nothing"
            (tmp_path / "tokens").write_text("# nobody\n", encoding="utf-8")
            assert (await served.get("/api/campaigns", headers=headers))[0] == 200, "it is not looked at all the time"
            clock = 20.0
            assert (await served.get("/api/campaigns", headers=headers))[0] == 401

    asyncio.run(scenario())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "board.example"])
def test_nothing_is_open_to_others_by_accident(host: str) -> None:
    with pytest.raises(UsageProblem, match="--auth"):
        AccessSettings().check_host(host)
    for auth in ("proxy", "anyone"):
        AccessSettings(auth).check_host(host)
    for local in ("127.0.0.1", "::1", "localhost", "127.9.9.9"):
        AccessSettings().check_host(local)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"auth": "magic"}, "--auth"),
        ({"auth": "token"}, "--tokens-file"),
        ({"auth": "proxy", "trusted_proxies": ("10.0.0.0/99",)}, "--trusted-proxy"),
        ({"auth": "proxy", "teams_header": "X", "teams_file": Path("x")}, "--teams-file"),
        ({"auth": "local", "teams_header": "X"}, "--auth proxy"),
    ],
)
def test_settings_that_cannot_work(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageProblem, match=named):
        AccessSettings(**fields)
