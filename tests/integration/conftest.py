"""For each test topics of its own, on the one real broker."""

import uuid

import pytest

from models.topics import Namespace


@pytest.fixture
def namespace() -> Namespace:
    """Topics, tables and a consumer group that no other test uses."""
    unique = f"t{uuid.uuid4().hex[:10]}"
    return Namespace(app=unique, prefix=f"{unique}.")
