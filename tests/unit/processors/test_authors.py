import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.authors import author_hash

KEY = b"0123456789abcdef"


def test_the_hash_is_the_one_that_openssl_computes() -> None:
    # printf twitter:42 | openssl dgst -sha256 -hmac 0123456789abcdef
    assert author_hash(KEY, "twitter", "42") == "3578c7329ad193b8"


def test_another_key_platform_or_account_is_another_hash() -> None:
    hashes = {
        author_hash(key, platform, account)
        for key in (KEY, KEY + b"x")
        for platform in ("twitter", "eitaa")
        for account in ("42", "43")
    }
    assert len(hashes) == 8


def test_a_key_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="15 bytes"):
        author_hash(KEY[:15], "twitter", "42")


@given(st.text(), st.text(alphabet=st.characters(codec=None)))
def test_any_account_has_a_hash(platform: str, account: str) -> None:
    assert re.fullmatch("[0-9a-f]{16}", author_hash(KEY, platform, account))
