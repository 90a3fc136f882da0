import re
from collections.abc import Iterator
from importlib import resources
from random import Random

import pytest

from listener.sample.grammar import POST_RULES, Grammar, grammar
from listener.sample.people import BRAND_ACCOUNTS
from listener.sample.subjects import PARTS_OF_DAY, SUBJECTS

TRIES = 60
EDITS = {f"{writer}{kind}" for writer in ("", "news_") for kind in ("correction", "withdrawn", "postscript")}

PRESS = {"agency", "site", "credit", "closing", "related", "reporter", "corrected", "withdrawn_title", "withdrawn_text"}


def dice(seed: int = 1) -> Random:
    return Random(seed)  # noqa: S311


def post_rules() -> Iterator[tuple[str, str]]:
    for subject in SUBJECTS:
        yield from (
            (subject.name, rule) for rule in (*sorted(POST_RULES), *PARTS_OF_DAY) if rule in grammar(subject.name)
        )


@pytest.mark.parametrize(("subject", "rule"), post_rules())
def test_every_template_can_be_written(subject: str, rule: str) -> None:
    words = grammar(subject)
    for template in words.alternatives(rule):
        one = Grammar(words._rules | {"one": (template,)})
        for seed in range(TRIES):
            text = one.write("one", dice(seed), someone="rubah_abi")
            assert text
            assert not set(text) & set("{}[]|") - {"|" if " | " in template else ""}
            assert "  " not in text


def test_every_rule_is_used() -> None:
    files = [file.read_text("utf-8") for file in resources.files("listener.sample").joinpath("texts").iterdir()]
    rules = {line.split(":")[0] for text in files for line in text.splitlines() if line and line[0] not in " #"}
    slots = {name.removeprefix("=") for text in files for name in re.findall(r"\{([^{}]+)\}", text)}
    asked_for_by_code = POST_RULES | PARTS_OF_DAY.keys() | EDITS | {"viral", "brand", "name", "handle", "outlet"}
    of_stories = {rule for rule in rules if rule.endswith((".facts", ".headline", ".text", ".update"))}
    assert rules - slots - asked_for_by_code - of_stories - PRESS == {"include"}


def test_every_brand_subject_names_and_answers() -> None:
    for brand in BRAND_ACCOUNTS:
        assert {"brand", "official", "support", "chat", "channel", "photo"} <= grammar(brand)._rules.keys()


def test_a_slot_draws_another_word_each_time_and_the_same_on_request() -> None:
    words = Grammar({"fruit": ("fig", "plum"), "line": ("{fruit} {fruit} {=fruit}",)})
    assert {words.write("line", dice(seed)) for seed in range(TRIES)} == {"fig plum fig", "plum fig plum"}


def test_numbers_choices_and_line_breaks() -> None:
    words = Grammar({"line": (r"[a|] {3..3} . {latin}\nb",)})
    written = {words.write("line", dice(seed))[:-5].strip() for seed in range(TRIES)}
    assert written == {"a ۳.", "۳."}
    assert words.write("line", dice()).endswith("\nb")


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(KeyError, match="fruit"):
        Grammar({"line": ("{fruit}",)}).write("line", dice())
