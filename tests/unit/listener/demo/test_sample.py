from pathlib import Path

from listener.campaigns.files import load_campaigns
from listener.demo.sample import or_sample
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
