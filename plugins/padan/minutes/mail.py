"""The mail that tells a liaison unit of published papers (PKS article 8): numbers and hashes, no personal value."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime, time
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from padan.agreement.wording import indonesian
from padan.minutes.inputs import Inputs, PartyCode
from padan.minutes.period import Period
from padan.minutes.registry import Edition
from padan.minutes.words import count, percent

_LABELS = {
    "berita-acara.pdf": "Berita Acara Hasil Pemadanan Data",
    "evaluasi-integrasi.pdf": "Laporan Hasil Evaluasi Integrasi Data",
}


def compose(
    edition: Edition, inputs: Inputs, files: dict[str, str], party: PartyCode, recipient: str, sender: str
) -> EmailMessage:
    """The same mail each time it is composed for the same edition and recipient."""
    period = Period.parse(edition.period)
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = f"[Padan] Berita Acara Hasil Pemadanan Data {period.label_id}, Nomor {edition.number}"
    message["Date"] = format_datetime(datetime.combine(edition.signed_on, time(8), UTC))
    domain = sender.rpartition("@")[2].rstrip(">") or "padan.invalid"
    message["Message-ID"] = f"<padan.minutes.{edition.manifest_sha256[:24]}.{party}@{domain}>"
    message["Content-Language"] = "id"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_body(edition, inputs, files, party))
    return message


def _body(edition: Edition, inputs: Inputs, files: dict[str, str], party: PartyCode) -> str:
    period, side, people = Period.parse(edition.period), inputs.agreement.parties[party], inputs.people
    owned = len(inputs.of_party(party))
    paragraphs = (
        f"Yth. {side.liaison_unit}, {side.name}",
        f"Bersama ini kami sampaikan bahwa naskah pemadanan data {period.label_id}"
        + (f", edisi {edition.edition}," if edition.edition > 1 else "")
        + f" dengan posisi data tanggal {indonesian(edition.cut)} telah disetujui dan diterbitkan.",
        f"Sebanyak {count(people.pairs)} dari {count(people.everyone)} pegawai padan "
        f"({percent(people.pairs, people.everyone)}). Terdapat {count(inputs.open_cases)} perbedaan data yang belum "
        f"selesai, {count(owned)} di antaranya menjadi tanggung jawab "
        f"{side.role}, sendiri atau bersama.",
    )
    papers = [
        f"{_LABELS[name]}\n  Nomor   {number}\n  SHA-256 {files[name]}"
        for name, number in (
            ("berita-acara.pdf", edition.number),
            ("evaluasi-integrasi.pdf", edition.evaluation_number),
        )
    ]
    closing = (
        "Naskah dan lampirannya dapat diambil oleh petugas yang berwenang pada arsip Padan. Surat elektronik ini "
        "dikirim secara otomatis dan hanya memuat jumlah, nomor, dan sidik digital, tanpa data pribadi (Pasal 9 "
        "Perjanjian Kerja Sama)."
    )
    fictional = ("Lingkungan uji coba: seluruh data dalam surat ini fiktif.",) if inputs.agreement.fictional else ()
    wrapped = [textwrap.fill(text, 72) for text in (*paragraphs, closing, "Hormat kami,", *fictional)]
    wrapped[len(paragraphs) : len(paragraphs)] = papers
    return "\n\n".join((*wrapped, "Padan - Layanan Pemadanan Data ASN")) + "\n"
