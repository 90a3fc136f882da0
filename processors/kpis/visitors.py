"""How many different visitors: a sketch whose parts add up, so that it lives in additive cells like everything else.

A visitor falls on one of ``BUCKETS`` × levels (a "coupon"): the bucket by some bits of a hash, the level by how many
zeros follow, so that half of all visitors are on level 0, a quarter on level 1, and so on. A cell counts the sessions
of one coupon. Sums of cells over windows and partitions, and sessions taken back, keep what matters: whether a coupon
has any session. The estimate is the number of visitors for which so many different coupons are to be expected: exact
for a few but where two of them share a coupon. Relative standard error for many: ln 2 / √BUCKETS, 1.5 %. Source: K.
Lang, Back to the Future: an Even More Nearly Optimal Cardinality Estimation Algorithm, 2017 (estimation from the number
of coupons).
"""

from collections.abc import Iterable
from hashlib import blake2b
from math import expm1, log, log1p
from typing import Final

#: What a coupon's dimension begins with.
USERS: Final = "user:"
BUCKETS: Final = 2048
ERROR: Final = log(2) / BUCKETS**0.5
_LEVELS: Final = 32
_HASH_BITS: Final = 64
#: Beyond any number of visitors.
_MOST: Final = 1e12
_STEPS: Final = 80


def coupon(visitor: str) -> str:
    """The dimension in which a visitor's sessions count; thousands share it, so nobody can be told from it."""
    value = int.from_bytes(blake2b(visitor.encode(), digest_size=_HASH_BITS // 8).digest(), "big")
    bucket, rest = value % BUCKETS, value // BUCKETS
    level = min(_LEVELS - 1, (rest & -rest).bit_length() - 1 if rest else _LEVELS - 1)
    return f"{USERS}{bucket:03x}.{level}"


def visitors(coupons: Iterable[str]) -> int:
    """The estimate from the different coupons that have a session."""
    found = len(set(coupons))
    if not found:
        return 0
    low, high = 0.0, _MOST
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _expected(middle) < found else (low, middle)
    return round(high)


def _expected(number: float) -> float:
    """How many different coupons so many visitors have, on average: Σ over levels of m · (1 − (1 − p)^n)."""
    shares = [2.0 ** -(level + 1) for level in range(_LEVELS - 1)]
    shares.append(shares[-1])
    return sum(-BUCKETS * expm1(number * log1p(-share / BUCKETS)) for share in shares)
