"""Records of the articles topic."""

import json
from typing import Any

import msgspec
import pytest

from models.article import Article

BASE: dict[str, Any] = {
    "event_id": "e1",
    "schema_version": 1,
    "observed_at": "2026-11-23T12:00:00Z",
    "op": "create",
    "article_id": "a" * 64,
    "url": "https://paper.example/1?utm_source=x",
    "canonical_url": "https://paper.example/1",
    "title": "تیتر",
    "published_at": "2026-11-23T15:29:00+03:30",
    "publisher": {"domain": "paper.example"},
}


def test_the_required_fields_are_enough() -> None:
    article = msgspec.json.decode(json.dumps(BASE), type=Article)
    assert (article.published_at_estimated, article.lang, article.publisher.name) == (False, None, None)


@pytest.mark.parametrize("field", BASE)
def test_each_required_field_is_required(field: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=f"missing required field `{field}`"):
        msgspec.json.decode(json.dumps({name: value for name, value in BASE.items() if name != field}), type=Article)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("op", "engagement"),
        ("article_id", "A" * 64),
        ("url", "ftp://x"),
        ("title", ""),
        ("published_at", "2026-11-23"),
        ("publisher", {"domain": ""}),
    ],
)
def test_wrong_values(field: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(BASE | {field: value}), type=Article)
