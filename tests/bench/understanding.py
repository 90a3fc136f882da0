"""Microseconds per matching post for canonicalise + match + normalise + sentiment + relevance, beside hazm alone.

python -m tests.bench.understanding [--data DIR] [--posts N] [--batch N]

Every round takes posts that nothing has seen before, after a warm-up on other posts: what is remembered of words then
helps as much as in a worker that has run for a while. The parts are measured after the whole, on the same posts.
"""

import argparse
import gc
import json
import statistics
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from time import process_time

from hazm import Normalizer as Hazm

from listener.enrich import load_enricher
from models.campaign import Campaign, CampaignSet
from processors.enrich import Enricher, Item
from processors.match import Matcher
from processors.match.folding import fold
from processors.stories import story_id

HAZM, MATCH, REST = "hazm alone", "canonicalise and match", "normalise, sentiment, relevance"
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
    parser.add_argument("--posts", type=int, default=500)
    parser.add_argument("--batch", type=int, default=256)
    options = parser.parse_args()
    with (options.data / "posts_twitter_2018" / "train.jsonl").open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in islice(lines, 2 * POSTS)]
    seen, texts = texts[:POSTS], texts[POSTS:]
    campaign_set = campaigns(seen)
    matcher, enricher, hazm = Matcher(campaign_set), load_enricher(campaign_set), Hazm()
    models = enricher._sentiment, enricher._relevance
    chain = Enricher(enricher._normalizer, lambda *_: "", *models, {}, {}, campaign_set)
    chain.analyse(matching(matcher, seen))
    items = matching(matcher, texts)
    rounds = [items[at : at + options.posts] for at in range(0, len(items) - options.posts + 1, options.posts)]
    costs: dict[str, list[float]] = {}
    for some in rounds:
        for name, stage in stages(some, matcher, chain, hazm, options.batch).items():
            gc.collect()
            start = process_time()
            stage()
            costs.setdefault(name, []).append((process_time() - start) / len(some) * 1e6)
    totals = [match + rest for match, rest in zip(costs[MATCH], costs[REST], strict=True)]
    for name, found in {**costs, "all": totals}.items():
        ratios = [cost / hazm_cost for cost, hazm_cost in zip(found, costs[HAZM], strict=True)]
        print(f"{name:28}{statistics.median(found):8.0f} µs per post, {statistics.median(ratios):.2f} × hazm alone")
    mean = statistics.mean(len(item.text) for item in items)
    print(f"{len(rounds)} rounds of {options.posts} posts of {mean:.0f} letters in batches of {options.batch}")


def stages(
    items: list[Item], matcher: Matcher, chain: Enricher, hazm: Hazm, batch: int
) -> dict[str, Callable[[], object]]:
    """The whole first: what comes later finds the words of these posts known."""
    kept = [item.text for item in items]
    folded = [fold(text) for text in kept]
    return {
        HAZM: lambda: [hazm.normalize(text) for text in kept],
        MATCH: lambda: [matcher.text(text) for text in kept],
        REST: lambda: [chain.analyse(items[at : at + batch]) for at in range(0, len(items), batch)],
        "  of which normalise": lambda: [chain._normalize(text) for text in kept],
        "  of which sentiment": lambda: chain._feelings(items, dict(zip(kept, folded, strict=True))),
        "  of which relevance": lambda: [chain._judge(*one) for one in zip(items, folded, strict=True)],
        "besides: story id": lambda: [story_id(*one) for one in zip(kept, folded, strict=True)],
    }


def matching(matcher: Matcher, texts: list[str]) -> list[Item]:
    """Those that match, with the first campaign that they match."""
    return [found for text in texts if (found := first(matcher, text))]


def first(matcher: Matcher, text: str) -> Item | None:
    """The first campaign that the text matches."""
    found = matcher.text(text)
    return Item(text, found[0].campaign_id, tuple((one.start, one.end) for one in found[0].matches)) if found else None


if __name__ == "__main__":
    main()
