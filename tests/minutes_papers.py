"""Frozen semesters made up for tests: from nobody at all to twenty thousand differences."""

from __future__ import annotations

from collections import Counter
from datetime import date

from padan.agreement import load_agreement
from padan.minutes.freeze import FrozenSemester, agreement_facts, seal
from padan.minutes.inputs import (
    Activity,
    AgencyRow,
    AttributeRow,
    Case,
    CodesDue,
    Correction,
    Duration,
    Incident,
    Inputs,
    MonthPoint,
    Movement,
    Owner,
    Past,
    People,
    PersonalCase,
    QualityStage,
    Service,
    Tier,
    UnmappedCode,
    Volume,
)
from padan.minutes.manifest import Issue, Lasting
from padan.minutes.period import Period
from tests.conftest import PROJECT_DIR

PERIOD = Period(2026, 1)
CUT = date(2026, 6, 30)
LONG_AGENCY = (
    "Sekretariat Jenderal Komisi Nasional Pengawasan dan Pengendalian Penyelenggaraan Statistik Sektoral Terpadu "
    "Kabupaten Kepulauan Siau Tagulandang Biaro dan Pulau-Pulau Kecil Terluar di Sekitarnya"
)
ATTRIBUTES: tuple[tuple[str, str, str, str], ...] = (
    ("nip", "Nomor Induk Pegawai (NIP)", "bkn", "critical"),
    ("name", "Nama lengkap tanpa gelar", "bkn", "warning"),
    ("jenjang", "Jenjang jabatan fungsional", "bps", "critical"),
    ("credit_total", "Jumlah angka kredit", "bps", "warning"),
    ("presence", "Keberadaan data pegawai", "none", "critical"),
)
_OWNERS: dict[str, Owner] = {"bkn": "bps", "bps": "bkn", "none": "both"}
_COLUMNS = {
    "modified": "modified",
    "only_in_bkn": "only_bkn",
    "only_in_bps": "only_bps",
    "not_comparable": "not_comparable",
}
FINAL = Issue(
    final=True,
    number="001/BA-PADAN/VII/2026",
    evaluation_number="001/LE-PADAN/VII/2026",
    signed_on=date(2026, 7, 8),
)
DRAFT = FINAL.model_copy(update={"final": False})


def cases(number: int) -> tuple[Case, ...]:
    """As many cases, spread over owners, attributes and agencies."""
    found = []
    for position in range(number):
        attribute, label, authority, severity = ATTRIBUTES[position % len(ATTRIBUTES)]
        verdict = ("only_in_bkn", "only_in_bps")[position % 2] if attribute == "presence" else "modified"
        agency = LONG_AGENCY if position % 50 == 7 else f"Pemerintah Kabupaten Contoh {position % 400:03d}"
        found.append(
            Case(
                case_id=f"K-{position:012X}",
                owner=_OWNERS[authority],
                attribute=attribute,
                label=label,
                verdict=verdict,
                severity=severity,
                agency=agency,
                first_seen=date(2026, 1 + position % 6, 15),
                due_on=date(2026, 3 + position % 6, 2),
                escalated_on=date(2026, 3 + position % 6, 9) if position % 6 < 2 else None,
                state=("open", "acknowledged", "waived")[position % 3],
            )
        )
    return tuple(sorted(found, key=lambda case: (case.owner, case.agency, case.label, case.case_id)))


def semester(
    differences: int = 40,
    pairs: int = 1_000,
    only_bkn: int = 5,
    only_bps: int = 3,
    *,
    previous: bool = True,
    corrections: tuple[Correction, ...] = (),
    value: str = "Nilai",
) -> FrozenSemester:
    """A frozen semester whose numbers add up; ``value`` stands in the personal columns."""
    found = cases(differences)
    counted = Counter((case.attribute, _COLUMNS[case.verdict]) for case in found)
    by_agency = Counter((case.agency, case.owner) for case in found)
    owned = Counter(case.owner for case in found)
    everyone = pairs + only_bkn + only_bps
    agreement = load_agreement(PROJECT_DIR / "agreement" / "sandbox.yaml")
    owners: tuple[Owner, ...] = ("bps", "bkn", "both")
    inputs = Inputs(
        period=str(PERIOD),
        edition=1 + len(corrections),
        cut=CUT,
        previous_cut=date(2025, 12, 31) if previous else None,
        agreement=agreement_facts(agreement, PERIOD, date(2026, 7, 1), ()),
        people=People(
            bkn=pairs + only_bkn,
            bps=pairs + only_bps,
            matched=(Tier(tier="exact_nip", pairs=pairs),) if pairs else (),
            only_bkn=only_bkn,
            only_bps=only_bps,
        ),
        compared_values=pairs * 19,
        identical_values=max(pairs * 19 - differences, 0),
        attributes=tuple(
            AttributeRow(
                attribute=name,
                label=label,
                authority=authority,  # type: ignore[arg-type]
                severity=severity,  # type: ignore[arg-type]
                compared=everyone if name == "presence" else pairs,
                **{column: counted[name, column] for column in _COLUMNS.values()},
            )
            for name, label, authority, severity in ATTRIBUTES
        ),
        agencies=tuple(
            sorted(
                (
                    AgencyRow(name=name, **{owner: by_agency[name, owner] for owner in owners})
                    for name in {case.agency for case in found}
                ),
                key=lambda row: (-row.cases, row.name),
            )
        ),
        movements=tuple(
            Movement(
                owner=owner, before=owned[owner] * previous, resolved=0, new=owned[owner] * (not previous)
            )
            for owner in owners
        ),
        months=tuple(MonthPoint(day=day, open=differences) for day in PERIOD.month_ends(CUT)) if differences else (),
        durations=(
            Duration(
                owner="bps", severity="critical", closed=0, closed_in_time=0, median_days=None,
                longest_days=None, overdue_open=owned["bps"],
            ),
        ) if differences else (),
        cases=found,
        services=tuple(
            Service(
                party=party, requests=requests, answered=requests, first_time=requests, throttled=0, failed=0,
                median_ms=7 if requests else None, p95_ms=20 if requests else None, extracts=bool(requests),
                published=bool(requests), days_published=bool(requests), longest_gap_days=3,
                newest=CUT if requests else None,
            )
            for party, requests in (("bps", pairs // 100), ("bkn", pairs * 4))
        ),
        volumes=(
            Volume(party="bps", dataset="holders", extracts=1, extracted=everyone, landed=everyone, quarantined=0,
                   out_of_scope=0, changed=everyone, codes=False),
            Volume(party="bps", dataset="reference_codes", extracts=1, extracted=413, landed=413, quarantined=0,
                   out_of_scope=0, changed=2, codes=True),
        ) if pairs else (),
        problems=(),
        quality=(QualityStage(stage="raw", passed=91, warnings=0, critical=0),),
        unmapped=(UnmappedCode(code_type="instansi", codes=2, uses=9),) if differences else (),
        findings=(),
        activities=(
            Activity(id="KOMP-1", held_on=date(2026, 3, 17), title="Pendampingan", kind="tenaga ahli", given_by="bps",
                     participants=24, evidence="Surat Tugas B-1"),
        ) if pairs else (),
        incidents=(
            Incident(id="GGN-1", occurred_on=date(2026, 2, 3), party="bkn", what="Pemeliharaan", resolution="Selesai"),
        ) if pairs else (),
        codes_due=(
            CodesDue(owner="bps", cases=2, first_due=date(2026, 7, 14), last_due=date(2026, 8, 3), overdue=0),
        ) if differences else (),
        corrections=corrections,
        history=(
            Past(period="2025-S2", edition=1, cut=date(2025, 12, 31), number="002/BA-PADAN/I/2026", everyone=everyone,
                 pairs=pairs, open=differences, compared=pairs * 19, identical=pairs * 19),
        ) if previous else (),
    )  # fmt: skip
    personal = tuple(
        PersonalCase(
            case_id=case.case_id,
            nip=f"19900101201412{position % 10_000:04d}",
            nip_bps="",
            name=f"Orang {value}",
            bkn_value=value,
            bps_value=f"{value} lain",
        )
        for position, case in enumerate(found)
    )
    lasting = {name: Lasting(rows=1, sha256="0" * 64) for name in ("differences", "extracts", "verdicts", "volumes")}
    withdrawn = tuple(case for one in corrections for case in one.withdrawn_cases)
    return seal(inputs, personal, date(2025, 12, 31), withdrawn, (1, 2), lasting)
