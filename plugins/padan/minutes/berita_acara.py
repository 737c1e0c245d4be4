"""Berita Acara Hasil Pemadanan Data: the minutes of the data matching (PKS article 3(2)d), from frozen inputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

from padan.agreement.wording import indonesian
from padan.minutes.common import (
    OWNERS,
    PARTIES,
    ROLES,
    TIERS,
    Paper,
    article,
    fields_of,
    letterhead,
    new_document,
)
from padan.minutes.content import (
    Annex,
    Block,
    Column,
    Document,
    Heading,
    Listing,
    Paragraph,
    Run,
    Signature,
    Signatures,
    Table,
    Title,
    runs,
)
from padan.minutes.inputs import Case, Inputs, Owner, Terms
from padan.minutes.manifest import Issue, Manifest
from padan.minutes.period import Period
from padan.minutes.words import count, count_in_words, percent

NAME = "berita-acara"
_SHOWN_AGENCIES = 10
_LISTED_ONE_BY_ONE = 2_000  # cases of an annex; beyond, a row each would make a paper of hundreds of pages
_NUMBERS_A_ROW = 16
_OWNERS_IN_WORDS = {"bps": "PIHAK KESATU", "bkn": "PIHAK KEDUA", "both": "PARA PIHAK"}
_DUTY: dict[Owner, str] = {"bps": "3(2)e", "bkn": "4(2)d"}


def build(inputs: Inputs, manifest: Manifest, issue: Issue) -> Document:
    """The minutes as content.

    Raises:
        TemplateError: the prose lacks a paragraph or a field.
    """
    paper = Paper("berita_acara", inputs, fields_of(inputs, issue))
    blocks = (
        *_opening(paper, inputs, issue),
        *_scope_and_method(paper, inputs),
        *_results(paper, inputs),
        *_follow_up(paper, inputs, issue),
        *_closing(paper, inputs),
        *_annexes(paper, inputs, manifest),
    )
    title = f"Berita Acara Hasil Pemadanan Data {Period.parse(inputs.period).label_id}"
    return new_document(NAME, title, inputs, issue, blocks, initials=("PIHAK KESATU", "PIHAK KEDUA"))


def _opening(paper: Paper, inputs: Inputs, issue: Issue) -> Iterator[Block]:
    facts, words = inputs.agreement, paper.wording
    yield letterhead(inputs)
    edition = f" (EDISI {inputs.edition})" if inputs.edition > 1 else ""
    yield Title(
        (
            "BERITA ACARA",
            "HASIL PEMADANAN DATA APARATUR SIPIL NEGARA DAN DATA JABATAN FUNGSIONAL",
            f"{Period.parse(inputs.period).label_id.upper()}{edition}",
            "ANTARA",
            f"{facts.parties['bps'].name.upper()} DAN {facts.parties['bkn'].name.upper()}",
        ),
        (f"NOMOR: {issue.number}", "NOMOR: ............................................ (diisi PIHAK KEDUA)"),
    )
    yield words.paragraph("opening")
    parties = []
    for party in PARTIES:
        side = facts.parties[party]
        parties.append(
            words.runs(
                "party",
                signatory=side.signatory.upper(),
                signatory_title=side.signatory_title,
                appointed_by=words.text("appointed_by", decision=side.appointed_by) if side.appointed_by else "",
                party_name=side.name,
                address=words.text("address", address=side.address) if side.address else "",
                role=side.role,
            )
        )
    yield Listing(tuple(parties), "I.")
    yield words.paragraph("both")
    addenda = words.text("basis_addenda", addenda="; ".join(facts.addenda)) if facts.addenda else ""
    laws = [
        words.runs("basis_last_law" if law == facts.legal_bases[-1] else "basis_law", law=law)
        for law in facts.legal_bases
    ]
    basis = words.runs("basis_agreement", addenda=f" {addenda}" if addenda else "")
    yield Listing((basis, words.runs("basis_article"), *laws), "1.")
    yield words.paragraph("declares")
    for correction in inputs.corrections:
        cases = ", ".join(correction.withdrawn_cases)
        withdrawn = ". " + words.text("correction_withdrawn", cases=cases) if cases else "."
        yield words.paragraph("correction", **paper.correction(correction), withdrawn=withdrawn)
        if correction.statement:
            yield Paragraph(runs(correction.statement))
    for suspension in facts.suspensions:
        yield words.paragraph("suspension", suspension=suspension)


def _scope_and_method(paper: Paper, inputs: Inputs) -> Iterator[Block]:
    words = paper.wording
    newest = {one.party: indonesian(one.newest) if one.newest else "(belum ada)" for one in inputs.services}
    yield Heading("A. Ruang Lingkup")
    yield Listing(
        (words.runs("scope_1"), words.runs("scope_2", newest_bps=newest["bps"], newest_bkn=newest["bkn"])), "1."
    )
    yield Heading("B. Metode Pemadanan")
    compared = len([row for row in inputs.attributes if row.attribute != "presence"])
    yield Listing(
        (
            words.runs("method_1"),
            words.runs("method_2", attributes_count=count_in_words(compared)),
            words.runs("method_3"),
        ),
        "1.",
    )


def _results(paper: Paper, inputs: Inputs) -> Iterator[Block]:
    yield Heading("C. Hasil Pemadanan")
    yield from _people(paper, inputs)
    yield from _differences(paper, inputs)
    yield from _movement(paper, inputs)


def _people(paper: Paper, inputs: Inputs) -> Iterator[Block]:
    people, words = inputs.people, paper.wording
    yield Heading("1. Pegawai yang dipadankan", 2)
    if people.everyone:
        yield words.paragraph(
            "people",
            bkn=count_in_words(people.bkn),
            bps=count_in_words(people.bps),
            pairs=count_in_words(people.pairs),
            everyone=count(people.everyone),
            match_rate=percent(people.pairs, people.everyone),
            only_bkn=count_in_words(people.only_bkn),
            only_bps=count_in_words(people.only_bps),
        )
    else:
        yield words.paragraph("people_none")
    tiers = {tier.tier: tier.pairs for tier in people.matched}
    rows = [(f"Padan berdasarkan {TIERS[name]}", tiers.get(name, 0)) for name in TIERS]
    rows += [(f"Padan dengan cara lain ({name})", pairs) for name, pairs in tiers.items() if name not in TIERS]
    rows += [
        ("Hanya terdapat pada data PIHAK KEDUA", people.only_bkn),
        ("Hanya terdapat pada data PIHAK KESATU", people.only_bps),
    ]
    yield Table(
        paper.caption("Pegawai menurut hasil pemadanan"),
        (Column("Hasil pemadanan", share=1), Column("Pegawai", "right"), Column("Bagian", "right")),
        (
            *((label, count(number), percent(number, people.everyone)) for label, number in rows),
            ("Jumlah", count(people.everyone), percent(people.everyone, people.everyone)),
        ),
        total=True,
    )


def _differences(paper: Paper, inputs: Inputs) -> Iterator[Block]:
    words = paper.wording
    yield Heading("2. Perbedaan data", 2)
    if not inputs.cases:
        yield words.paragraph("differences_none")
        return
    owned = {f"owner_{owner}": count_in_words(len(inputs.owned(owner))) for owner in OWNERS}
    caption = paper.caption("Perbedaan data yang belum selesai menurut elemen data")
    yield words.paragraph("differences", open=count_in_words(inputs.open_cases), table=str(paper.tables), **owned)
    yield _by_attribute(caption, inputs)
    shown = inputs.agencies[:_SHOWN_AGENCIES]
    caption = paper.caption("Instansi dengan perbedaan data terbanyak")
    yield words.paragraph(
        "agencies",
        agencies=count(len(inputs.agencies)),
        shown=count_in_words(len(shown)).capitalize(),
        table=str(paper.tables),
    )
    yield Table(
        caption,
        (
            Column("No.", "right"),
            Column("Instansi", share=1),
            Column("PIHAK KESATU", "right"),
            Column("PIHAK KEDUA", "right"),
            Column("PARA PIHAK", "right"),
            Column("Jumlah", "right"),
        ),
        tuple(
            (str(rank), row.name, count(row.bps), count(row.bkn), count(row.both), count(row.cases))
            for rank, row in enumerate(shown, 1)
        ),
    )


def _by_attribute(caption: str, inputs: Inputs) -> Table:
    owned = Counter((case.attribute, case.owner) for case in inputs.cases)
    rows = [
        (
            row.label,
            count(row.compared),
            *(count(owned[row.attribute, owner]) for owner in OWNERS),
            count(row.cases),
            percent(row.cases, row.compared),
        )
        for row in inputs.attributes
        if row.cases
    ]
    totals = (count(len(inputs.owned(owner))) for owner in OWNERS)
    return Table(
        caption,
        (
            Column("Elemen data", share=1),
            Column("Dibandingkan", "right"),
            *(Column(_OWNERS_IN_WORDS[owner], "right") for owner in OWNERS),
            Column("Jumlah", "right"),
            Column("Bagian", "right"),
        ),
        (*rows, ("Jumlah", "", *totals, count(inputs.open_cases), "")),
        total=True,
        dense=True,
    )


def _movement(paper: Paper, inputs: Inputs) -> Iterator[Block]:
    words = paper.wording
    yield Heading("3. Perkembangan sejak semester sebelumnya", 2)
    if inputs.previous_cut is None:
        yield words.paragraph("movement_first")
        return
    totals = {
        name: sum(getattr(row, name) for row in inputs.movements)
        for name in ("before", "resolved", "carried", "new", "open")
    }
    yield words.paragraph(
        "movement",
        previous_cut=indonesian(inputs.previous_cut),
        **{name: count_in_words(totals[name]) for name in ("resolved", "carried", "new")},
    )
    yield Table(
        paper.caption("Perkembangan perbedaan data"),
        (
            Column("Diselesaikan oleh", share=1),
            Column("Semula", "right"),
            Column("Selesai", "right"),
            Column("Belum selesai", "right"),
            Column("Baru", "right"),
            Column("Menjadi", "right"),
        ),
        (
            *(
                (_OWNERS_IN_WORDS[row.owner], *map(count, (row.before, row.resolved, row.carried, row.new, row.open)))
                for row in inputs.movements
            ),
            (
                "Jumlah",
                *map(count, (totals["before"], totals["resolved"], totals["carried"], totals["new"], totals["open"])),
            ),
        ),
        total=True,
    )


def _follow_up(paper: Paper, inputs: Inputs, issue: Issue) -> Iterator[Block]:
    words, terms = paper.wording, inputs.terms
    items = _due_by_terms(paper, inputs, terms, issue) if terms else _due_by_ledger(paper, inputs)
    following = Period.parse(inputs.period).next
    if not items:
        items.append(words.runs("follow_quiet"))
    items.append(words.runs("follow_next", next_label=following.label_id, next_end=indonesian(following.end)))
    yield Heading("D. Tindak Lanjut")
    yield words.paragraph("follow_intro")
    yield Listing(tuple(items), "1.")
    yield words.note("follow_basis" if terms else "follow_basis_ledger")


def _due_by_ledger(paper: Paper, inputs: Inputs) -> list[tuple[Run, ...]]:
    """What each owner has to mend, and until when: the due dates of its cases as the ledger held them at the cut."""
    words, cut = paper.wording, inputs.cut
    items: list[tuple[Run, ...]] = []
    for owner in OWNERS:
        cases = inputs.owned(owner)
        due = sorted(case.due_on for case in cases if case.due_on)
        if not due:
            continue
        duty = words.text("follow_duty", article=article(_DUTY[owner])) if owner != "both" else ""
        items.append(
            words.runs(
                "follow_due",
                role=_OWNERS_IN_WORDS[owner],
                cases=count_in_words(len(cases)),
                duty=duty,
                critical=count(sum(case.severity == "critical" for case in cases)),
                first_due=indonesian(due[0]),
                last_due=indonesian(due[-1]),
                overdue=count(sum(case.overdue(cut) for case in cases)),
                escalated=count(sum(case.escalated_on is not None for case in cases)),
            )
        )
    items += [
        words.runs(
            "follow_codes_due",
            role=_OWNERS_IN_WORDS[row.owner],
            codes=count_in_words(row.cases),
            first_due=indonesian(row.first_due),
            last_due=indonesian(row.last_due),
            overdue=count(row.overdue),
        )
        for row in inputs.codes_due
    ]
    return items


def _due_by_terms(paper: Paper, inputs: Inputs, terms: Terms, issue: Issue) -> list[tuple[Run, ...]]:
    """Format 1: terms in days from the signing."""
    words = paper.wording

    def due(days: int) -> str:
        return indonesian(issue.signed_on + timedelta(days=days))

    items: list[tuple[Run, ...]] = []
    for party in PARTIES:
        cases = inputs.owned(party)
        if cases:
            critical = sum(case.severity == "critical" for case in cases)
            items.append(
                words.runs(
                    "follow_owner",
                    role=ROLES[party],
                    cases=count_in_words(len(cases)),
                    article=article(_DUTY[party]),
                    critical=count(critical),
                    warning=count(len(cases) - critical),
                    due_critical=due(terms.due_days["critical"]),
                    due_warning=due(terms.due_days["warning"]),
                )
            )
    both = len(inputs.owned("both"))
    if both:
        items.append(words.runs("follow_both", cases=count_in_words(both), due_presence=due(terms.presence_days)))
    codes = sum(row.codes for row in inputs.unmapped)
    if codes:
        items.append(words.runs("follow_codes", codes=count_in_words(codes), due_codes=due(terms.unmapped_codes_days)))
    return items


def _closing(paper: Paper, inputs: Inputs) -> Iterator[Block]:
    yield Heading("E. Penutup")
    yield paper.wording.paragraph("confidential")
    yield paper.wording.paragraph("closing")
    yield Signatures(
        tuple(
            Signature(f"{side.role},", side.signatory_title, side.signatory.upper())
            for side in (inputs.agreement.parties[party] for party in PARTIES)
        )
    )


def _annexes(paper: Paper, inputs: Inputs, manifest: Manifest) -> Iterator[Block]:
    yield Annex("Lampiran I", "Perbedaan Data Menurut Elemen Data dan Jenis Perbedaan")
    yield Table(
        paper.caption("Perbedaan data menurut elemen data dan jenis perbedaan"),
        (
            Column("Elemen data", share=1),
            Column("Rujukan"),
            Column("Nilai berbeda", "right"),
            Column("Hanya BKN", "right"),
            Column("Hanya BPS", "right"),
            Column("Tidak dapat dibandingkan", "right", share=0.45),
            Column("Jumlah", "right"),
        ),
        (
            *(
                (
                    row.label,
                    {"bkn": "BKN", "bps": "BPS", "none": "–"}[row.authority],
                    *map(count, (row.modified, row.only_bkn, row.only_bps, row.not_comparable, row.cases)),
                )
                for row in inputs.attributes
            ),
            (
                "Jumlah",
                "",
                *(
                    count(sum(getattr(row, name) for row in inputs.attributes))
                    for name in ("modified", "only_bkn", "only_bps", "not_comparable", "cases")
                ),
            ),
        ),
        total=True,
        dense=True,
    )
    yield Annex("Lampiran II", "Perbedaan Data Menurut Instansi")
    yield from _all_agencies(paper, inputs)
    for number, owner in zip(("III", "IV", "V"), OWNERS, strict=True):
        whose = {"both": "Bersama PARA PIHAK"}.get(owner, _OWNERS_IN_WORDS[owner])
        yield Annex(f"Lampiran {number}", f"Daftar Nomor Kasus {whose}")
        yield from _case_list(paper, inputs.owned(owner), whose)
    yield Annex("Lampiran VI", "Keterangan Pembentukan Naskah")
    yield from paper.manifest(manifest)


def _all_agencies(paper: Paper, inputs: Inputs) -> Iterator[Block]:
    if not inputs.agencies:
        yield paper.wording.paragraph("annex_cases_none")
        return
    totals = [sum(getattr(row, name) for row in inputs.agencies) for name in ("bps", "bkn", "both", "cases")]
    yield Table(
        paper.caption("Perbedaan data menurut instansi"),
        (
            Column("No.", "right"),
            Column("Instansi", share=1),
            Column("PIHAK KESATU", "right"),
            Column("PIHAK KEDUA", "right"),
            Column("PARA PIHAK", "right"),
            Column("Jumlah", "right"),
        ),
        (
            *(
                (count(rank), row.name, count(row.bps), count(row.bkn), count(row.both), count(row.cases))
                for rank, row in enumerate(inputs.agencies, 1)
            ),
            ("", "Jumlah", *map(count, totals)),
        ),
        total=True,
        dense=True,
    )


def _case_list(paper: Paper, cases: tuple[Case, ...], whose: str) -> Iterator[Block]:
    if not cases:
        yield paper.wording.paragraph("annex_cases_none")
        return
    yield paper.wording.note("annex_cases")
    caption = paper.caption(f"Nomor kasus {whose}")
    yield _one_by_one(caption, cases) if len(cases) <= _LISTED_ONE_BY_ONE else _together(caption, cases)


def _one_by_one(caption: str, cases: tuple[Case, ...]) -> Table:
    with_terms = all(case.due_on for case in cases)  # not in format 1
    return Table(
        caption,
        (
            Column("No.", "right"),
            Column("Nomor kasus", code=True),
            Column("Elemen data", share=0.8),
            Column("Instansi", share=1),
            Column("Sejak", "right"),
            *((Column("Tenggat", "right"),) if with_terms else ()),
        ),
        tuple(
            (
                *(count(rank), case.case_id, case.label, case.agency, f"{case.first_seen:%d-%m-%Y}"),
                *((f"{case.due_on:%d-%m-%Y}",) if with_terms else ()),
            )
            for rank, case in enumerate(cases, 1)
        ),
        dense=True,
    )


def _together(caption: str, cases: tuple[Case, ...]) -> Table:
    """Many cases: their numbers alone, together by agency and attribute, a few lines a row so that pages break well."""
    rows = []
    for (agency, label), group in groupby(cases, key=lambda case: (case.agency, case.label)):
        numbers = [case.case_id for case in group]
        for start in range(0, len(numbers), _NUMBERS_A_ROW):
            listed = numbers[start : start + _NUMBERS_A_ROW]
            rows.append((agency, label, count(len(listed)), " ".join(listed)))
    return Table(
        caption,
        (
            Column("Instansi", share=0.65),
            Column("Elemen data", share=0.45),
            Column("Kasus", "right"),
            Column("Nomor kasus", share=1.7, code=True),
        ),
        tuple(rows),
        dense=True,
    )
