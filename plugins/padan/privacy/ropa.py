"""The record of processing activities (UU 27/2022 article 31)."""

from __future__ import annotations

from collections.abc import Iterator

from padan.agreement.wording import indonesian
from padan.minutes.content import Block, Column, Document, Heading, Table
from padan.minutes.words import count
from padan.privacy.facts import Facts
from padan.privacy.lineage import Relation
from padan.privacy.paper import ROLES, Paper, adoption

_COUNTED = {
    "received": "sejak diterima",
    "superseded": "sejak digantikan",
    "agreement_end": "sejak perjanjian berakhir",
}


def ropa(facts: Facts) -> Document:
    """The record as of the facts' day."""
    paper = Paper(facts)
    return paper.document("ropa", "Rekaman Kegiatan Pemrosesan Data Pribadi", "UU 27/2022 Pasal 31", _blocks(paper))


def _blocks(paper: Paper) -> Iterator[Block]:
    facts, say = paper.facts, paper.wording
    yield say.paragraph("basis_ropa")
    yield Heading("1. Pengendali, Tujuan, dan Dasar")
    yield say.paragraph("controllers")
    yield paper.contacts()
    yield say.paragraph("purpose")
    yield say.paragraph("legal")
    yield Heading("2. Subjek dan Data")
    yield say.paragraph("subjects", people=count(facts.people))
    yield say.paragraph("items", table=paper.next_table)
    yield _datasets(paper)
    yield Heading("3. Klasifikasi, Penerima, dan Silsilah")
    yield say.paragraph("classes")
    yield _layers(paper)
    yield say.paragraph("lineage", table=paper.next_table)
    yield _marts(paper)
    yield Heading("4. Masa Simpan dan Pemusnahan")
    yield say.paragraph("retention")
    yield _retention(paper)
    yield Heading("5. Pengamanan dan Catatan Kegiatan")
    yield say.paragraph("security")
    yield say.paragraph("log", table=paper.next_table, look_ups=count(facts.look_ups))
    yield exchanges(paper)
    yield adoption()


def _datasets(paper: Paper) -> Table:
    agreement = paper.facts.agreement
    rows = []
    for dataset in paper.facts.personal_datasets():
        classes = [str(item.personal) for item in dataset.items]
        bases = dict.fromkeys(agreement.legal_basis_of(dataset, item) for item in dataset.items)
        texts = {one.id: one.cites for one in agreement.legal_bases}
        articles = dict.fromkeys(cite for base in bases for cite in texts.get(base, ()))
        rows.append(
            (
                dataset.party.upper(), dataset.name, dataset.purpose, str(len(classes)),
                *(str(classes.count(name) or "–") for name in ("direct", "indirect", "sensitive")),
                ", ".join(articles) or "–",
            )
        )  # fmt: skip
    columns = (
        Column("Pemberi"), Column("Rangkaian", code=True), Column("Tujuan", share=1), Column("Data", align="right"),
        Column("Langsung", align="right"), Column("Tidak langsung", align="right"), Column("Spesifik", align="right"),
        Column("Pasal"),
    )  # fmt: skip
    return Table(paper.caption("Rangkaian data yang diproses"), columns, tuple(rows), dense=True)


def _layers(paper: Paper) -> Table:
    names = {
        "staging": "staging (bertipe)",
        "intermediate": "integrasi",
        "snapshots": "riwayat",
        "seeds": "acuan",
        "marts": "mart",
    }
    rows = []
    for layer, label in names.items():
        there = [one for one in paper.facts.relations if one.layer == layer]
        readers = sorted({reader for one in there for reader in one.readers})
        sums = [sum(one.classes[name] for one in there) for name in ("none", "indirect", "direct", "sensitive")]
        rows.append((label, str(len(there)), *map(count, sums), ", ".join(readers) or "tidak ada di luar sistem"))
    columns = (
        Column("Lapisan", share=0.7), Column("Relasi", align="right"), Column("Bukan pribadi", align="right"),
        Column("Tidak langsung", align="right"), Column("Langsung", align="right"), Column("Spesifik", align="right"),
        Column("Penerima", share=1),
    )  # fmt: skip
    return Table(paper.caption("Jumlah kolom menurut klasifikasi dan penerimanya"), columns, tuple(rows), dense=True)


def personal_marts(facts: Facts) -> tuple[Relation, ...]:
    """The published relations that tell anything of a person."""
    return tuple(one for one in facts.relations if one.layer == "marts" and one.personal)


def _marts(paper: Paper) -> Table:
    rows = tuple(
        (one.full_name, paper.facts.personal_sources(one), ", ".join(one.readers) or "–")
        for one in personal_marts(paper.facts)
    )
    columns = (Column("Relasi", code=True), Column("Berasal dari", share=1.6), Column("Dapat dibaca", share=0.6))
    return Table(paper.caption("Relasi yang dipublikasikan dan asalnya"), columns, rows, dense=True)


def _retention(paper: Paper) -> Table:
    agreement = paper.facts.agreement
    used: dict[str, list[str]] = {}
    for dataset in paper.facts.personal_datasets():
        for term in dict.fromkeys(agreement.retention_of(dataset, item) for item in dataset.items):
            used.setdefault(term, []).append(dataset.key)
    rows = tuple(
        (one.id, f"{count(one.days)} hari {_COUNTED[one.counted_from]}", ", ".join(used.get(one.id, [])) or "–")
        for one in agreement.retention
    )
    columns = (Column("Ketentuan", code=True), Column("Masa simpan", share=0.7), Column("Rangkaian", share=1.5))
    return Table(paper.caption("Masa simpan menurut berkas perjanjian"), columns, rows, dense=True)


def exchanges(paper: Paper) -> Table:
    """What the exchange log counts of the last year."""
    rows = tuple(
        (
            ROLES[one.party].title(), count(one.requests), count(one.failed), count(one.rows),
            f"{indonesian(one.first)} s.d. {indonesian(one.last)}" if one.first and one.last else "belum ada",
        )
        for one in paper.facts.exchanges
    )  # fmt: skip
    columns = (
        Column("Diminta kepada", share=0.6), Column("Permintaan", align="right"), Column("Gagal", align="right"),
        Column("Baris diterima", align="right"), Column("Tanggal logis", share=1),
    )  # fmt: skip
    return Table(paper.caption("Permintaan menurut log pertukaran data"), columns, rows)
