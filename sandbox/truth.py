"""What a right comparison of the two agencies finds: ``truth.json``, which only tests and benchmarks read."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sandbox import code_changes
from sandbox.differences import KINDS, Record
from sandbox.jf_bodies import KEYS
from sandbox.names import folded
from sandbox.people import Side

_SETTLED = {kind.name: kind.settled for kind in KINDS}
# Column that holds the attribute, where an unusable value of it is planted: (BKN's, BPS's).
_FIELDS = {
    "birth_date": ("tgl_lahir", "birth_date"),
    "golongan_tmt": ("tmt_gol_akhir", "golongan_tmt"),
    "jf_tmt": ("tmt_jabatan", "jf_tmt"),
    "credit_total": ("", "credit_total"),
    "instansi": ("", "instansi_code"),
    "education_level": ("", "education_level"),
}
_RULES = {"credit_total": "not_a_number", "instansi": "unmapped_code", "education_level": "unmapped_code"}
# History dataset -> (field, rule) of the one unusable value planted in a row of it.
DIRT = {
    "rw_golongan": ("sk_tanggal", "impossible_date"),
    "rw_jabatan": ("tanggal_sk", "impossible_date"),
    "credits": ("decree_date", "impossible_date"),
    "competence_tests": ("score", "not_scalar"),
}


def compared_values(side: Side) -> dict[str, str | None]:
    """The compared attributes of one side, folded so that equal text means an identical value."""
    credit = side.credit_total
    return {
        "nip": side.nip,
        "nik": side.nik,
        "name": folded(side.name),
        "title_front": folded(side.title_front) if side.title_front else None,
        "title_back": folded(side.title_back) if side.title_back else None,
        "birth_place": folded(side.birth_place),
        "birth_date": side.birth_date.isoformat(),
        "sex": "M" if side.male else "F",
        "employment_type": "PPPK" if side.pppk else "PNS",
        "employment_status": side.status,
        "golongan": side.ranks[-1].code,
        "golongan_tmt": side.ranks[-1].tmt.isoformat(),
        "instansi": side.agency.id,
        "unit": folded(side.unit.name),
        "education_level": side.studies[-1].level,
        "jabatan_fungsional": side.position.id if side.position else None,
        "jenjang": side.jenjang,
        "jf_tmt": side.positions[-1].tmt.isoformat() if side.positions else None,
        "credit_total": None if credit is None else str(credit),
    }


def verdicts(bkn: Side, bps: Side) -> dict[str, str]:
    """Each attribute that does not compare as identical, and how."""
    ours, theirs = compared_values(bkn), compared_values(bps)
    found = {}
    for attribute, bkn_value in ours.items():
        bps_value = theirs[attribute]
        if attribute in bkn.unusable or attribute in bps.unusable:
            found[attribute] = "not_comparable"
        elif bkn_value != bps_value:
            found[attribute] = (
                "only_in_bps" if bkn_value is None else "only_in_bkn" if bps_value is None else "modified"
            )
    return found


class Truth:
    """Collects what is true of a world while it is written."""

    def __init__(self) -> None:
        self._differences: list[dict[str, Any]] = []
        self._pairs: list[dict[str, Any]] = []
        self._findings: Counter[tuple[str, str, str, str]] = Counter()
        self._quarantine: Counter[tuple[str, str, str, str]] = Counter()
        self._people: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._landing: dict[str, Counter[str]] = {}
        self._unlisted: Counter[tuple[str, str]] = Counter()
        self._codes: dict[str, list[dict[str, Any]]] = {}
        self.asked = 0

    def count(self, dataset: str, outcome: str, rows: int = 1) -> None:
        """``rows`` more of ``dataset`` end as ``outcome`` (landed, quarantined, out_of_scope) in a full extraction."""
        self._landing.setdefault(dataset, Counter())[outcome] += rows

    def finding(self, kind: str, dataset: str, field: str, rule: str) -> None:
        """One value that will not parse or map, or one record that breaks a rule, and is landed all the same."""
        self._findings[kind, dataset, field, rule] += 1

    def quarantined(self, kind: str, dataset: str, field: str, rule: str) -> None:
        """One row that cannot be landed."""
        self._quarantine[kind, dataset, field, rule] += 1
        self.count(dataset, "quarantined")

    def codes(self, changes: list[dict[str, Any]], listed: list[dict[str, Any]], day: int) -> None:
        """What changed in the lists of codes, and BPS's list as it is on ``day``; after everybody was added."""
        self._codes = {
            "reference_changes": changes,
            "reference_differences": code_changes.differences(listed, self._unlisted, day),
        }

    def add(self, record: Record) -> None:
        """What comparing ``record`` finds."""
        bkn, bps = record.bkn, None if record.damaged_nip else record.bps
        kind = record.kind or ""
        if kind:
            self._kinds[kind] += 1
        self._people["bkn"] += bkn is not None
        self._people["bps"] += bps is not None
        for party, side in (("bkn", bkn), ("bps", bps)):
            if side is not None:
                self._find_unusable(kind, party, side)
        if record.duplicate and bps:
            self.finding(kind, "holders", "nip_bps", "duplicate_person")
        if bkn is None or bps is None:
            verdict = "only_in_bps" if bkn is None else "only_in_bkn"
            self._differences.append(self._entry(record, kind, "presence", verdict))
        else:
            self._match(record, kind, bkn, bps)

    def _match(self, record: Record, kind: str, bkn: Side, bps: Side) -> None:
        settled = _SETTLED.get(kind, True)
        self._people["beyond_exact_keys" if not settled else "exact_nip" if bkn.nip == bps.nip else "exact_nik"] += 1
        entries = [self._entry(record, kind, *verdict) for verdict in verdicts(bkn, bps).items()]
        self._differences += [entry | {"settled_by_exact_keys": settled} for entry in entries]
        self._pairs.append(
            {
                "kind": kind,
                "person_id_bkn": record.person.person_id,
                "holder_id": record.person.holder_id,
                "settled_by_exact_keys": settled,
            }
        )

    def _find_unusable(self, kind: str, party: str, side: Side) -> None:
        for attribute in side.unusable:
            field = _FIELDS[attribute][0 if party == "bkn" else 1]
            if _RULES.get(attribute) == "unmapped_code":
                self._unlisted[attribute, side.unusable[attribute]] += 1
            self.finding(
                kind, "data_utama" if party == "bkn" else "holders", field, _RULES.get(attribute, "impossible_date")
            )

    @staticmethod
    def _entry(record: Record, kind: str, attribute: str, verdict: str) -> dict[str, Any]:
        return {
            "kind": kind,
            "person_id_bkn": record.person.person_id if record.bkn else None,
            "holder_id": record.person.holder_id if record.bps and not record.damaged_nip else None,
            "attribute": attribute,
            "verdict": verdict,
            "settled_by_exact_keys": True,
        }

    def document(self, **about: Any) -> dict[str, Any]:
        """The truth file."""
        landing: dict[str, dict[str, dict[str, int]]] = {"bkn": {}, "bps": {}}
        for dataset, counts in sorted(self._landing.items()):
            landed, quarantined = counts["landed"], counts["quarantined"]
            landing["bps" if dataset in KEYS else "bkn"][dataset] = {
                "extracted": landed + quarantined,
                "landed": landed,
                "quarantined": quarantined,
                "out_of_scope": counts["out_of_scope"],
            }
        return {
            **about,
            "people": {
                "bkn": self._people["bkn"],
                "bps": self._people["bps"],
                "asked": self.asked,
                "matched": {name: self._people[name] for name in ("exact_nip", "exact_nik", "beyond_exact_keys")},
            },
            "planted": dict(sorted(self._kinds.items())),
            "differences": self._differences,
            "pairs": self._pairs,
            "findings": [_row(key, count) for key, count in sorted(self._findings.items())],
            "quarantine": [_row(key, count) for key, count in sorted(self._quarantine.items())],
            "landing": landing,
            **self._codes,
        }


def _row(key: tuple[str, str, str, str], count: int) -> dict[str, Any]:
    return dict(zip(("kind", "dataset", "field", "rule"), key, strict=True)) | {"count": count}
