"""How well story ids group copies: ``python -m tests.bench.stories_eval`` (needs ``LISTENER_DATA``).

Press: every article of ``articles_fars`` beside a copy of each kind that syndication makes; recall is the share of
copies with the id of their original. Posts: of ``posts_twitter_2018``, pairs that share half of their stretches or
more (found by locality-sensitive hashing, then compared exactly) are the true ones; recall is the share of them with
one id, precision the share of pairs with one id that share half.
"""

import json
import os
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
from datasketch import MinHash, MinHashLSH

from processors.stories import SHINGLE, SHORTEST, signature, story_id, story_letters

PAIRS_PER_STORY: Final = 20


def word_changed(text: str, rng: random.Random) -> str:
    """One word becomes another."""
    words = text.split(" ")
    words[rng.randrange(len(words))] = "دگرگون"
    return " ".join(words)


COPIES: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "header line": lambda text, _: "به گزارش خبرگزاری ایسنا به نقل از فارس،\n" + text,
    "footer lines": lambda text, _: text + "\nانتهای پیام/ ۱۲۳\nما را در کانال خبری دنبال کنید @isna",
    "a changed word": word_changed,
    "five changed words": lambda text, rng: word_changed(
        word_changed(word_changed(word_changed(word_changed(text, rng), rng), rng), rng), rng
    ),
    "other keyboard": lambda text, _: text.replace("ي", "ی").replace("ك", "ک"),
    "white space": lambda text, _: " ".join(text.replace("\u200c", " ").split()),
    "hashtags, link": lambda text, _: text + "\n#خبر #فوری https://t.me/x/1",
    "without title": lambda text, _: text.partition("\n\n")[2],
    "last fifth cut": lambda text, _: text[: len(text) * 4 // 5],
}


def press(data: Path) -> None:
    """Recall per kind of copy, and originals that share an id."""
    rng = random.Random(3)  # noqa: S311 - not for secrets
    lines = (data / "articles_fars" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    articles = [json.loads(line) for line in lines]
    texts = list(dict.fromkeys("\n\n".join(filter(None, (a["title"], a["abstract"], a["body"]))) for a in articles))
    ids = list(map(story_id, texts))
    print(f"press: {len(texts)} articles, {len(texts) - len(set(ids))} share the id of another one")
    for kind, copy in COPIES.items():
        same = sum(story_id(copy(text, rng)) == one for text, one in zip(texts, ids, strict=True))
        print(f"  {kind:20} {same / len(texts):6.1%}")


def stretches(text: str) -> set[str]:
    """All stretches of a text's letters."""
    letters = story_letters(text)
    return {letters[at : at + SHINGLE] for at in range(max(1, len(letters) - SHINGLE + 1))}


def shared(one: str, other: str) -> float:
    """Exact Jaccard similarity."""
    a, b = stretches(one), stretches(other)
    return len(a & b) / len(a | b)


def likely_pairs(texts: list[str]) -> Iterator[tuple[int, int]]:
    """Pairs that locality-sensitive hashing puts together, at most some per text."""
    index = MinHashLSH(threshold=0.4, num_perm=64)
    for number, text in enumerate(texts):
        values = np.frombuffer(signature(text), dtype=np.uint64)
        hashed = MinHash(64, seed=1, hashvalues=values, scheme="affine64")
        yield from ((other, number) for other in sorted(index.query(hashed))[:PAIRS_PER_STORY])
        index.insert(number, hashed)


def posts(data: Path) -> None:
    """Recall and precision on real posts."""
    with (data / "posts_twitter_2018" / "train.jsonl").open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    texts = [text for text in texts if len(story_letters(text)) >= SHORTEST]
    start = time.process_time()
    ids = list(map(story_id, texts))
    cost = (time.process_time() - start) / len(texts)
    true = [(one, other) for one, other in likely_pairs(texts) if shared(texts[one], texts[other]) >= 0.5]
    found = sum(ids[one] == ids[other] for one, other in true)
    stories: dict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(ids):
        stories[name].append(number)
    pairs = [pair for group in stories.values() for pair in list(combinations(group, 2))[:PAIRS_PER_STORY]]
    right = sum(shared(texts[one], texts[other]) >= 0.5 for one, other in pairs)
    print(f"posts: {len(texts)} of {SHORTEST} letters and more, {len(stories)} stories, {cost * 1e6:.0f} µs/post")
    print(f"  recall {found}/{len(true)} = {found / max(1, len(true)):.1%} of pairs that share half or more")
    print(
        f"  precision {right}/{len(pairs)} = {right / max(1, len(pairs)):.1%} of pairs with one id share half or more"
    )


if __name__ == "__main__":
    where = Path(os.environ.get("LISTENER_DATA", "../shared/data"))
    story_id("warm")
    press(where)
    posts(where)
