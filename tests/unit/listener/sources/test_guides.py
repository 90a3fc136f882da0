"""The guides: every configuration in them can be loaded, and the table of costs is what the schedule says."""

import re
from pathlib import Path

import pytest
import yaml

from listener.sources.engagement.apis import BlueskyCounts, MastodonCounts
from listener.sources.engagement.poller import EngagementConfig
from listener.sources.engagement.schedule import AGES, calls_per_thousand
from listener.sources.kit.config import KINDS, load_source
from listener.sources.networks.telegram_channels import TelegramCounts

GUIDES = Path(__file__).resolve().parents[4] / "docs" / "howto" / "sources"
BLOCKS = [
    (guide.name, block)
    for guide in sorted(GUIDES.glob("*.md"))
    for block in re.findall(r"```yaml\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    if "sources:" in block
]


@pytest.mark.parametrize(
    ("guide", "block"), BLOCKS, ids=[f"{name}-{number}" for number, (name, _) in enumerate(BLOCKS)]
)
def test_every_configuration_can_be_loaded(guide: str, block: str, tmp_path: Path) -> None:
    file = tmp_path / "sources.yaml"
    # Blocks inside lists are indented.
    file.write_text(re.sub(r"^ {3}", "", block, flags=re.MULTILINE) if block.startswith("   ") else block)
    names = yaml.safe_load(file.read_text())["sources"]
    assert [load_source(name, file) for name in names]


def test_every_kind_has_its_guide() -> None:
    assert {guide.stem for guide in GUIDES.glob("*.md")} >= set(KINDS)


def test_the_table_of_costs() -> None:
    table = (GUIDES / "engagement.md").read_text(encoding="utf-8")
    rows = {cells[1].strip(): cells for line in table.splitlines() if len(cells := line.split("|")) > 5}
    config = EngagementConfig()
    assert config.bluesky is not None
    for name, api in (("Bluesky `getPosts`", BlueskyCounts), ("Mastodon `statuses?id[]=`", MastodonCounts)):
        assert rows[name][2].strip() == str(api.batch)
        assert rows[name][3].split()[0].rstrip(",") == f"{calls_per_thousand(api.batch)}"
    assert rows["Telegram, one channel"][3].strip() == f"{calls_per_thousand(TelegramCounts.batch)}"
    a_day = config.bluesky.calls_per_5m * 288 * BlueskyCounts.batch / len(AGES)
    assert rows["Bluesky `getPosts`"][5].strip() == f"{a_day:,.0f}"
