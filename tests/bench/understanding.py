"""Microseconds per matching post for canonicalise + match + normalise + sentiment + relevance, beside hazm alone.

python -m tests.bench.understanding [--data DIR] [--posts N] [--batch N]
"""

import argparse
import json
import statistics
from collections import Counter
from itertools import islice
from pathlib import Path
from time import process_time

from hazm import Normalizer as Hazm

from listener.enrich import load_enricher
from models.campaign import Campaign, CampaignSet
from processors.enrich import Item
from processors.match import Matcher

ROUNDS = 3
#: 200 campaigns of 5 keywords: words that are seen now and then, so that about one post of ten matches.
CAMPAIGNS, KEYWORDS = 200, 5
POSTS, SEEN = 20_000, range(2, 5)


def campaigns(texts: list[str]) -> CampaignSet:
    counts = Counter(word for text in texts for word in text.split() if word.isalpha() and 4 <= len(word) <= 9)
    chosen = sorted(word for word, count in counts.items() if count in SEEN)[: CAMPAIGNS * KEYWORDS]
    keywords = [tuple(chosen[number::CAMPAIGNS][:KEYWORDS]) for number in range(CAMPAIGNS)]
    return CampaignSet(tuple(Campaign(id=f"c{n}", name=f"نام {n}", keywords=one) for n, one in enumerate(keywords)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--posts", type=int, default=1_000)
    parser.add_argument("--batch", type=int, default=256)
    options = parser.parse_args()
    with (options.data / "posts_twitter_2018" / "train.jsonl").open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in islice(lines, 2 * POSTS)]
    seen, texts = texts[:POSTS], texts[POSTS:]
    campaign_set = campaigns(seen)
    matcher, enricher, hazm = Matcher(campaign_set), load_enricher(campaign_set), Hazm()
    items = list(islice((found for text in texts if (found := first(matcher, text))), options.posts))
    enricher.analyse(list(islice((found for text in seen if (found := first(matcher, text))), options.posts)))
    kept = [item.text for item in items]
    stages = {
        "match": lambda: [matcher.text(text) for text in kept],
        "hazm alone": lambda: [hazm.normalize(text) for text in kept],
        "normalise": lambda: [enricher._normalize(text) for text in kept],
        "sentiment": lambda: [enricher._sentiment(item.text, item.spans) for item in items],
        "relevance": lambda: [enricher._judge(item) for item in items],
        "analyse (all but match)": lambda: [
            enricher.analyse(items[at : at + options.batch]) for at in range(0, len(items), options.batch)
        ],
    }
    costs: dict[str, list[float]] = {name: [] for name in stages}
    for _ in range(ROUNDS):
        for name, stage in stages.items():
            start = process_time()
            stage()
            costs[name].append((process_time() - start) / len(items) * 1e6)
    medians = {name: statistics.median(found) for name, found in costs.items()}
    for name, cost in medians.items():
        print(f"{name:26}{cost:8.0f} µs of CPU per matching post, {cost / medians['hazm alone']:.2f} × hazm alone")
    total = medians["match"] + medians["analyse (all but match)"]
    mean = statistics.mean(map(len, kept))
    print(
        f"{'all':26}{total:8.0f} µs, {total / medians['hazm alone']:.2f} × hazm alone; {len(items)} posts of {mean:.0f}"
    )


def first(matcher: Matcher, text: str) -> Item | None:
    """The first campaign that the text matches."""
    found = matcher.text(text)
    return Item(text, found[0].campaign_id, tuple((one.start, one.end) for one in found[0].matches)) if found else None


if __name__ == "__main__":
    main()
