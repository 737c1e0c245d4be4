"""What both papers share: names, captions, the letterhead, the note on how a paper was made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from padan.agreement.wording import indonesian
from padan.minutes.content import Block, Column, Document, Letterhead, Table
from padan.minutes.inputs import Correction, Inputs, Owner, PartyCode
from padan.minutes.manifest import Issue, Manifest
from padan.minutes.period import Period
from padan.minutes.wording import Wording
from padan.minutes.words import count, day_name, month_name, numeric_date, terbilang, titled

PARTIES: tuple[PartyCode, ...] = ("bps", "bkn")
OWNERS: tuple[Owner, ...] = ("bps", "bkn", "both")
ROLES: dict[PartyCode, str] = {"bps": "PIHAK KESATU", "bkn": "PIHAK KEDUA"}
TIERS = {"exact_nip": "NIP yang sama", "exact_nik": "NIK yang sama"}
VERDICTS = {
    "modified": "Nilai berbeda",
    "only_in_bkn": "Hanya pada data BKN",
    "only_in_bps": "Hanya pada data BPS",
    "not_comparable": "Tidak dapat dibandingkan",
}
_CITATION = re.compile(r"([0-9]+)(?:\(([0-9]+)\))?([a-z]?)")


def article(citation: str) -> str:
    """``3(2)d`` -> ``Pasal 3 ayat (2) huruf d``."""
    found = _CITATION.fullmatch(citation)
    if not found:
        return {"preamble": "Pembukaan", "annex": "Lampiran"}.get(citation, citation)
    number, paragraph, letter = found.groups()
    return f"Pasal {number}" + (f" ayat ({paragraph})" if paragraph else "") + (f" huruf {letter}" if letter else "")


def fields_of(inputs: Inputs, issue: Issue) -> dict[str, str]:
    """The fields that any paragraph may use."""
    facts, period, signed = inputs.agreement, Period.parse(inputs.period), issue.signed_on
    return {
        "day_name": day_name(signed),
        "day_words": titled(terbilang(signed.day)),
        "month_name": month_name(signed),
        "year_words": titled(terbilang(signed.year)),
        "date_numeric": numeric_date(signed),
        "place": facts.place,
        "agreement_title": facts.title,
        "number_bps": facts.parties["bps"].number,
        "number_bkn": facts.parties["bkn"].number,
        "agreement_signed": indonesian(facts.signed),
        "agreement_end": indonesian(facts.end),
        "period_label": period.label_id,
        "period_start": indonesian(max(period.start, facts.start)),
        "period_end": indonesian(period.end),
        "cut": indonesian(inputs.cut),
        "number": issue.number,
        "terms_basis": inputs.terms.basis if inputs.terms else "",
    }


@dataclass(slots=True)
class Paper:
    """A paper in the making: its prose, and how many tables and charts it has so far."""

    name: str
    inputs: Inputs
    fields: dict[str, str]
    tables: int = 0
    charts: int = 0
    wording: Wording = field(init=False)

    def __post_init__(self) -> None:
        self.wording = Wording(self.name, self.fields)

    def caption(self, text: str) -> str:
        """``Tabel 3. text`` with the next number."""
        self.tables += 1
        return f"Tabel {self.tables}. {text}"

    def figure(self, text: str) -> str:
        """``Gambar 3. text`` with the next number."""
        self.charts += 1
        return f"Gambar {self.charts}. {text}"

    def correction(self, correction: Correction) -> dict[str, str]:
        """The fields of the paragraph that cites a correction."""
        return {
            "edition": str(correction.edition),
            "requester": correction.requester,
            "requested_on": indonesian(correction.requested_on),
            "reviewed_by": correction.reviewed_by,
            "reason": correction.reason,
        }

    def manifest(self, manifest: Manifest) -> Iterator[Block]:
        """How the paper was made, and the hashes that prove it."""
        yield self.wording.paragraph("annex_manifest")
        extracts = manifest.extract_ids
        tools = ", ".join(f"{name} {number}" for name, number in sorted(manifest.renderers.items()))
        shown = ", ".join(map(str, extracts[:12])) + (
            f", ... ({count(len(extracts))} pengambilan)" if len(extracts) > 12 else ""
        )
        yield Table(
            self.caption("Masukan naskah"),
            (Column("Masukan", share=0.42), Column("Keterangan", share=1)),
            (
                ("Periode dan edisi", f"{manifest.period}, edisi {manifest.edition}"),
                ("Posisi data", indonesian(manifest.cut)),
                ("Pengambilan data", shown or "tidak ada"),
                ("Versi Padan", manifest.padan_version),
                ("Perangkat penyusun", tools),
                ("Sidik perjanjian", manifest.agreement_sha256),
                ("Sidik kode dan naskah", manifest.code_sha256),
                ("Sidik masukan", manifest.inputs_sha256),
                ("Sidik kolom pribadi", manifest.personal_sha256),
                *((f"Sidik {_LASTING[name]}", f"{found.sha256} ({count(found.rows)} baris)")
                  for name, found in sorted(manifest.lasting.items())),
                ("Sidik manifes", manifest.sha256),
            ),
            dense=True,
        )  # fmt: skip


_LASTING = {
    "differences": "riwayat perbedaan",
    "extracts": "pengambilan data",
    "ledger": "buku perbedaan data",
    "verdicts": "hasil pemeriksaan mutu",
    "volumes": "volume data",
}


def letterhead(inputs: Inputs) -> Letterhead:
    """The kop of both agencies."""

    def lines(party: PartyCode) -> tuple[str, ...]:
        side = inputs.agreement.parties[party]
        address = side.address or side.liaison_address
        phone = f"Telepon {side.liaison_phone}" if side.liaison_phone else ""
        return tuple(
            line
            for line in (side.name.upper(), address, " · ".join(x for x in (phone, side.liaison_email) if x))
            if line
        )

    return Letterhead(lines("bps"), lines("bkn"))


def new_document(
    name: str, title: str, inputs: Inputs, issue: Issue, blocks: tuple[Block, ...], initials: tuple[str, ...]
) -> Document:
    """A paper of its blocks."""
    foot = f"{title} · {issue.number}" if issue.final else f"{title} · DRAF"
    signed = issue.signed_on
    return Document(
        name=name,
        title=title,
        subject=f"{inputs.agreement.title}, edisi {inputs.edition}",
        blocks=blocks,
        draft=not issue.final,
        fictional=inputs.agreement.fictional,
        initials=initials,
        foot=foot,
        dated=(signed.year, signed.month, signed.day),
    )
