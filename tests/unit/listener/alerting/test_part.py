"""The alerting in a board: its metrics, and that it asks the board who leads and what campaigns there are."""

from listener.alerting.part import AlertingPart
from listener.alerting.settings import AlertingSettings
from listener.board.board import Board
from listener.board.settings import BoardSettings
from listener.kafka.settings import KafkaSettings
from models.feedback import Feedback
from models.topics import Namespace
from tests.unit.listener.alerting.incidents import CAMPAIGN, INCIDENT

SETTINGS = BoardSettings(
    KafkaSettings.parse("localhost:1"), Namespace(), alerting=AlertingSettings(("http://am-1:9093", "http://am-2:9093"))
)


async def say(_feedback: Feedback) -> None:
    raise AssertionError("nobody said anything")


def samples(part: AlertingPart) -> dict[tuple[str, ...], float]:
    part.prepare()
    return {
        (one.name, *sorted(map(str, one.labels.values()))): one.value
        for family in part.collect()
        for one in family.samples
    }


def test_metrics_say_what_is_open_and_how_the_delivery_goes() -> None:
    leads = True
    board = Board(Namespace(), known={"berimo": CAMPAIGN})
    part = AlertingPart(board, SETTINGS, mentions=None, say=say, leading=lambda: leads)
    before = samples(part)
    assert before["listener_alerting_leading",] == 1
    assert before["listener_alert_queue",] == 0
    assert before["listener_alert_latency_seconds_count",] == 0
    assert before["listener_alert_deliveries_total", "http://am-1:9093"] == 0

    part.service.incidents[INCIDENT.id] = INCIDENT
    first, second = part.service.delivery.targets
    first.accepted, first.last_success, second.failed = 3, 1234.0, 2
    part.service.delivery.latency.observe(42.0)
    leads = False
    after = samples(part)
    assert after["listener_incident_open", "berimo", "critical", "mobility", "spike"] == 1
    assert after["listener_alert_deliveries_total", "http://am-1:9093"] == 3
    assert after["listener_alert_delivery_failures_total", "http://am-2:9093"] == 2
    assert after["listener_alert_last_success_timestamp_seconds", "http://am-1:9093"] == 1234.0
    assert after["listener_alert_latency_seconds_bucket", "30.0"] == 0
    assert after["listener_alert_latency_seconds_bucket", "60.0"] == 1
    assert after["listener_alert_latency_seconds_sum",] == 42.0
    assert after["listener_alerting_leading",] == 0
