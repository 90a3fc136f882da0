from listener.manual.outcomes import JUDGED, outcomes_page
from models.outcome import OUTCOMES, Outcome, Reason


def test_every_outcome_and_reason_is_explained() -> None:
    page = outcomes_page("note")
    assert set(JUDGED) == set(Outcome)
    assert all(f"| `{name}` |" in page for name in (*OUTCOMES, *Reason))
