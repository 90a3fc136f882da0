"""What it costs to see that a post matches nothing: 200 campaigns of 5 keywords, one core.

``python -m tests.bench.matching [--posts N] [--rounds N]`` prints µs per post (the best of the rounds, which are
interleaved) on real posts when ``LISTENER_DATA`` is there, on invented ones otherwise, and the ratio to
``hazm.Normalizer().normalize`` on the same posts in the same run. The last way is that of a worker without Kafka: all
that a record is checked for, and the flushes.
"""

import argparse
import gc
import json
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from listener.worker.sets import compile_set
from models.campaign import Campaign, CampaignSet
from models.post import Post
from processors.judge import skim_decoder
from processors.match import Matcher
from tests.bench.curves import count_all
from tests.bench.posts import campaign_set, posts

CAMPAIGNS: Final = 200
KEYWORDS: Final = 5
HAZM_POSTS: Final = 400
#: Records that are searched in one go.
GROUP = 64


def campaigns_of(data: Path | None) -> CampaignSet:
    """200 campaigns of 5 keywords: the real brands and banks where the data is there, invented names for the rest."""
    real = list(_lexicon(data)) if data else []
    invented = [campaign.keywords[0] for campaign in campaign_set(CAMPAIGNS * KEYWORDS).campaigns]
    random.Random(5).shuffle(invented)  # noqa: S311 - not for secrets
    shaped = [_shape(name, number) for number, name in enumerate(invented)]
    words = (real + shaped)[: CAMPAIGNS * KEYWORDS]
    random.Random(6).shuffle(words)  # noqa: S311
    groups = [words[at : at + KEYWORDS] for at in range(0, len(words), KEYWORDS)]
    return CampaignSet(tuple(Campaign(id=f"c{n:03}", keywords=tuple(group)) for n, group in enumerate(groups)))


def _shape(name: str, number: int) -> str:
    """Every third name with a half-space, every fifth of two words, every seventh with a number."""
    half = len(name) // 2
    if number % 3 == 0:
        return name[:half] + "\u200c" + name[half:]
    if number % 5 == 0:
        return "بانک " + name
    return f"{name} {number % 90 + 10}" if number % 7 == 0 else name


def _lexicon(data: Path) -> Iterator[str]:
    for line in (data / "lexicons" / "brands_handmade.jsonl").read_text(encoding="utf-8").splitlines():
        brand = json.loads(line)
        yield from (word for word in (brand["brand"], *brand["latin"]) if len(word) > 1)
    yield from (data / "lexicons" / "banks_fa_MIT.txt").read_text(encoding="utf-8").split("\n")


def records(data: Path | None, count: int) -> list[bytes]:
    """Raw records, in the form in which sources write them."""
    if data is None:
        return [value for _, value in posts(count, campaign_set(1), share=0)]
    made: list[bytes] = []
    with (data / "posts_twitter_2018" / "train.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            post = json.loads(line)
            record = {
                "event_id": f"e{len(made)}",
                "schema_version": 1,
                "observed_at": "2026-11-20T10:00:00Z",
                "op": "create",
                "post_id": f"twitter:{post['id']}",
                "platform": "twitter",
                "created_at": "2026-11-20T10:00:00Z",
                "text": post["text"],
                "author": {"id": f"u{len(made) % 5000}"},
            }
            made.append(msgspec.json.encode(record))
            if len(made) == count:
                break
    return made


def best(jobs: dict[str, Callable[[], int]], count: int, rounds: int) -> dict[str, float]:
    """Job → µs per post, the best of interleaved rounds."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            gc.collect()
            start = time.process_time()
            done = job()
            times[name].append((time.process_time() - start) / (done or count))
    return {name: min(taken) * 1e6 for name, taken in times.items()}


def jobs_of(campaigns: CampaignSet, matcher: Matcher, raws: Sequence[bytes]) -> dict[str, Callable[[], int]]:
    """The ways of a post through the matcher, and their parts; each returns how many posts it did."""
    compiled = compile_set(campaigns)
    decode = msgspec.json.Decoder(Post).decode
    texts = [decode(raw).text or "" for raw in raws]
    find, match, skim = matcher.prefilter.find_each, matcher.text, skim_decoder.decode
    groups = [raws[at : at + GROUP] for at in range(0, len(raws), GROUP)]

    def text_path() -> int:
        for text in texts:
            match(text)
        return len(texts)

    def raw_path() -> int:
        for group in groups:
            for index in find(group, [skim(raw).text for raw in group]):
                match(decode(group[index]).text or "")
        return len(raws)

    def prefilter_alone() -> int:
        for group in groups:
            find(group, [skim(raw).text for raw in group])
        return len(raws)

    def worker() -> int:
        count_all(raws, compiled)
        return len(raws)

    parts = {"text path": text_path, "raw bytes path": raw_path, "skim and prefilter": prefilter_alone}
    return parts | {"worker": worker}


def hazm_job(texts: Sequence[str]) -> Callable[[], int]:
    """``hazm.Normalizer().normalize`` as it comes."""
    from hazm import Normalizer  # type: ignore[import-untyped]

    normalize = Normalizer().normalize

    def job() -> int:
        for text in texts:
            normalize(text)
        return len(texts)

    return job


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--without-hazm", action="store_true")
    given = parser.parse_args()
    where = Path(os.environ.get("LISTENER_DATA", "../shared/data"))
    data = where if where.is_dir() else None
    start = time.perf_counter()
    campaigns = campaigns_of(data)
    matcher = Matcher(campaigns)
    built = time.perf_counter() - start
    raws = records(data, given.posts)
    decode = msgspec.json.Decoder(Post).decode
    silent = [raw for raw in raws if not matcher.text(decode(raw).text or "")]
    passed = sum(map(matcher.prefilter.candidate, silent))
    jobs = jobs_of(campaigns, matcher, silent)
    if not given.without_hazm:
        jobs["hazm"] = hazm_job([decode(raw).text or "" for raw in silent[:HAZM_POSTS]])
    taken = best(jobs, len(silent), given.rounds)
    size = sum(map(len, silent)) / len(silent)
    print(f"{'real' if data else 'invented'} posts: {len(raws)}, of {size:.0f} bytes; {len(silent)} match nothing,")
    print(f"of these {passed / len(silent):.1%} pass the raw-bytes filter; compiled in {built:.1f} s")
    for name, cost in taken.items():
        ratio = f"   hazm is {taken['hazm'] / cost:.0f} times that" if "hazm" in taken and name != "hazm" else ""
        print(f"{name:18} {cost:8.2f} µs/post{ratio}")


if __name__ == "__main__":
    main()
