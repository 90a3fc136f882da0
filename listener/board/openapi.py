"""The description of the HTTP API (OpenAPI 3.1), served at ``/api/openapi.json``; the reference page is made from it.

Every route under ``/api`` is declared in ``ROUTES``: a test compares them with what a board serves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from listener import __version__
from listener.board.mentions import Top, Verdict
from listener.board.mentions_json import MentionOut, MentionPage
from listener.board.mentions_query import CSV, EXPORT, PAGE, TOP, Parameter
from models.cells import WINDOWS
from models.incident import Incident
from models.series import ClosedMinute
from processors.kpis.periods import NAMES as PERIODS

_JSON: Final = "application/json"
_REF: Final = "#/components/schemas/{name}"
_TIME: Final = {"type": "string", "format": "date-time"}


class Problem(msgspec.Struct, frozen=True):
    """Any error. The text says what was wrong and what may be."""

    error: str


@dataclass(frozen=True)
class Route:
    """One operation. ``answer``: a struct, or None for what is described in words only."""

    path: str
    summary: str
    answer: Any = None
    query: Sequence[Parameter] = ()
    method: str = "get"
    media: str = _JSON
    body: Any = None
    errors: Sequence[int] = ()

    @property
    def places(self) -> list[str]:
        """The names of the variable parts of the path."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]


_SERIES: Final = (
    Parameter("window", {"enum": list(WINDOWS), "default": "minute"}, "Minutes are UTC, the others the campaign's."),
    Parameter("from", _TIME, "First window, with an offset."),
    Parameter("to", _TIME, "Windows before this moment."),
    Parameter("platform", {"type": "string"}, "One platform only."),
)
_CLOSED: Final = _SERIES[1:3]
_KPIS: Final = (
    Parameter("period", {"enum": list(PERIODS), "default": "campaign"}, "Over which time."),
    Parameter("from", _TIME, "First moment of a period of one's own."),
    Parameter("to", _TIME, "Its end."),
    Parameter("now", _TIME, "The moment to evaluate at; without it the present."),
    Parameter("all", {"type": "boolean", "default": False}, "Also those beside the 24."),
)
_CAMPAIGN: Final = "/api/campaigns/{id}"
_ASKED: Final = (400, 404, 503)

ROUTES: Final = (
    Route("/api/campaigns", "Every campaign in sight with its totals since it began.", errors=(503,)),
    Route(f"{_CAMPAIGN}/series", "Counters by minute, hour or day.", query=_SERIES, errors=_ASKED),
    Route(f"{_CAMPAIGN}/closed", "Closed minutes: what the detector judged.", query=_CLOSED, errors=_ASKED),
    Route(f"{_CAMPAIGN}/mentions", "Mentions, a page at a time.", MentionPage, PAGE, errors=_ASKED),
    Route(
        f"{_CAMPAIGN}/mentions.ndjson",
        "All mentions that are asked for, however many: one JSON object a line.",
        MentionOut,
        EXPORT,
        media="application/x-ndjson",
        errors=_ASKED,
    ),
    Route(
        f"{_CAMPAIGN}/mentions.csv",
        "All mentions that are asked for, as a table. Cells that a spreadsheet could take for formulas begin with '.",
        None,
        CSV,
        media="text/csv",
        errors=_ASKED,
    ),
    Route(f"{_CAMPAIGN}/top", "Most engagement, and who said most.", Top, TOP, errors=_ASKED),
    Route(
        f"{_CAMPAIGN}/mentions/{{entity}}/relevance",
        "Say whether a mention is about the campaign. Needs the scope `write`.",
        method="post",
        body=Verdict,
        errors=(*_ASKED, 413),
    ),
    Route(f"{_CAMPAIGN}/kpis", "Values of the KPIs, and how the targets stand.", query=_KPIS, errors=_ASKED),
    Route("/api/kpis", "The catalogue of the KPIs."),
    Route(f"{_CAMPAIGN}/incidents", "Incidents of a campaign.", errors=_ASKED),
    Route("/api/incidents/{incident}", "One incident.", Incident, errors=(404,)),
    Route("/api/sources/incidents", "Sources that fell silent or changed."),
    Route("/api/live", "Totals and last closed minutes now; the same as the events."),
    Route("/events", "The same whenever something changes, as server-sent events.", media="text/event-stream"),
    Route("/api/progress", "How far counting and this board are, by partition."),
    Route("/api/version", "Which program this is."),
    Route("/api/openapi.json", "This description."),
)
_ANSWERED: Final = {
    400: "A parameter is not as it must be; the error names it.",
    401: "Nobody is logged in, or the token is not valid.",
    403: "The token lacks the scope, or the request does not come from the board's own page.",
    404: "There is no such thing, or it is of another team.",
    413: "The body is too large.",
    503: "Not now: the board is still reading, or the question takes too long. `Retry-After` says when to ask again.",
}


def description() -> dict[str, Any]:
    """The whole document."""
    structs = [ClosedMinute, Problem, *_structs()]
    _, components = msgspec.json.schema_components(structs, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = _operation(route)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Listener",
            "version": __version__,
            "description": "Counts and mentions of campaigns. Errors are JSON with the one field `error`.",
        },
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "`listener token new`"}},
        },
    }
    # Defaults of structs may be tuples: what is served has none.
    return msgspec.json.decode(msgspec.json.encode(document), type=dict[str, Any])


def reference_page() -> str:
    """The description as a page of the documentation, without its heading."""
    lines = ["| | Path | What |", "|---|---|---|"]
    lines += [f"| {route.method.upper()} | `{route.path}` | {route.summary} |" for route in ROUTES]
    for route in ROUTES:
        if route.query or route.body or route.answer:
            lines += ["", f"## `{route.method.upper()} {route.path}`", "", route.summary, *_details(route)]
    lines += ["", "## Errors", "", 'JSON: `{"error": "…"}`.', ""]
    lines += [f"- {status}: {text}" for status, text in _ANSWERED.items()]
    return "\n".join(lines) + "\n"


def _details(route: Route) -> Iterable[str]:
    if route.query:
        yield from ("", "| Parameter | Values | Meaning |", "|---|---|---|")
        for one in route.query:
            yield f"| `{one.name}` | {_values(one.schema)} | {one.description} |"
    if route.body is not None:
        yield from ("", "Body: " + _fields(route.body))
    if route.answer is not None:
        yield from ("", f"Answer ({route.media}): {_fields(route.answer)}", "", _doc(route.answer))


def _fields(struct: Any) -> str:
    return ", ".join(f"`{field.encode_name}`" for field in msgspec.structs.fields(struct)) + "."


def _doc(struct: Any) -> str:
    return " ".join((struct.__doc__ or "").split())


def _values(schema: Mapping[str, Any]) -> str:
    inner = schema.get("items", schema)
    if "enum" in inner:
        text = ", ".join(f"`{value}`" for value in inner["enum"])
    else:
        text = str(inner.get("format") or inner["type"])
        if "maximum" in inner:
            text += f" from {inner['minimum']} to {inner['maximum']}"
    return f"{text}; default `{schema['default']}`" if "default" in schema else text


def _structs() -> list[Any]:
    found = [struct for route in ROUTES for struct in (route.answer, route.body) if struct is not None]
    return list(dict.fromkeys(found))


def _operation(route: Route) -> dict[str, Any]:
    places = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in route.places]
    query = [
        {"name": one.name, "in": "query", "schema": dict(one.schema), "description": one.description}
        for one in route.query
    ]
    schema = {} if route.answer is None else {"schema": {"$ref": _REF.format(name=route.answer.__name__)}}
    answers: dict[str, Any] = {"200": {"description": route.summary, "content": {route.media: schema}}}
    for status in sorted({401, 403, *route.errors}):
        problem = {_JSON: {"schema": {"$ref": _REF.format(name="Problem")}}}
        answers[str(status)] = {"description": _ANSWERED[status], "content": problem}
    operation: dict[str, Any] = {"summary": route.summary, "parameters": [*places, *query], "responses": answers}
    if route.body is not None:
        body = {_JSON: {"schema": {"$ref": _REF.format(name=route.body.__name__)}}}
        operation["requestBody"] = {"required": True, "content": body}
    return operation
