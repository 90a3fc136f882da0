from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from listener.campaigns.files import load_campaigns
from listener.demo.sample import LiveSample, or_sample
from listener.inputs.fieldmap import FieldMap
from listener.inputs.options import Replay
from listener.inputs.reading import read_records


def test_the_sample_replaces_a_missing_input_and_goes_again() -> None:
    with or_sample(Replay((), FieldMap(), Path(), workers=3)) as chosen:
        assert chosen.workers == 3
        assert sum(1 for _ in read_records(chosen.inputs, chosen.field_map)) > 3000
        assert len(load_campaigns(chosen.campaigns).campaigns) >= 6
        (file,) = chosen.inputs
    assert not file.exists()


def test_a_given_input_stays(tmp_path: Path) -> None:
    given = Replay((tmp_path / "posts.ndjson",), FieldMap(), tmp_path)
    with or_sample(given) as chosen:
        assert chosen is given


def test_the_live_sample_gives_the_past_at_once_and_the_rest_when_it_is_due() -> None:
    now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    sample = LiveSample.start(now, began=1_000.0, speed=120.0)
    waits = [(record, sample.wait_s(record, 0, now=1_000.0)) for record in islice(sample, 12_000)]
    past = [record for record, wait in waits if wait <= 0]
    assert 6_000 < len(past) < 11_000
    assert waits[len(past)][1] < 60
    assert [wait for _, wait in waits] == sorted(wait for _, wait in waits)
    assert len({record.key for record in past}) > 3_000
    assert len({record.line for record, _ in waits}) == len(waits)
