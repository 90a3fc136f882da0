import asyncio
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from listener.board.api import board_app
from listener.board.openapi import ROUTES, description
from listener.board.parts import alerting_part, board_parts
from listener.board.settings import BoardSettings
from listener.board.web.part import PagePart
from listener.kafka.settings import KafkaSettings
from tests.boarding import board_of, site


def test_the_description_is_valid_and_served(tmp_path: Path) -> None:
    validate(description())  # type: ignore[arg-type]

    async def scenario() -> None:
        board = board_of()
        settings = BoardSettings(KafkaSettings(("localhost:9092",)), board.namespace)
        page = next(part for part in board_parts(board, settings) if isinstance(part, PagePart))
        async with site(tmp_path, board=board, parts=[page]) as served:
            assert (await served.get("/api/openapi.json")) == (200, description())

    asyncio.run(scenario())


def test_every_route_of_the_api_is_described_and_no_other() -> None:
    board = board_of()
    settings = BoardSettings(KafkaSettings(("localhost:9092",)), board.namespace)
    parts = board_parts(board, settings)
    parts.append(alerting_part(board, settings, parts, lambda: False))
    served = {
        (route.method.lower(), route.resource.canonical)
        for route in board_app(board, parts).router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    api = {(method, path) for method, path in served if path.startswith("/api/") or path == "/events"}
    assert api == {(route.method, route.path) for route in ROUTES}


@pytest.mark.parametrize("route", [route for route in ROUTES if "mentions" in route.path and route.query])
def test_the_parameters_of_the_mentions_are_all_described(route: object) -> None:
    operation = description()["paths"][route.path]["get"]  # type: ignore[attr-defined]
    described = {one["name"] for one in operation["parameters"]}
    assert {"id", "q", "platform", "from", "to", "sort"} <= described
