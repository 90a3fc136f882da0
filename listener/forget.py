"""``listener forget``: an author's mentions are taken back, from the topics and from every store."""

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import click
import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from msgspec.structs import replace

from listener.authors import AUTHOR_KEY_VARIABLE, author_key_option
from listener.changelog import Records, read_to_end
from listener.errors import UsageProblem
from listener.kafka.admin import admin_client
from listener.kafka.naming import namespace_options
from listener.kafka.settings import KafkaSettings, kafka_options
from listener.worker.publisher import create_producer
from models.feedback import Forgotten, pack_feedback
from models.incident import Incident, Quote, pack_incident, unpack_incident
from models.mention import counts_key, mention_key
from models.topics import Namespace
from processors.authors import HASH_DIGITS, author_hash

_HASH: Final = re.compile(f"[0-9a-f]{{{HASH_DIGITS}}}")
_TELL_EVERY: Final = 100_000


class _Head(msgspec.Struct):
    """As much of a mention as is looked at."""

    campaign: str
    entity: str
    author: str | None = None


@dataclass
class Found:
    """The mentions of some authors, as far as the topic is read: (campaign, entity) → partition.

    ``incidents``: how many had quoted them.
    """

    authors: frozenset[str]
    say: Callable[[str], None]
    mentions: dict[tuple[str, str], int] = field(default_factory=dict)
    read: int = 0
    incidents: int = 0

    def take(self, tp: TopicPartition, records: Records) -> None:
        """Look at records of the mentions topic; what was taken back already is left out."""
        for _, key, value in records:
            if value is None:
                campaign, _, entity = key.decode(errors="replace").partition("|")
                self.mentions.pop((campaign, entity), None)
            elif (head := _head(value)) is not None and head.author in self.authors:
                self.mentions[head.campaign, head.entity] = tp.partition
        before, self.read = self.read, self.read + len(records)
        if before // _TELL_EVERY != self.read // _TELL_EVERY:
            self.say(f"{self.read:,} records read, {len(self.mentions):,} mentions found")


@dataclass
class Quoting:
    """The incidents that quote what is taken back, without those quotes: key → what is left."""

    found: Found
    incidents: dict[bytes, Incident] = field(default_factory=dict)

    def take(self, _tp: TopicPartition, records: Records) -> None:
        """Look at records of the incidents topic; the last one per key counts."""
        for _, key, value in records:
            self.incidents.pop(key, None)
            if value is not None and (left := self._left(value)) is not None:
                self.incidents[key] = left

    def _left(self, value: bytes) -> Incident | None:
        try:
            incident = unpack_incident(value)
        except msgspec.DecodeError:
            return None
        if not isinstance(incident, Incident) or incident.explanation is None:
            return None
        told = incident.explanation

        def kept(quotes: tuple[Quote, ...]) -> tuple[Quote, ...]:
            return tuple(quote for quote in quotes if not self._gone(incident.campaign, quote))

        first = kept(() if told.first is None else (told.first,))
        left = replace(
            told, first=first[0] if first else None, earliest=kept(told.earliest), examples=kept(told.examples)
        )
        return None if left == told else replace(incident, explanation=left)

    def _gone(self, campaign: str, quote: Quote) -> bool:
        return quote.author in self.found.authors or (campaign, quote.entity) in self.found.mentions


@click.command()
@click.argument("author")
@kafka_options
@namespace_options
@author_key_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(author: str, kafka: KafkaSettings, namespace: Namespace, author_key: bytes | None, *, yes: bool) -> None:
    """Take back every mention of an author and let no board keep one again.

    AUTHOR is platform:id, as the source writes the id (the key for hashing is needed), or the hash that mentions have.
    It may be repeated: what is gone already is left alone.
    """
    hashes = hashes_of(author, author_key)
    if not yes:
        click.confirm(f"forget {author} ({', '.join(sorted(hashes))})? This cannot be undone", abort=True)

    def say(line: str) -> None:
        click.echo(line, err=True)

    found = asyncio.run(forget_authors(kafka, namespace, hashes, datetime.now(UTC), say))
    campaigns = {campaign for campaign, _ in found.mentions}
    click.echo(
        f"{', '.join(sorted(hashes))}: {len(found.mentions)} mentions of {len(campaigns)} campaigns taken back on "
        f"{namespace.mentions}, quotes taken out of {found.incidents} incidents; boards drop theirs and take no more. "
        "docs/howto/privacy.md says what goes when."
    )


def hashes_of(author: str, key: bytes | None) -> frozenset[str]:
    """The hashes under which an author may be kept. UsageProblem for what is neither an account nor a hash."""
    if _HASH.fullmatch(author):
        return frozenset({author})
    platform, _, native = author.partition(":")
    if not platform or not native:
        raise UsageProblem(f"{author!r} is neither platform:id nor a hash of {HASH_DIGITS} hexadecimal digits.")
    if key is None:
        raise UsageProblem(
            f"to find {author} the key for hashing authors is needed, the one that workers have: give "
            f"--author-key-file or ${AUTHOR_KEY_VARIABLE}."
        )
    # Some sources put the platform before the id themselves.
    return frozenset(author_hash(key, platform, one) for one in (native, author))


async def forget_authors(
    kafka: KafkaSettings, namespace: Namespace, authors: frozenset[str], now: datetime, say: Callable[[str], None]
) -> Found:
    """First nobody takes them any more, then what is there is taken back. Returns what was found.

    Raises UsageProblem when Kafka does not answer or a topic is missing.
    """
    partitions = await asyncio.to_thread(_partitions, kafka, namespace)
    producer = create_producer(kafka)
    try:
        await producer.start()
        for author in sorted(authors):
            await _feedback(producer, namespace, Forgotten(author, now))
        found = Found(authors, say)
        await read_to_end(kafka, [TopicPartition(namespace.mentions, number) for number in partitions], found.take)
        await _take_back(producer, namespace, found)
        quoting = Quoting(found)
        await read_to_end(kafka, [TopicPartition(namespace.incidents, 0)], quoting.take)
        for key, incident in quoting.incidents.items():
            await producer.send_and_wait(namespace.incidents, key=key, value=pack_incident(incident), partition=0)
        found.incidents = len(quoting.incidents)
    except KafkaError as error:
        raise UsageProblem(f"Kafka did not take it ({error}): run the command again, it may be repeated.") from error
    finally:
        await producer.stop()
    return found


async def _feedback(producer: AIOKafkaProducer, namespace: Namespace, forgotten: Forgotten) -> None:
    key = forgotten.subject.encode()
    await producer.send_and_wait(namespace.feedback, key=key, value=pack_feedback(forgotten), partition=0)


async def _take_back(producer: AIOKafkaProducer, namespace: Namespace, found: Found) -> None:
    """Tombstones for what was said, for its counters, and for people's marks, which hold the text too."""
    pending = []
    for (campaign, entity), partition in found.mentions.items():
        tombstones = [
            (namespace.mentions, mention_key(campaign, entity), partition),
            (namespace.mentions, counts_key(campaign, entity), partition),
            (namespace.feedback, f"relevance|{campaign}|{entity}".encode(), 0),
        ]
        pending += [await producer.send(topic, key=key, value=None, partition=to) for topic, key, to in tombstones]
    await asyncio.gather(*pending)


def _partitions(kafka: KafkaSettings, namespace: Namespace) -> Iterable[int]:
    with admin_client(kafka) as admin:
        (topic,) = admin.describe_topics([namespace.mentions])
    if topic["error_code"]:
        raise UsageProblem(f"there is no topic {namespace.mentions}: `listener topics create` makes what is missing.")
    return range(len(topic["partitions"]))


def _head(value: bytes) -> _Head | None:
    try:
        return msgspec.json.decode(value, type=_Head)
    except msgspec.DecodeError:
        return None
