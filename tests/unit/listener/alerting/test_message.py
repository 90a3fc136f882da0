"""The words of an alert, and its shape for Alertmanager."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from msgspec.structs import replace

from listener.alerting.alerts import alert_of
from listener.alerting.message import annotations, persian, tehran_time
from listener.alerting.tokens import Signer
from models.campaign import Campaign
from tests.unit.listener.alerting.incidents import CAMPAIGN, INCIDENT, OPENED

SIGNER = Signer(b"k" * 32)


def plain(told: dict[str, str]) -> dict[str, str]:
    """Without what keeps the directions apart."""
    return {name: text.translate({0x2068: None, 0x2069: None}) for name, text in told.items()}


def test_what_is_put_in_is_kept_apart_from_what_is_around_it() -> None:
    told = annotations(INCIDENT, CAMPAIGN, {})
    assert told["summary"].startswith("Spike: \u2068بریمو\u2069: 240 mentions")
    assert "By term: \u2068قطع\u2069 70%" in told["description"]
    for text in told.values():
        assert text.count("\u2068") == text.count("\u2069")


def test_persian_time_is_jalali_and_local() -> None:
    nowruz = datetime(2026, 3, 20, 20, 30, tzinfo=UTC)
    assert tehran_time(nowruz, "Asia/Tehran") == "شنبه ۱ فروردین ۱۴۰۵، ۰۰:۰۰"
    assert tehran_time(nowruz - timedelta(minutes=1), "Asia/Tehran") == "جمعه ۲۹ اسفند ۱۴۰۴، ۲۳:۵۹"
    assert persian(12.5) == "۱۲٫۵"


def test_the_message_says_all_in_both_languages() -> None:
    told = plain(annotations(INCIDENT, CAMPAIGN, {}))
    assert told["summary"] == "Spike: بریمو: 240 mentions, 31 expected (7.6×), still rising"
    assert told["summary_fa"] == "جهش یادکردها: بریمو: ۲۴۰ یادکرد به‌جای ۳۱ (۷٫۶ برابر)، همچنان رو به افزایش"
    assert told["description"].splitlines() == [
        (
            "Since 2026-03-28 13:00 (Asia/Tehran): 240 mentions by 180 authors in 12 stories, 150 negative; "
            "900 engagements."
        ),
        "Today: Nowruz.",
        "By platform: twitter 81%, telegram 19%.",
        "By term: قطع 70%, other 30%.",
        "Without author 3fa9b2c1d0 (12 mentions) it would have fired all the same.",
        "Without story سرور بریمو قطع شد (140 mentions) this would not have fired.",
        "First: 13:01 on twitter https://example.com/1?a=1&b=2",
        "Example: “سرور <بریمو> قطع شد & باز نمیشه” https://example.com/1?a=1&b=2",
        "Coordinated? 64% are near-copies of one another.",
        "Data 99.8% complete, 38 s behind; rule watch-1 (spikes-2), in back-tests 1 false alerts a week.",
    ]
    lines = told["description_fa"].splitlines()
    assert lines[0].startswith("از شنبه ۸ فروردین ۱۴۰۵، ۱۳:۰۰: ۲۴۰ یادکرد از ۱۸۰ نویسنده در ۱۲ روایت")
    assert "به تفکیک شبکه: توییتر ۸۱٪، تلگرام ۱۹٪." in lines
    assert "بدون روایت سرور بریمو قطع شد (۱۴۰ یادکرد) هشداری نمی‌آمد." in lines


def test_a_resolved_one_says_so_and_names_keep_their_digits() -> None:
    over = replace(INCIDENT, resolved_at=OPENED + timedelta(minutes=20))
    told = plain(annotations(over, Campaign(id="g", name="5G.ir"), {}))
    assert told["summary"].endswith("over")
    assert told["summary_fa"] == "جهش یادکردها: 5G.ir: ۲۴۰ یادکرد به‌جای ۳۱ (۷٫۶ برابر)، پایان یافت"
    assert "Over at 13:30." in told["description"]


def test_labels_are_bounded_and_equal_on_every_board() -> None:
    alert = alert_of(INCIDENT, CAMPAIGN, "https://listen.example", SIGNER)
    assert alert.labels == {
        "alertname": "ListenerIncident",
        "campaign": "berimo",
        "team": "mobility",
        "platform": "twitter",
        "severity": "critical",
        "kind": "spike",
    }
    later = replace(INCIDENT, observed=500, updated_at=OPENED + timedelta(minutes=10))
    again = alert_of(later, CAMPAIGN, "https://listen.example", Signer(b"k" * 32))
    assert again.fingerprint == alert.fingerprint
    assert again.annotations["acknowledge"] == alert.annotations["acknowledge"]
    assert "team" not in alert_of(INCIDENT, Campaign(id="berimo"), "", None).labels


def test_links_carry_a_grant_for_this_incident_for_a_week() -> None:
    link = alert_of(INCIDENT, CAMPAIGN, "https://listen.example/", SIGNER).annotations["false_alarm"]
    parts = urlsplit(link)
    asked = parse_qs(parts.query)
    assert (parts.path, asked["a"]) == ("/alerts/answer", ["false_alarm"])
    grant = SIGNER.verify(asked["t"][0], OPENED.timestamp())
    assert (grant.incident, grant.expires) == (INCIDENT.id, int(OPENED.timestamp()) + 7 * 86400)


def test_without_a_key_there_is_no_link_to_answer() -> None:
    told = alert_of(INCIDENT, CAMPAIGN, "https://listen.example", None).annotations
    assert "acknowledge" not in told
    assert told["page"] == "https://listen.example/?campaign=berimo"


def test_an_open_alert_ends_later_and_a_resolved_one_has_ended() -> None:
    now = OPENED + timedelta(minutes=30)
    alert = alert_of(INCIDENT, CAMPAIGN, "", None)
    assert alert.payload(now)["endsAt"] == "2026-03-28T10:25:00.000Z"
    assert alert.payload(now)["startsAt"] == "2026-03-28T09:40:00.000Z"
    over = alert_of(replace(INCIDENT, resolved_at=OPENED + timedelta(minutes=20)), CAMPAIGN, "", None)
    assert over.payload(now)["endsAt"] == "2026-03-28T10:00:00.000Z"


def test_a_silent_source_is_an_alert_of_its_own() -> None:
    silent = replace(
        INCIDENT,
        campaign="*",
        kind="source_silent",
        severity="warning",
        platform="telegram",
        expected=40.0,
        explanation=None,
    )
    alert = alert_of(silent, Campaign(id="*"), "https://listen.example", SIGNER)
    assert alert.labels["alertname"] == "ListenerSourceSilent"
    assert alert.labels["platform"] == "telegram"
    assert alert.annotations["summary"] == "Nothing from telegram since 2026-03-28 09:30 UTC"
    assert "acknowledge" not in alert.annotations
