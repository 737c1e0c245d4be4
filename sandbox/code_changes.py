"""What changes in both agencies' lists of codes on day 2, and what a comparison of them has to find."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sandbox.reference import opaque_id

Row = dict[str, Any]
CHANGES_FROM_DAY = 2
# Of codes that nobody bears, or whose meaning stays, so that no comparison of people changes with them.
RENAMED_AGENCY, _NEW_NAME = "Kementerian Pariwisata", "Kementerian Pariwisata dan Ekonomi Kreatif"
_NEW_STUDY = opaque_id("pendidikan", "40", "S-1 SAINS DATA")
_LEVEL_GONE_AT_BKN = "18"  # BPS still maps SPG to it
_STANDING_GONE, _STANDING_REUSED = "90", "67"


def siasn_on_day(lists: dict[str, list[Row]], day: int) -> dict[str, list[Row]]:
    """BKN's lists on ``day``: an agency renamed, a level and a standing retired, a programme added, an id reused."""
    if day < CHANGES_FROM_DAY:
        return lists
    new = {
        "id": _NEW_STUDY, "tingkat_pendidikan_id": "40", "nama": "S-1 SAINS DATA", "cepat_kode": "400950",
        "status": "1", "subrumpun_prog_id": None,
    }  # fmt: skip
    renamed = {RENAMED_AGENCY: _NEW_NAME}
    return lists | {
        "instansi": [{**row, "nama": renamed.get(row["nama"].strip(), row["nama"])} for row in lists["instansi"]],
        "tingkat-pendidikan": [row for row in lists["tingkat-pendidikan"] if row["id"] != _LEVEL_GONE_AT_BKN],
        "pendidikan": [*lists["pendidikan"], new],
        "kedudukan-hukum": [
            {**row, "nama": "Cuti Melahirkan"} if row["id"] == _STANDING_REUSED else row
            for row in lists["kedudukan-hukum"]
            if row["id"] != _STANDING_GONE
        ],
    }


def bps_on_day(codes: list[Row], day: int) -> list[Row]:
    """BPS's codes on ``day``: one renamed, one retired, one added without a counterpart, one given another meaning."""
    if day < CHANGES_FROM_DAY:
        return codes
    changed = {
        ("employment_status", "PBS"): {"name": "Diberhentikan Sementara"},
        ("education_level", "D1"): {"name": "Sertifikat Kompetensi"},
    }
    kept = [row for row in codes if (row["code_type"], row["code"]) != ("education_level", "SMPK")]
    added = {
        "code_type": "instansi", "code": "0997", "name": "Kementerian Pariwisata & Ekonomi Kreatif RI",
        "bkn_code": None, "valid_from": "2026-01-06", "valid_to": None,
    }  # fmt: skip
    return [*(row | changed.get((row["code_type"], row["code"]), {}) for row in kept), added]


def changes(agency_id: str, day: int) -> list[Row]:
    """What a comparison of day 1 with ``day`` finds; ``agency_id`` is the id of the renamed agency."""
    if day < CHANGES_FROM_DAY:
        return []
    found = (
        ("bkn", "instansi", agency_id, "renamed"),
        ("bkn", "tingkat_pendidikan", _LEVEL_GONE_AT_BKN, "retired"),
        ("bkn", "pendidikan", _NEW_STUDY, "added"),
        ("bkn", "kedudukan_hukum", _STANDING_REUSED, "id_reused"),
        ("bkn", "kedudukan_hukum", _STANDING_GONE, "retired"),
        ("bps", "employment_status", "PBS", "renamed"),
        ("bps", "education_level", "SMPK", "retired"),
        ("bps", "education_level", "D1", "id_reused"),
        ("bps", "instansi", "0997", "added"),
    )
    return [dict(zip(("agency", "list_name", "code", "change"), row, strict=True)) for row in found]


def differences(codes: list[Row], borne: Counter[tuple[str, str]], day: int) -> list[Row]:
    """The codes whose mapping is wrong on ``day``; ``borne``: people by (list, code) that BPS's list may lack."""
    listed = {(row["code_type"], row["code"]) for row in codes}
    found = [(row["code_type"], row["code"], "unmapped", "bps") for row in codes if row["bkn_code"] is None]
    found += [(*code, "not_listed", "bps") for code in sorted(borne) if code not in listed]
    if day >= CHANGES_FROM_DAY:
        found += [("education_level", "SPG", "target_missing", "bps"), ("education_level", "D1", "id_reused", "bps")]
    return [
        dict(zip(("list_name", "code", "issue", "owner_party"), row, strict=True)) | {"people": borne[row[:2]]}
        for row in found
    ]
