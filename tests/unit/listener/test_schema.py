import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from listener.schema import RECORDS, render, schema, schema_of

COMMITTED = Path(__file__).parents[3] / "docs/reference/schemas"


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_the_committed_schema_is_the_generated_one(name: str) -> None:
    committed = (COMMITTED / f"{name}.json").read_text(encoding="utf-8")
    assert committed == render(name), "run: listener schema --out docs/reference/schemas"


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_is_valid_draft_2020_12(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema_of(name))


def test_accepts_a_post_and_refuses_a_negative_count() -> None:
    validator = jsonschema.Draft202012Validator(schema_of("social.posts.v1"))
    post = {
        "event_id": "1",
        "schema_version": 1,
        "observed_at": "2026-11-20T10:00:00Z",
        "op": "create",
        "post_id": "twitter:1",
        "platform": "twitter",
        "created_at": "2026-11-20T10:00:00Z",
        "text": "سلام",
        "counts": {"likes": 3},
    }
    validator.validate(post)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(post | {"counts": {"likes": -1}})


def test_prints_one_schema() -> None:
    result = CliRunner().invoke(schema, ["social.posts.v1"])
    assert json.loads(result.stdout) == schema_of("social.posts.v1")
