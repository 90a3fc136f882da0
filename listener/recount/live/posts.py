"""Posts and articles of one partition counted again, backfills included."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from listener.recount.counting import KEEP_POSTS, Context, Partition, Refused, Story, judge_article, judge_post
from listener.recount.live.ledger import Ledger
from listener.recount.live.records import Input, whole
from listener.recount.live.sets import InForce, Known
from models.article import ARTICLES_TOPIC
from models.outcome import Outcome
from models.trace import Backfilled

_MS: Final = timedelta(milliseconds=1)


@dataclass
class Simulated:
    """A backfill as it was: the records from its first to its last, under its own set."""

    trace: Backfilled
    known: Known
    partition: Partition = field(default_factory=Partition)


class PostsRecount:
    """Counts the records of a partition of posts or articles, each under the set of its time."""

    def __init__(self, topic: str, sets: InForce, backfills: Sequence[Simulated], *, retention: bool) -> None:
        self._judge = judge_article if topic == ARTICLES_TOPIC else judge_post
        self._sets = sets
        self._retention = retention
        self._waiting = sorted(backfills, key=lambda one: (one.trace.last, one.trace.started_at))
        self._partition = Partition()

    def take(self, record: Input) -> Outcome | None:
        """Count a record; None where it was read for a backfill only."""
        while self._waiting and record.stamp > self._waiting[0].trace.last:
            self._put_in_place(self._waiting.pop(0))
        for one in self._waiting:
            if one.trace.first <= record.stamp <= one.trace.last:
                self._count(one.partition, record, one.known)
        if record.stamp < self._sets.first:
            return None
        return self._count(self._partition, record, self._sets.at(record.stamp))

    def finish(self, ledger: Ledger) -> None:
        """Everything is read: write down what is expected."""
        while self._waiting:
            self._put_in_place(self._waiting.pop(0))
        self._partition.settle()
        for platform, one in self._partition.settled:
            ledger.add(one.campaign, platform, one.minute // _MS, one.metric, one.amount, one.stamp)

    @property
    def record_time(self) -> int | None:
        """The largest ``observed_at`` so far, epoch ms."""
        time = self._partition.record_time
        return None if time is None else time // _MS

    def _count(self, partition: Partition, record: Input, known: Known) -> Outcome:
        now = None if record.timestamp < 0 else record.timestamp * _MS
        context = Context(known.matcher, now, self._retention, record.stamp, known.campaigns, known.rules.wrote)
        try:
            return self._judge(partition, whole(record), context)
        except Refused:
            return Outcome.INVALID

    def _put_in_place(self, done: Simulated) -> None:
        """What a backfill does: the campaign has what the simulation says, the others keep what they have.

        Posts that the campaign has a share in go on as they were simulated.
        """
        campaign, ours, simulated = done.trace.campaign, self._partition, done.partition
        ours.settle()
        simulated.settle()
        ours.settled = [one for one in ours.settled if one[1].campaign != campaign]
        ours.settled += [one for one in simulated.settled if one[1].campaign == campaign]
        for story in ours.stories.values():
            story.shares.pop(campaign, None)
        for post_id, story in simulated.stories.items():
            if campaign in story.shares:
                before = ours.stories.get(post_id)
                others = {} if before is None or self._forgotten(before) else before.shares
                ours.stories[post_id] = Story(
                    story.seen, others | {campaign: story.shares[campaign]}, begin=len(story.seen)
                )

    def _forgotten(self, story: Story) -> bool:
        time = self._partition.record_time
        return self._retention and time is not None and time - story.seen[-1].record_time >= KEEP_POSTS
