"""Authors without names: a keyed hash, equal for equal accounts and of no use to whoever lacks the key."""

import hmac
from typing import Final

#: 64 bits: among a million authors two share a hash with a chance of 1 in 37 million.
HASH_DIGITS: Final = 16
#: A shorter key could be guessed: account ids are public, so hashes can be tried out against a list of them.
MIN_KEY_BYTES: Final = 16


def author_hash(key: bytes, platform: str, author_id: str) -> str:
    """The first 16 hexadecimal digits of HMAC-SHA-256 (RFC 2104) with ``key`` over ``platform:author_id`` in UTF-8.

    ``author_id`` is taken as the source writes it; lone surrogates are kept apart from one another. Raises ValueError
    for a key of less than 16 bytes.
    """
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"the key for authors has {len(key)} bytes: it needs {MIN_KEY_BYTES} or more")
    account = f"{platform}:{author_id}".encode(errors="surrogatepass")
    return hmac.digest(key, account, "sha256").hex()[:HASH_DIGITS]
