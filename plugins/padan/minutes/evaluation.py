"""Laporan Hasil Evaluasi Integrasi Data: the evaluation of the integration (PKS articles 3(2)d and 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from padan.agreement.wording import indonesian
from padan.minutes.common import PARTIES, ROLES, Paper, article, fields_of, letterhead, new_document
from padan.minutes.content import (
    Annex,
    Block,
    Chart,
    Column,
    Document,
    Heading,
    Listing,
    Paragraph,
    Series,
    Signature,
    Signatures,
    Table,
    Title,
    runs,
)
from padan.minutes.inputs import Inputs, ObligationFacts, Service
from padan.minutes.manifest import Issue, Manifest
from padan.minutes.period import Period
from padan.minutes.recommendations import RULES
from padan.minutes.words import count, count_in_words, decimal, percent

NAME = "evaluasi-integrasi"
_STAGES = {"raw": "Data mentah", "staging": "Data bersih", "comparison": "Pembandingan", "marts": "Data publikasi"}
_STATES = {"stopped": "dihentikan oleh pemeriksaan", "failed": "gagal", "abandoned": "ditinggalkan"}
_OWNERS = {"bps": "PIHAK KESATU", "bkn": "PIHAK KEDUA", "both": "PARA PIHAK"}
_SEVERITIES = {"critical": "kritis", "warning": "lainnya"}


def build(inputs: Inputs, manifest: Manifest, issue: Issue) -> Document:
    """The evaluation as content.

    Raises:
        TemplateError: the prose lacks a paragraph or a field.
    """
    paper = Paper("evaluasi", inputs, fields_of(inputs, issue))
    parts = (
        _opening(paper, inputs, issue),
        _services(paper, inputs),
        _volumes(paper, inputs),
        _quality(paper, inputs),
        _resolution(paper, inputs),
        _obligations(paper, inputs),
        _incidents(paper, inputs),
        _codes(paper, inputs),
        _activities(paper, inputs),
        _recommendations(paper, inputs),
        _closing(paper, inputs, issue),
        _annex(paper, manifest),
    )
    title = f"Laporan Hasil Evaluasi Integrasi Data {Period.parse(inputs.period).label_id}"
    return new_document(NAME, title, inputs, issue, tuple(block for part in parts for block in part), initials=())


def _opening(paper: Paper, inputs: Inputs, issue: Issue) -> Iterator[Block]:
    words, people = paper.wording, inputs.people
    edition = f" (EDISI {inputs.edition})" if inputs.edition > 1 else ""
    yield letterhead(inputs)
    yield Title(
        (
            "LAPORAN",
            "HASIL EVALUASI INTEGRASI DATA APARATUR SIPIL NEGARA DAN DATA JABATAN FUNGSIONAL",
            f"{Period.parse(inputs.period).label_id.upper()}{edition}",
        ),
        (f"NOMOR: {issue.evaluation_number}",),
    )
    yield Heading("1. Pendahuluan")
    yield words.paragraph("purpose")
    yield words.paragraph("period")
    for correction in inputs.corrections:
        yield words.paragraph("correction", **paper.correction(correction))
        if correction.statement:
            yield Paragraph(runs(correction.statement))
    yield Heading("2. Ringkasan")
    yield words.paragraph(
        "summary",
        pairs=count(people.pairs),
        everyone=count(people.everyone),
        match_rate=percent(people.pairs, people.everyone),
        compared=count(inputs.compared_values),
        identical=count(inputs.identical_values),
        index=percent(inputs.identical_values, inputs.compared_values),
        open=count_in_words(inputs.open_cases),
    )


_SERVICE_LINES: tuple[tuple[str, Callable[[Service], str]], ...] = (
    ("Permintaan", lambda one: count(one.requests)),
    ("Terlayani", lambda one: count(one.answered)),
    ("Terlayani pada percobaan pertama", lambda one: count(one.first_time)),
    ("Percobaan gagal", lambda one: count(one.failed)),
    ("Percobaan yang dibatasi lajunya", lambda one: count(one.throttled)),
    ("Ketersediaan", lambda one: percent(one.answered, one.requests)),
    ("Waktu jawab tengah (milidetik)", lambda one: _known(one.median_ms)),
    ("Waktu jawab persentil ke-95 (milidetik)", lambda one: _known(one.p95_ms)),
    ("Pengambilan data", lambda one: count(one.extracts)),
    ("Pengambilan data yang dipublikasikan", lambda one: count(one.published)),
    ("Hari terbit", lambda one: count(one.days_published)),
    ("Rentang terpanjang tanpa publikasi (hari)", lambda one: count(one.longest_gap_days)),
    ("Data termutakhir", lambda one: indonesian(one.newest) if one.newest else "–"),
)


def _known(number: int | None) -> str:
    return "–" if number is None else count(number)


def _services(paper: Paper, inputs: Inputs) -> Iterator[Block]:
    words = paper.wording
    yield Heading("3. Ketersediaan Layanan dan Kemutakhiran Data")
    if any(one.requests for one in inputs.services):
        yield words.paragraph("service")
    else:
        yield words.paragraph("service_none")
    yield Table(
        paper.caption("Ketersediaan web service"),
        (Column("Uraian", share=1), *(Column(ROLES[one.party], "right") for one in inputs.services)),
        tuple((label, *map(shown, inputs.services)) for label, shown in _SERVICE_LINES),
    )
    by_party = {one.party: one for one in inputs.services}
    yield words.paragraph(
        "freshness",
        **{
            f"newest_{party}": indonesian(newest) if (newest := by_party[party].newest) else "(belum ada)"
            for party in PARTIES
        },
        **{f"gap_{party}": count(by_party[party].longest_gap_days) for party in PARTIES},
    )


def _volumes(paper: Paper, inputs: Inputs) -> Iterator[Block]:
    yield Heading("4. Volume Pertukaran Data")
    if not inputs.volumes:
        yield paper.wording.paragraph("volume_none")
        return
    yield paper.wording.paragraph("volume")
    names = ("extracts", "extracted", "landed", "quarantined", "out_of_scope", "changed")
    yield Table(
        paper.caption("Baris yang dipertukarkan menurut himpunan data"),
        (
            Column("Pemberi"),
            Column("Himpunan data", share=1),
            Column("Kali", "right"),
            Column("Diambil", "right"),
            Column("Dimuat", "right"),
            Column("Karantina", "right"),
            Column("Di luar lingkup", "right"),
            Column("Berubah", "right"),
        ),
        (
            *(
                (row.party.upper(), row.dataset, *(count(getattr(row, name)) for name in names))
                for row in inputs.volumes
            ),
            ("Jumlah", "", "", *(count(sum(getattr(row, name) for row in inputs.volumes)) for name in names[1:])),
        ),
        total=True,
        dense=True,
    )


def _quality(paper: Paper, inputs: Inputs) -> Iterator[Block]:
    words, people = paper.wording, inputs.people
    yield Heading("5. Tingkat Kepadanan dan Mutu Data")
    yield words.paragraph("quality")
    points = [
        *((past.period, past.pairs, past.everyone, past.identical, past.compared) for past in inputs.history),
        (inputs.period, people.pairs, people.everyone, inputs.identical_values, inputs.compared_values),
    ][-8:]
    yield Table(
        paper.caption("Tingkat kepadanan dan indeks kesesuaian data menurut semester"),
        (
            Column("Semester", share=1),
            Column("Pegawai", "right"),
            Column("Padan", "right"),
            Column("Kepadanan", "right"),
            Column("Nilai dibandingkan", "right"),
            Column("Indeks kesesuaian", "right"),
        ),
        tuple(
            (
                Period.parse(name).label_id,
                count(everyone),
                count(pairs),
                percent(pairs, everyone),
                count(compared),
                percent(same, compared),
            )
            for name, pairs, everyone, same, compared in points
        ),
    )
    shown = [point for point in points if point[2] and point[4]]
    if shown:
        yield _rates(paper, shown)
    yield words.paragraph("expectations", cut=indonesian(inputs.cut), table=str(paper.tables + 1))
    yield Table(
        paper.caption("Hasil pemeriksaan mutu data"),
        (Column("Tahap", share=1), Column("Lulus", "right"), Column("Peringatan", "right"), Column("Kritis", "right")),
        tuple(
            (_STAGES.get(row.stage, row.stage), count(row.passed), count(row.warnings), count(row.critical))
            for row in inputs.quality
        ),
    )


def _rates(paper: Paper, points: list[tuple[str, int, int, int, int]]) -> Chart:
    matched = tuple(float(Fraction(pairs * 100, everyone)) for _, pairs, everyone, _, _ in points)
    same = tuple(float(Fraction(identical * 100, compared)) for _, _, _, identical, compared in points)
    lowest = max(0.0, float(int(min(*matched, *same)) - 1))
    return Chart(
        "line",
        paper.figure(
            f"Tingkat kepadanan dan indeks kesesuaian data (persen; sumbu tegak mulai dari {decimal(lowest, 0)})"
        ),
        tuple(name for name, *_ in points),
        (
            Series("Tingkat kepadanan", matched, tuple(decimal(Fraction(p * 100, e)) for _, p, e, _, _ in points)),
            Series("Indeks kesesuaian", same, tuple(decimal(Fraction(i * 100, c)) for _, _, _, i, c in points)),
        ),
        highest=100.0,
        lowest=lowest,
        alt="Grafik garis tingkat kepadanan dan indeks kesesuaian menurut semester; angkanya pada tabel di atasnya.",
    )


def _resolution(paper: Paper, inputs: Inputs) -> Iterator[Block]:
    words = paper.wording
    yield Heading("6. Penyelesaian Perbedaan Data")
    if inputs.previous_cut is None:
        yield words.paragraph("differences_first")
    else:
        totals = {
            name: count(sum(getattr(row, name) for row in inputs.movements)) for name in ("resolved", "carried", "new")
        }
        yield words.paragraph("differences", previous_cut=indonesian(inputs.previous_cut), **totals)
    rows = [row for row in inputs.attributes if row.cases][:10]
    if rows:
        yield Chart(
            "bars",
            paper.figure("Perbedaan data terbuka menurut elemen data (terbanyak)"),
            tuple(row.label for row in rows),
            (Series("Perbedaan", tuple(float(row.cases) for row in rows), tuple(count(row.cases) for row in rows)),),
            highest=float(max(row.cases for row in rows)),
            alt="Grafik batang jumlah perbedaan data terbuka menurut elemen data; angkanya ada pada berita acara.",
        )
    if inputs.months and any(point.open for point in inputs.months):
        yield Chart(
            "line",
            paper.figure("Perbedaan data terbuka pada akhir bulan"),
            tuple(f"{point.day:%d-%m-%Y}" for point in inputs.months),
            (
                Series(
                    "Terbuka",
                    tuple(float(point.open) for point in inputs.months),
                    tuple(count(point.open) for point in inputs.months),
                ),
            ),
            highest=float(max(point.open for point in inputs.months)),
            alt="Grafik garis jumlah perbedaan data terbuka pada akhir setiap bulan dalam semester.",
        )
    if not inputs.durations:
        yield words.paragraph("durations_none")
        return
    yield words.paragraph("durations" if inputs.terms else "durations_ledger", cut=indonesian(inputs.cut))
    yield Table(
        paper.caption("Lama penyelesaian perbedaan data terhadap tenggat (hari)"),
        (
            Column("Diselesaikan oleh", share=1),
            Column("Sifat"),
            *((Column("Tenggat", "right"),) if inputs.terms else ()),
            Column("Selesai", "right"),
            Column("Tepat waktu", "right"),
            Column("Nilai tengah", "right"),
            Column("Terlama", "right"),
            Column("Lewat tenggat", "right"),
        ),
        tuple(
            (
                _OWNERS[row.owner],
                _SEVERITIES[row.severity],
                *((count(row.due_days),) if row.due_days is not None else ()),
                count(row.closed),
                count(row.closed_in_time),
                _known(row.median_days),
                _known(row.longest_days),
                count(row.overdue_open),
            )
            for row in inputs.durations
        ),
        dense=True,
    )


def _evidence(inputs: Inputs) -> dict[str, list[str]]:
    """What the inputs themselves show of a duty, by obligation."""
    found: dict[str, list[str]] = {}
    for party, items, codes in (("bps", "jf_items", "jf_reference_codes"), ("bkn", "asn_items", "asn_reference_codes")):
        service = next(one for one in inputs.services if one.party == party)
        if service.published:
            found[items] = [f"{count(service.published)} pengambilan data dipublikasikan"]
        if any(row.codes for row in inputs.volumes if row.party == party):
            found[codes] = ["kode referensi diterima pada pengambilan data"]
    for party in PARTIES:
        resolved = sum(row.resolved for row in inputs.movements if row.owner in (party, "both"))
        if resolved:
            found[f"differences_{party}"] = [f"{count(resolved)} perbedaan selesai"]
        guidance = [one.id for one in inputs.activities if one.given_by == party and one.kind == "bimbingan teknis"]
        if guidance:
            found["jf_guidance" if party == "bps" else "asn_guidance"] = [", ".join(guidance)]
    development = [one.id for one in inputs.activities if one.given_by == "bps" and one.kind != "bimbingan teknis"]
    if development:
        found["competence_development"] = [", ".join(development)]
    found["minutes"] = ["Berita Acara pada semester ini"]
    found["integration_evaluation"] = found["monitoring"] = ["laporan ini"]
    return found


def without_evidence(inputs: Inputs) -> list[ObligationFacts]:
    """Duties for which neither the register nor the inputs show anything."""
    shown = _evidence(inputs)
    return [one for one in inputs.agreement.obligations if not one.evidence and not shown.get(one.id)]


def _obligations(paper: Paper, inputs: Inputs) -> Iterator[Block]:
    shown = _evidence(inputs)
    yield Heading("7. Pelaksanaan Kewajiban")
    caption = paper.caption("Kewajiban PARA PIHAK dan bukti pelaksanaannya")
    yield paper.wording.paragraph("obligations", table=str(paper.tables))
    yield Table(
        caption,
        (Column("Kewajiban", share=1.5), Column("Pihak"), Column("Dasar", share=0.8), Column("Bukti", share=1)),
        tuple(
            (
                one.duty,
                ", ".join(ROLES[party].removeprefix("PIHAK ").capitalize() for party in one.owed_by),
                article(one.cites[0]) if one.cites else "–",
                "; ".join((*shown.get(one.id, ()), *one.evidence)) or "belum ada bukti",
            )
            for one in inputs.agreement.obligations
        ),
        dense=True,
    )


def _incidents(paper: Paper, inputs: Inputs) -> Iterator[Block]:
    yield Heading("8. Gangguan")
    rows = [
        (f"{one.occurred_on:%d-%m-%Y}", one.party.upper(), f"{one.what} ({one.id})", one.resolution)
        for one in inputs.incidents
    ] + [
        (
            f"{one.as_of:%d-%m-%Y}",
            one.party.upper(),
            f"{count(one.extracts)} pengambilan data {_STATES.get(one.state, one.state)}",
            "data terakhir yang dipublikasikan tetap berlaku",
        )
        for one in inputs.problems
    ]
    if not rows:
        yield paper.wording.paragraph("incidents_none")
        return
    yield paper.wording.paragraph("incidents")
    yield Table(
        paper.caption("Gangguan"),
        (Column("Tanggal"), Column("Pihak"), Column("Gangguan", share=1), Column("Penanganan", share=1)),
        tuple(sorted(rows, key=lambda row: (row[0][6:], row[0][3:5], row[0][:2], row))),
        dense=True,
    )


def _codes(paper: Paper, inputs: Inputs) -> Iterator[Block]:
    words = paper.wording
    yield Heading("9. Kode Referensi")
    changed = [row for row in inputs.volumes if row.codes and row.changed]
    if changed:
        yield words.paragraph("codes", table=str(paper.tables + 1))
        yield Table(
            paper.caption("Kode referensi yang baru, berubah, atau dihapus"),
            (Column("Pemberi"), Column("Daftar kode", share=1), Column("Kode berubah", "right")),
            tuple((row.party.upper(), row.dataset, count(row.changed)) for row in changed),
        )
    else:
        yield words.paragraph("codes_none")
    if inputs.unmapped:
        yield words.paragraph(
            "unmapped",
            codes=count(sum(row.codes for row in inputs.unmapped)),
            uses=count(sum(row.uses for row in inputs.unmapped)),
        )
    else:
        yield words.paragraph("unmapped_none")


def _activities(paper: Paper, inputs: Inputs) -> Iterator[Block]:
    yield Heading("10. Pengembangan Kompetensi")
    if not inputs.activities:
        yield paper.wording.paragraph("activities_none")
        return
    yield paper.wording.paragraph(
        "activities", participants=count_in_words(sum(one.participants for one in inputs.activities))
    )
    yield Table(
        paper.caption("Kegiatan pengembangan kompetensi dan pendampingan"),
        (
            Column("Tanggal"),
            Column("Kegiatan", share=1),
            Column("Bentuk"),
            Column("Pemberi"),
            Column("Peserta", "right"),
            Column("Bukti", share=0.6),
        ),
        tuple(
            (
                f"{one.held_on:%d-%m-%Y}",
                f"{one.title} ({one.id})",
                one.kind,
                one.given_by.upper(),
                count(one.participants),
                one.evidence,
            )
            for one in inputs.activities
        ),
        dense=True,
    )


def _recommendations(paper: Paper, inputs: Inputs) -> Iterator[Block]:
    words = paper.wording
    yield Heading("11. Rekomendasi")
    found = []
    for rule, asks in RULES:
        fields = asks(inputs)
        if fields is not None:
            found.append(words.runs(rule, **fields))
    lacking = without_evidence(inputs)
    if lacking:
        found.append(words.runs("R9", duties="; ".join(article(one.cites[0]) for one in lacking if one.cites)))
    if not found:
        yield words.paragraph("recommendations_none")
        return
    yield words.paragraph("recommendations")
    yield Listing(tuple(found), "1.")


def _closing(paper: Paper, inputs: Inputs, issue: Issue) -> Iterator[Block]:
    side = inputs.agreement.parties["bps"]
    yield paper.wording.paragraph("closing")
    yield Signatures(
        (
            Signature("Mengetahui,", side.signatory_title, side.signatory.upper()),
            Signature(f"{side.role},", side.liaison_unit, "...................................."),
        ),
        place_and_day=f"{inputs.agreement.place}, {indonesian(issue.signed_on)}",
    )


def _annex(paper: Paper, manifest: Manifest) -> Iterator[Block]:
    yield Annex("Lampiran", "Keterangan Pembentukan Naskah")
    yield from paper.manifest(manifest)
