"""``should_match`` and ``should_not_match``: examples that a brand team keeps beside its campaign."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET

from yaml.nodes import MappingNode, Node

from listener.campaigns.nodes import Fields
from processors.match import Matcher
from processors.query.facts import Facts

EXAMPLE_LISTS: Final = ("should_match", "should_not_match")
_FIELDS: Final = ("text", "author", "lang", "platform", "url", "links")


class Example(NamedTuple):
    """One text, what is known of its post, and whether its campaign should match."""

    campaign: str
    text: str
    facts: Facts
    expected: bool
    file: Path
    line: int

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.file}:{self.line}"


class Outcome(NamedTuple):
    """An example and whether the campaign did what it should."""

    example: Example
    passed: bool

    @property
    def message(self) -> str:
        """What is wrong, for a failed one."""
        says = "should match but does not" if self.example.expected else "should not match but does"
        return f"{self.example.campaign}: {says}: «{self.example.text}»"


def read_examples(fields: Fields, campaign: str) -> Iterator[Example]:
    """The examples of one campaign: texts, or mappings with ``text`` and what queries ask for. Notes mistakes."""
    for name in EXAMPLE_LISTS:
        for node in fields.items(name):
            found = _mapping(fields, node) if isinstance(node, MappingNode) else _plain(fields, name, node)
            if found is not None:
                text, facts = found
                yield Example(campaign, text, facts, name == EXAMPLE_LISTS[0], fields.file, node.start_mark.line + 1)


def _plain(fields: Fields, name: str, node: Node) -> tuple[str, Facts] | None:
    text = fields.scalar(name, node)
    return None if text is None else (text, Facts())


def _mapping(fields: Fields, node: MappingNode) -> tuple[str, Facts] | None:
    inner = Fields(fields.file, node, _FIELDS, fields.problems)
    text = inner.text("text")
    if text is None:
        if "text" not in inner.values:
            inner.problem("text", "is missing: an example is a text, or a mapping with text")
        return None
    facts = Facts.of(
        authors=(inner.text("author"),),
        addresses=(inner.text("url"),),
        lang=inner.text("lang"),
        platform=inner.text("platform"),
        links=[link for link, _ in inner.texts("links")],
    )
    return text, facts


def run(examples: Iterable[Example], matcher: Matcher) -> Iterator[Outcome]:
    """Every example against its campaign, by the rules that ``listener match`` and the worker apply."""
    for example in examples:
        matched = {found.campaign_id for found in matcher.text(example.text, example.facts)}
        yield Outcome(example, (example.campaign in matched) == example.expected)


def junit(outcomes: Iterable[Outcome]) -> bytes:
    """The outcomes as JUnit XML: one suite per campaign, one case per example."""
    root = ET.Element("testsuites", name="listener check")
    suites: dict[str, ET.Element] = {}
    for outcome in outcomes:
        example = outcome.example
        suite = suites.get(example.campaign)
        if suite is None:
            suite = suites[example.campaign] = ET.SubElement(root, "testsuite", name=example.campaign)
        kind = EXAMPLE_LISTS[not example.expected]
        case = ET.SubElement(
            suite,
            "testcase",
            name=f"{kind}: {_printable(example.text)}",
            classname=example.campaign,
            file=str(example.file),
            line=str(example.line),
        )
        if not outcome.passed:
            ET.SubElement(case, "failure", message=_printable(outcome.message)).text = example.place
    for suite in suites.values():
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
    root.set("tests", str(sum(len(suite) for suite in root)))
    root.set("failures", str(len(root.findall("testsuite/testcase/failure"))))
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _printable(text: str) -> str:
    """Without what XML 1.0 has no way to write."""
    return "".join(char if char.isprintable() or char in "\u200c\u200f" else " " for char in text)
