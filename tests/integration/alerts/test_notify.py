"""Digests against a real database and a real SMTP server: what is said, to whom, and never twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from padan.agreement import Agreement
from padan.agreement.clauses import Suspension
from padan.alerts import notify, send_waiting
from padan.alerts.snoozing import Review, Scope, count, snooze, wake
from padan.differences import act
from padan.errors import AgreementNotInForce, AuthenticationError, SourceUnavailable, StepFailed
from padan.settings import AlertSettings, Settings, SmtpSettings
from padan.warehouse.migrations import migrate
from sandbox.mail import Mailbox
from sandbox.postgres import free_port
from tests.integration.alerts.world import DAY_ONE, DAY_THREE, DAY_TWO, bodies, differ, ids, mails, opened

CANARY_NIP = "199001012015011007"


def test_one_digest_per_liaison_unit_with_counts_and_case_ids(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    differ(warehouse, *ids("A", 60))
    differ(warehouse, *ids("B", 1200), owner="both", attribute="presence", agency="Kementerian X", severity="warning")
    differ(warehouse, *ids("C", 3), owner="bkn", attribute="jenjang", agency=None)

    sent = notify(settings, smtp, agreement, DAY_ONE)

    assert [(digest.party, digest.new_cases, digest.mended_cases, digest.open_cases) for digest in sent] == [
        ("bkn", 1203, 0, 1203),
        ("bps", 1260, 0, 1260),
    ]
    to_bkn, to_bps = mails(mailbox)
    assert to_bkn["To"] == "liaison-bkn@padan.invalid"
    assert to_bps["To"] == "liaison-bps@padan.invalid"
    assert to_bps["Subject"] == "[Padan] 1.260 perbedaan data baru, 0 selesai - 24 November 2026"
    text, html = bodies(to_bps)
    assert text.startswith("Yth. Kepala Biro Sumber Daya Manusia (fiktif)\n")
    for body in (text, html):
        assert "per tanggal 24 November 2026" in " ".join(body.split())
        assert "Golongan ruang" in body
        assert "Kementerian X" in body
        assert "Jenjang" not in body
        listed = re.findall(r"K-[0-9A-F]{12}", body)
        assert listed == ids("A", 60)[:50]  # the severe ones first
        assert "dan 1.210 kasus lainnya" in body
        assert "PERHATIAN" not in body
    assert "Instansi tidak diketahui" in bodies(to_bkn)[0]
    assert max(map(len, text.splitlines())) <= 72


def test_nothing_new_means_no_mail(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    assert notify(settings, smtp, agreement, DAY_ONE) == []
    differ(warehouse, *ids("A", 2))
    assert len(notify(settings, smtp, agreement, DAY_ONE)) == 1
    assert notify(settings, smtp, agreement, DAY_ONE) == []
    assert notify(settings, smtp, agreement, DAY_TWO) == []
    assert len(mails(mailbox)) == 1


def test_a_case_is_told_when_it_opens_when_it_is_mended_and_when_it_is_back(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    first, second, third = ids("A", 3)
    differ(warehouse, first, second, third)
    notify(settings, smtp, agreement, DAY_ONE)
    warehouse.execute(
        "update marts_reconciliation.fct_differences set value_fingerprint = 'g' where case_id = %s", (second,)
    )
    assert notify(settings, smtp, agreement, DAY_TWO) == []  # other values, still apart: no news by themselves
    warehouse.execute("delete from marts_reconciliation.fct_differences where case_id = %s", (first,))
    (digest,) = notify(settings, smtp, agreement, DAY_TWO)
    assert (digest.new_cases, digest.mended_cases, digest.open_cases) == (0, 1, 2)
    assert digest.subject == "[Padan] 0 perbedaan data baru, 1 selesai - 25 November 2026"
    for body in bodies(mails(mailbox)[-1]):
        flat = " ".join(body.split())
        assert "Sebanyak 1 perbedaan yang masih terbuka berubah nilainya." in flat
        assert re.findall(r"K-[0-9A-F]{12}", body) == [first]

    differ(warehouse, first)
    (digest,) = notify(settings, smtp, agreement, DAY_THREE)
    assert (digest.new_cases, digest.reopened_cases, digest.mended_cases, digest.open_cases) == (0, 1, 0, 3)
    text, html = bodies(mails(mailbox)[-1])
    assert "NOMOR KASUS YANG MUNCUL KEMBALI" in text
    assert "NOMOR KASUS BARU" not in text
    trend = [" ".join(line.split()) for line in text.splitlines() if re.match(r"2[456] November 2026 ", line)]
    assert trend == ["24 November 2026 3", "25 November 2026 2 \u22121", "26 November 2026 3 +1"]
    assert len({message["Message-ID"] for message in mails(mailbox)}) == 3


def test_what_the_ledger_reopened_is_back_and_what_is_waived_is_silent(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    (case_id,) = ids("A", 1)
    differ(warehouse, case_id)
    opened(warehouse, case_id, DAY_ONE, DAY_ONE + timedelta(days=14))
    act(warehouse, case_id, "waived", actor="liaison-bps", as_of=DAY_ONE, reason="moves", until=DAY_ONE)
    assert notify(settings, smtp, agreement, DAY_ONE) == []
    assert notify(settings, smtp, agreement, DAY_ONE + timedelta(days=20)) == []  # past its term, and yet waived
    warehouse.execute(
        """
        insert into ledger.event (case_id, as_of, kind, actor, verdict, severity, owner_party, value_fingerprint,
            due_on, reason)
        values (%s, %s, 'reopened', 'data', 'modified', 'critical', 'bps', %s, %s, 'waiver_ended')
        """,
        (case_id, DAY_TWO, "0" * 64, DAY_TWO + timedelta(days=14)),
    )
    (digest,) = notify(settings, smtp, agreement, DAY_TWO)
    assert (digest.new_cases, digest.open_cases) == (1, 1)  # it was never told before
    act(warehouse, case_id, "waived", actor="liaison-bps", as_of=DAY_TWO, reason="moves", until=DAY_TWO)
    warehouse.execute(
        """
        insert into ledger.event (case_id, as_of, kind, actor, verdict, severity, owner_party, value_fingerprint,
            due_on, reason)
        values (%s, %s, 'reopened', 'data', 'modified', 'critical', 'bps', %s, %s, 'waiver_ended')
        """,
        (case_id, DAY_THREE, "0" * 64, DAY_THREE + timedelta(days=14)),
    )
    (digest,) = notify(settings, smtp, agreement, DAY_THREE)
    assert (digest.new_cases, digest.reopened_cases) == (0, 1)
    assert notify(settings, smtp, agreement, DAY_THREE) == []


def test_the_same_content_twice_on_one_day_is_two_mails(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    (case_id,) = ids("A", 1)
    for _ in range(2):
        differ(warehouse, case_id)
        notify(settings, smtp, agreement, DAY_ONE)
        warehouse.execute("truncate marts_reconciliation.fct_differences")
        notify(settings, smtp, agreement, DAY_ONE)
    assert len({message["Message-ID"] for message in mails(mailbox)}) == 4


def test_what_is_overdue_is_told_to_its_owner_once(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    """The day after the due date, and not on it; the other party is not told."""
    differ(warehouse, *ids("E", 2))
    differ(warehouse, *ids("F", 1), owner="bkn", attribute="jenjang")
    for case_id, due_on in zip(ids("E", 2), (DAY_ONE - timedelta(days=1), DAY_ONE), strict=True):
        opened(warehouse, case_id, DAY_ONE - timedelta(days=15), due_on)
    notify(settings, smtp, agreement, DAY_ONE)
    to_bkn, to_bps = mails(mailbox)
    told = "Sebanyak 1 perbedaan data telah melewati batas waktu penyelesaian; yang tertua terbuka sejak 15 hari"
    for body in bodies(to_bps):
        assert told in " ".join(body.split())
        assert len(re.findall(ids("E", 2)[0], body)) == 2  # overdue, and new
    for body in bodies(to_bkn):
        assert "telah melewati" not in body

    (digest,) = notify(settings, smtp, agreement, DAY_TWO)  # the other one is late now
    assert digest.subject.endswith("0 selesai, 1 melewati batas waktu - 25 November 2026")
    assert (digest.new_cases, digest.overdue_cases) == (0, 2)
    assert "2 perbedaan data telah melewati" in bodies(mails(mailbox)[-1])[0]
    assert notify(settings, smtp, agreement, DAY_TWO) == []
    assert notify(settings, smtp, agreement, DAY_THREE) == []


def test_a_long_delay_goes_to_the_superior_once(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    """Five working days after the liaison unit was told, counted from the telling and not from the due date."""
    (case_id,) = ids("E", 1)
    differ(warehouse, case_id)
    opened(warehouse, case_id, DAY_ONE - timedelta(days=90), DAY_ONE - timedelta(days=60))
    days = [DAY_ONE + timedelta(days=days) for days in range(9)]
    told = {day: [(mail.kind, mail.overdue_cases) for mail in notify(settings, smtp, agreement, day)] for day in days}
    # Tuesday 24 November; Wednesday to Tuesday are five working days.
    assert {day: mails for day, mails in told.items() if mails} == {
        DAY_ONE: [("digest", 1)],
        date(2026, 12, 2): [("escalation", 1)],
    }
    mail = mails(mailbox)[-1]
    assert (mail["To"], mail["Cc"]) == ("superior-bps@padan.invalid", "liaison-bps@padan.invalid")
    assert mail["Subject"] == "[Padan] Eskalasi: 1 perbedaan data melewati batas waktu - 2 Desember 2026"
    text, html = bodies(mail)
    assert text.startswith("Yth. Sekretaris Utama (fiktif)\n")
    for body in (text, html):
        assert re.findall(r"K-[0-9A-F]{12}", body) == [case_id]
        assert "Golongan ruang" in body
    assert max(map(len, text.splitlines())) <= 72

    # Mended, and back: it begins at the first level again.
    warehouse.execute("truncate marts_reconciliation.fct_differences")
    assert [mail.kind for mail in notify(settings, smtp, agreement, date(2026, 12, 3))] == ["digest"]


def test_without_a_superior_the_liaison_unit_alone_is_told(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement
) -> None:
    units = tuple(unit.model_copy(update={"superior": None}) for unit in agreement.liaison_units)
    alone = agreement.model_copy(update={"liaison_units": units})
    differ(warehouse, *ids("E", 1))
    opened(warehouse, ids("E", 1)[0], DAY_ONE - timedelta(days=90), DAY_ONE - timedelta(days=60))
    assert [mail.kind for mail in notify(settings, smtp, alone, DAY_ONE)] == ["digest"]
    assert notify(settings, smtp, alone, DAY_ONE + timedelta(days=30)) == []


def test_causes_and_the_quality_index_are_told(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    differ(warehouse, *ids("A", 3))
    differ(warehouse, *ids("B", 1), attribute="jenjang")
    warehouse.execute(
        """
        insert into marts_reconciliation.rpt_data_quality_index values
            ('X', 'Statistisi', 'Instansi Baik', 30, 0, 100), ('Y', 'Statistisi', 'Instansi Buruk', 10, 12, 60),
            ('Y', 'Pranata Komputer', 'Instansi Buruk', 30, 1, 80)
        """
    )
    notify(settings, smtp, agreement, DAY_ONE)
    text, html = bodies(mails(mailbox)[-1])
    assert "- Golongan ruang: nilai berbeda: 3 kasus (75,0%)." in text
    flat = " ".join(text.split())
    assert "Instansi Buruk 40 13 75,00 Instansi Baik 30 0 100,00" in flat
    assert "85,71 untuk seluruh instansi" in flat
    assert "85,71 untuk seluruh instansi" in " ".join(html.split())


def test_a_pause_silences_what_it_names_and_forgets_nothing(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    differ(warehouse, *ids("A", 2))
    differ(warehouse, *ids("B", 1), attribute="jenjang")
    differ(warehouse, *ids("C", 1), attribute="jenjang", owner="bkn")
    review = Review("Kepala Biro", "Sekretaris Utama", "data migration until Wednesday")
    snooze(warehouse, Scope(party="bps", attribute="golongan"), review, DAY_ONE, DAY_TWO)
    first = notify(settings, smtp, agreement, DAY_ONE)
    assert [(mail.party, mail.new_cases) for mail in first] == [("bkn", 1), ("bps", 1)]
    assert "Pemberitahuan atas 2 perbedaan sedang ditunda" in " ".join(bodies(mails(mailbox)[-1])[0].split())
    warehouse.execute("delete from marts_reconciliation.fct_differences where attribute = 'jenjang'")
    opened(warehouse, ids("A", 1)[0], DAY_ONE - timedelta(days=60), DAY_ONE)
    (_, digest) = notify(settings, smtp, agreement, DAY_TWO)
    assert (digest.new_cases, digest.mended_cases, digest.overdue_cases) == (0, 1, 0)
    (digest,) = notify(settings, smtp, agreement, DAY_THREE)
    assert (digest.new_cases, digest.overdue_cases) == (2, 1)


@pytest.mark.parametrize("scope", [Scope(party="bps"), Scope(case_id=ids("A", 1)[0]), Scope(instansi_id="X")])
def test_a_unit_a_case_or_an_agency_can_be_silenced_and_woken(
    scope: Scope, warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement
) -> None:
    differ(warehouse, *ids("A", 1))
    assert count(warehouse, scope) == 1
    number = snooze(warehouse, scope, Review("a", "b", "c"), DAY_ONE, DAY_ONE + timedelta(days=92))
    assert notify(settings, smtp, agreement, DAY_TWO) == []
    wake(warehouse, number, DAY_THREE, "a")
    assert notify(settings, smtp, agreement, DAY_TWO) == []
    assert len(notify(settings, smtp, agreement, DAY_THREE)) == 1
    with pytest.raises(StepFailed, match="no pause"):
        wake(warehouse, number, DAY_THREE, "a")


@pytest.mark.parametrize(
    ("scope", "review", "days", "refusal"),
    [
        (Scope(), Review("a", "b", "c"), 1, "it names what is silenced"),
        (Scope(party="bps"), Review("a", "A ", "c"), 1, "another person reviews it"),
        (Scope(party="bps"), Review("a", "b", "c"), 93, "it lasts 92 days at most"),
        (Scope(party="bps"), Review("a", "b", "c"), -1, "it ends after it begins"),
        (Scope(party="bps"), Review("a", "b", f"of {CANARY_NIP}"), 1, "the text holds the number of a person"),
    ],
)
def test_a_pause_that_is_not_in_order_is_refused(
    scope: Scope, review: Review, days: int, refusal: str, warehouse: psycopg.Connection
) -> None:
    with pytest.raises(StepFailed, match=refusal) as caught:
        snooze(warehouse, scope, review, DAY_ONE, DAY_ONE + timedelta(days=days))
    assert CANARY_NIP not in str(caught.value)


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo("Asia/Jakarta"))


def test_outside_working_hours_mail_waits_and_is_lost_by_nothing(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    hours = AlertSettings(delivery_window="07:30-16:00", working_days_only=True)
    differ(warehouse, *ids("A", 1))
    saturday, monday = date(2026, 11, 28), date(2026, 11, 30)
    for moment in (at(DAY_ONE, 1), at(DAY_ONE, 7), at(DAY_ONE, 16), at(saturday, 10)):
        assert notify(settings, smtp, agreement, DAY_ONE, alert_settings=hours, moment=moment) == []
    assert mails(mailbox) == []
    (sent,) = send_waiting(settings, smtp, agreement, monday, alert_settings=hours, moment=at(monday, 8))
    assert sent.as_of == DAY_ONE
    assert send_waiting(settings, smtp, agreement, monday, alert_settings=hours, moment=at(monday, 8)) == []
    assert len(mails(mailbox)) == 1


def test_findings_and_stale_agency_are_told(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    warehouse.execute("update landing.extract set as_of = %s where party = 'bkn'", (date(2026, 11, 20),))
    findings = {"liaison-bps": "NIK kosong", "liaison-both": "Cakupan rendah", "liaison-bkn": "Bukan urusan BPS"}
    for owner, label in findings.items():
        warehouse.execute(
            """
            insert into quality.verdict
                (as_of, stage, suite, expectation_id, expectation_type, schema_name, table_name, severity, owner,
                 reason, success, unexpected_count, element_count, label_id, counted, query)
            values (%s, 'raw', 'raw_x', %s, 't', 's', 't', 'warning', %s, 'why', false, 1234, 20000, %s, 'baris',
                'select case_id from the_marts')
            """,
            (DAY_ONE, label, owner, label),
        )
    differ(warehouse, *ids("A", 1))
    notify(settings, smtp, agreement, DAY_ONE)
    text, html = bodies(mails(mailbox)[0])
    assert "NIK kosong: 1.234 dari 20.000 baris" in text
    for body in (text, html):
        assert "Cakupan rendah" in body
        assert "Daftar kasus: select case_id from the_marts" in " ".join(body.split())
        assert "Bukan urusan BPS" not in body
        flat = " ".join(body.split())
        assert "Data Badan Kepegawaian Negara (sandbox) yang digunakan adalah data per tanggal 20 November 2026" in flat
        assert "Badan Pusat Statistik (sandbox) yang digunakan" not in flat


def test_markup_in_a_name_stays_text(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    differ(warehouse, *ids("A", 1), agency="<script>alert(1)</script> & Co")
    notify(settings, smtp, agreement, DAY_ONE)
    text, html = bodies(mails(mailbox)[0])
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<script>alert(1)</script> & Co" in text


class Refusing:
    """An SMTP server that refuses each message with ``reply``."""

    def __init__(self, reply: str) -> None:
        self.reply = reply

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        return f"{self.reply} <{address}> not now"


@pytest.fixture
def refusing() -> Iterator[Callable[[str], SmtpSettings]]:
    servers: list[Any] = []

    def start(reply: str) -> SmtpSettings:
        servers.append(Controller(Refusing(reply), hostname="127.0.0.1", port=free_port()))
        servers[-1].start()
        return SmtpSettings(host="127.0.0.1", port=servers[-1].port, timeout=5)

    yield start
    for server in servers:
        server.stop()


@pytest.mark.parametrize("reply", ["451", "550"])
def test_a_refusal_is_retryable_names_no_address_and_loses_nothing(
    reply: str,
    refusing: Callable[[str], SmtpSettings],
    warehouse: psycopg.Connection,
    settings: Settings,
    smtp: SmtpSettings,
    agreement: Agreement,
    mailbox: Mailbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    differ(warehouse, *ids("A", 1))
    with pytest.raises(SourceUnavailable) as caught:
        notify(settings, refusing(reply), agreement, DAY_ONE)
    assert caught.value.retryable
    assert "@" not in str(caught.value) + caplog.text
    assert [digest.new_cases for digest in notify(settings, smtp, agreement, DAY_ONE)] == [1]
    assert len(mails(mailbox)) == 1


def test_no_server_is_retryable(warehouse: psycopg.Connection, settings: Settings, agreement: Agreement) -> None:
    differ(warehouse, *ids("A", 1))
    with pytest.raises(SourceUnavailable, match="ConnectionRefusedError"):
        notify(settings, SmtpSettings(host="127.0.0.1", port=free_port()), agreement, DAY_ONE)


def test_a_refused_login_is_not_retryable(
    warehouse: psycopg.Connection, settings: Settings, agreement: Agreement
) -> None:
    differ(warehouse, *ids("A", 1))

    def refuse(*_: Any) -> Any:
        from aiosmtpd.smtp import AuthResult

        return AuthResult(success=False, handled=False)

    server = Controller(
        Refusing("550"), hostname="127.0.0.1", port=free_port(), authenticator=refuse, auth_require_tls=False
    )
    server.start()
    try:
        smtp = SmtpSettings(host="127.0.0.1", port=server.port, username="padan", password=SecretStr("hush"), timeout=5)
        with pytest.raises(AuthenticationError) as caught:
            notify(settings, smtp, agreement, DAY_ONE)
    finally:
        server.stop()
    assert not caught.value.retryable
    assert "hush" not in str(caught.value)


def test_no_personal_value_can_be_in_a_digest(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    warehouse.execute("alter table marts_reconciliation.fct_differences add column if not exists bkn_value text")
    warehouse.execute(
        "insert into marts_reconciliation.fct_differences (case_id, attribute, severity, owner_party, instansi_name, "
        "value_fingerprint, bkn_value) values ('K-0', 'nip', 'critical', 'bps', 'X', 'f', %s)",
        (CANARY_NIP,),
    )
    notify(settings, smtp, agreement, DAY_ONE)
    stored = warehouse.execute("select string_agg(d::text, ' ') from alerts.digest as d").fetchone()
    text, html = bodies(mails(mailbox)[0])
    assert stored is not None
    for content in (text, html, stored[0]):
        assert CANARY_NIP not in content


def test_outside_the_validity_and_before_the_marts(
    warehouse: psycopg.Connection,
    settings: Settings,
    smtp: SmtpSettings,
    agreement: Agreement,
    new_database: Callable[[], str],
) -> None:
    with pytest.raises(AgreementNotInForce):
        notify(settings, smtp, agreement, date(2019, 12, 31))
    fresh = new_database()
    migrate(fresh)
    with pytest.raises(StepFailed, match="marts"):
        notify(settings.model_copy(update={"database_url": SecretStr(fresh)}), smtp, agreement, DAY_ONE)


def test_a_suspension_moves_terms_and_the_digest_says_so(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    """Opened on 9 November with 10 working days; 16 to 20 November rest, so the 23rd becomes the 30th."""
    moved, paused = ids("A", 2)
    spans = [
        Suspension(party="bps", start=date(2026, 11, 16), end=date(2026, 11, 20), cause="banjir", cites=("10(3)",)),
        Suspension(party="bps", start=DAY_TWO, cause="banjir", suspends=("extract",), cites=("10(3)",)),
    ]
    suspended = agreement.model_copy(update={"suspensions": tuple(spans)})
    differ(warehouse, moved, paused)
    for case_id in (moved, paused):
        opened(warehouse, case_id, date(2026, 11, 9), date(2026, 11, 23))
        warehouse.execute(
            "insert into ledger.event (case_id, as_of, kind, actor, due_on, reason) "
            "values (%s, %s, 'rescheduled', 'agreement', %s, 'suspension')",
            (case_id, DAY_ONE, date(2026, 11, 30)),
        )
    warehouse.execute(
        "insert into ledger.event (case_id, as_of, kind, actor, reason) "
        "values (%s, %s, 'paused', 'agreement', 'suspension')",
        (paused, DAY_TWO),
    )

    sent = notify(settings, smtp, suspended, date(2026, 12, 1))

    assert [(digest.party, digest.new_cases) for digest in sent] == [("bps", 2)]
    for body in bodies(mails(mailbox)[0]):
        told = " ".join(body.split())
        assert "Penghitungan batas waktu 1 perbedaan dihentikan sementara" in told
        assert "ditangguhkan sejak 25 November 2026 (Pasal 10)" in told
        assert "Batas waktu 2 perbedaan yang masih terbuka telah disesuaikan" in told
        assert "(16 November 2026 sampai dengan 20 November 2026) tidak dihitung" in told
        assert moved in told.partition("lewat batas waktu")[2]
    # The one whose term runs was due the day before; the other one's stands still.
    assert warehouse.execute("select case_id from alerts.escalation").fetchall() == [(moved,)]


def test_codes_are_told_like_differences_and_once(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    def event(number: int, kind: str, day: date, due_on: date | None = None, owner: str = "bps") -> None:
        is_opening = kind == "opened"
        seen = ("only_in_bps", "critical", owner, "0" * 64) if is_opening else (None,) * 4
        key = (f"bps|instansi|{number}", "instansi") if is_opening else (None, None)
        warehouse.execute(
            """
            insert into ledger.event (case_id, as_of, kind, actor, asn_key, attribute, verdict, severity, owner_party,
                value_fingerprint, due_on, reason)
            values (%s, %s, %s, 'data', %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            (f"R-{number:012X}", day, kind, *key, *seen, due_on, "agreed" if kind == "resolved" else None),
        )

    def lines(*numbers: int) -> list[str]:
        text, html = bodies(mails(mailbox)[-1])
        assert "KODE REFERENSI" in text
        assert "Kode referensi" in html
        for body in (text, html):
            assert re.findall(r"[KR]-[0-9A-F]{12}", body) == [f"R-{number:012X}" for number in numbers]
        return [" ".join(line.split()) for line in text.splitlines() if line.startswith("Instansi tempat")]

    due = DAY_ONE + timedelta(days=14)
    late = due + timedelta(days=1)
    event(1, "opened", DAY_ONE, due)
    event(2, "opened", DAY_ONE, due)
    assert len(notify(settings, smtp, agreement, DAY_ONE)) == 1
    assert lines(1, 2) == ["Instansi tempat bekerja 2 0 0 2 0"]
    assert notify(settings, smtp, agreement, DAY_ONE) == []
    assert notify(settings, smtp, agreement, DAY_TWO) == []  # nothing new
    event(2, "resolved", DAY_THREE)
    event(3, "opened", DAY_THREE, due + timedelta(days=60), owner="bkn")
    assert len(notify(settings, smtp, agreement, DAY_THREE)) == 2  # each party its own
    event(1, "escalated", late)
    assert len(notify(settings, smtp, agreement, late)) == 1
    assert lines(1) == ["Instansi tempat bekerja 0 0 0 1 1"]
    assert notify(settings, smtp, agreement, late) == []
    # Late for its owner, it goes to the superior too, five working days after it was told.
    told = {
        late + timedelta(days=days): notify(settings, smtp, agreement, late + timedelta(days=days)) for days in (6, 8)
    }
    assert {day: [(mail.kind, mail.overdue_cases) for mail in found] for day, found in told.items()} == {
        late + timedelta(days=6): [],
        late + timedelta(days=8): [("escalation", 1)],
    }


def test_a_long_delay_of_a_code_goes_to_the_superior_once_with_that_of_people(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement, mailbox: Mailbox
) -> None:
    (person,) = ids("E", 1)
    differ(warehouse, person)
    for case_id in (person, "R-000000000001"):
        opened(warehouse, case_id, DAY_ONE - timedelta(days=90), DAY_ONE - timedelta(days=60))
    days = [DAY_ONE + timedelta(days=days) for days in range(9)]
    told = {day: [(mail.kind, mail.overdue_cases) for mail in notify(settings, smtp, agreement, day)] for day in days}
    assert {day: mails for day, mails in told.items() if mails} == {
        DAY_ONE: [("digest", 2)],
        date(2026, 12, 2): [("escalation", 2)],
    }
    digest, escalation = mails(mailbox)
    for body in bodies(digest):
        assert "Sebanyak 1 kode telah melewati batas waktu perbaikannya" in " ".join(body.split())
    for body in bodies(escalation):
        assert re.findall(r"[KR]-[0-9A-F]{12}", body) == [person, "R-000000000001"]
        assert "Kode referensi: Golongan ruang" in body


def test_a_snoozed_code_is_silent(
    warehouse: psycopg.Connection, settings: Settings, smtp: SmtpSettings, agreement: Agreement
) -> None:
    opened(warehouse, "R-000000000001", DAY_ONE, DAY_ONE - timedelta(days=1))
    warehouse.execute(
        "insert into alerts.snooze (party, case_id, starts_on, until, reason, requested_by, reviewed_by) "
        "values ('bps', 'R-000000000001', %s, %s, 'because', 'a', 'b')",
        (DAY_ONE, DAY_TWO),
    )
    assert notify(settings, smtp, agreement, DAY_ONE) == []
    (mail,) = notify(settings, smtp, agreement, DAY_THREE)
    assert (mail.kind, mail.overdue_cases) == ("digest", 1)
