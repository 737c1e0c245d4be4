"""The reference lists that both services serve whole, and BPS's formations."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sandbox.agencies import KANREG, Agency, Unit
from sandbox.days import FIRST_DAY
from sandbox.differences import UNMAPPED_INSTANSI_CODE
from sandbox.reference import (
    AGAMA,
    EDUCATION_LEVELS,
    EMPLOYMENT_STATUS,
    ESELON,
    FOSTERED,
    FUNCTIONAL_POSITIONS,
    GOLONGAN,
    JENIS_JABATAN,
    JENJANG,
    KEDUDUKAN_HUKUM,
    POSITION_GROUPS,
    STUDIES,
    FunctionalPosition,
    Golongan,
    opaque_id,
)

Row = dict[str, Any]


def _named(values: dict[str, str]) -> list[Row]:
    return [{"id": code, "nama": name} for code, name in values.items()]


def _unit_row(agency: Agency, unit: Unit) -> Row:
    dashes = "--" * unit.depth
    return {
        "Id": unit.id,
        "InstansiId": agency.id,
        "DiatasanId": unit.parent_id,
        "EselonId": unit.eselon_id,
        "NamaUnor": f"{dashes}{unit.name}",
        "NamaJabatan": unit.head,
        "CepatKode": unit.code[-6:],
        "IndukUnorId": agency.units[0].id,
        "PemimpinPnsId": "",
        "JenisUnorId": None if unit.depth else "",
    }


def _position_row(row: FunctionalPosition) -> Row:
    level = JENJANG[row.jenjang]
    return {
        "id": row.id,
        "min_gol_id": level.golongan[0],
        "max_gol_id": level.golongan[-1],
        "nama": row.name,
        "nama_asli": row.name,
        "bup_usia": str(row.retirement_age),
        "tun_jabatan": "0",
        "bobot": "0",
        "kel_jabatan_id": row.group_id,
        "cepat_kode": row.code,
        "mgr_cepat_kode": None,
        "cepat_kode_new": None,
        "jenis": "",
        "status": row.status,
        "jml_formasi": "0",
        "jenjang": row.jenjang,
        "jf_ex_medis": None,
        "is_syarat_jabatan": "0",
        "jenis_jabatan_id": "2",
        "jenis_jabatan_nama": "JABATAN FUNGSIONAL",
        "kode_jenjang_jabatan": row.jenjang,
        "asn_jenjang_jabatan": level.name.upper(),
        "level": None,
        "rumpun_jabatan_id": opaque_id("rumpun", row.group_id),
        "rumpun_jabatan_nama": "",
    }


def _agency_row(agency: Agency) -> Row:
    return {
        "id": agency.id,
        "lokasiId": agency.place_id,
        "nama": agency.name,
        "jenis": "P" if agency.central else "D",
        "cepatKode": agency.quick_code,
        "prosesBerkasDipusat": "0",
        "mgrCepatKode": None,
        "status": "1",
        "cepatKode5": f"{agency.quick_code}0",
        "cepatKode5Lama": None,
        "namaBaru": "",
        "namaJabatan": None,
        "jenisInstansiId": agency.kind,
    }


def _satuan_kerja_rows(agency: Agency) -> list[Row]:
    whole: Row = {
        "id": agency.satuan_kerja_id,
        "kanregId": agency.kanreg_id,
        "lokasiId": agency.place_id,
        "instansiId": agency.id,
        "nama": agency.name,
        "parentId": "",
        "jenisSatuanKerjaId": "1",
        "unblockCode": None,
    }
    rows = [whole]
    if agency.central:
        for code, name in KANREG.items():
            label = f"{agency.name.strip()} Wilayah Kanreg {name.removeprefix('Kantor Regional ')}"
            own = {"id": opaque_id("satuan-kerja", agency.id, code), "kanregId": code, "nama": label}
            rows.append({**whole, **own, "parentId": whole["id"]})
    return rows


def _study_row(study_id: str, level: str, name: str, number: int, status: str | None) -> Row:
    return {
        "id": study_id,
        "tingkat_pendidikan_id": level,
        "nama": name,
        "cepat_kode": f"{level}{number:04}",
        "status": status,
        "subrumpun_prog_id": "" if number % 2 else None,
    }


_SUBJECTS = (
    "AKUNTANSI", "HUKUM", "PERTANIAN", "SOSIOLOGI", "GEOGRAFI", "FISIKA", "KIMIA", "BIOLOGI", "MANAJEMEN", "PSIKOLOGI",
)  # fmt: skip
_PREFIXES = {"30": "D-III", "35": "D-IV", "40": "S-1", "45": "S-2", "50": "S-3"}


def _study_rows() -> list[Row]:
    rows = []
    for level, studies in STUDIES.items():
        for number, study in enumerate(studies):
            status = None if number == len(studies) - 1 else "1"
            rows.append(_study_row(study.id, level, study.name, number, status))
    for level, prefix in _PREFIXES.items():
        for number, subject in enumerate(_SUBJECTS):
            study_id, status = opaque_id("pendidikan", level, subject), "0" if number % 4 == 0 else "1"
            rows.append(_study_row(study_id, level, f"{prefix} {subject}", 900 + number, status))
    return rows


def _golongan_row(row: Golongan) -> Row:
    credit = {"fungKredututama": "", "fungKreditTambahan": None, "fungKreditTotal": ""}
    return {"id": row.id, "nama": row.name, "namaPangkat": row.pangkat or "", **credit}


def _group_row(group_id: str, name: str, fostering: str) -> Row:
    return {
        "id": group_id,
        "rumpunJabatanId": opaque_id("rumpun", group_id),
        "nama": name,
        "lingkup": "",
        "tugasPokok": None,
        "pejabatPak": "",
        "pembinaId": fostering,
        "jenisJabatanUmumId": "2",
        "status": "1",
        "kodeRumpun": None,
        "kodeKelompok": None,
        "jenisJabatanUmumBaruId": None,
        "kesehatanNonmedis": "",
        "refUrusanPemerintahanId": None,
    }


def _level_row(level: str, name: str) -> Row:
    group = {"group_tk_pend_id": "", "group_tk_pend_nm": ""}
    return {"id": level, "nama": name, "golongan_id": "", "golongan_awal_id": None, "id_lama": level, **group}


def siasn_lists(agencies: list[Agency]) -> dict[str, list[Row]]:
    """SIASN's reference lists by name in the URL; ``ref-unor`` alone belongs to the people product."""
    return {
        "ref-unor": [_unit_row(agency, unit) for agency in agencies for unit in agency.units],
        "golongan": [_golongan_row(row) for row in GOLONGAN.values()],
        "jabatan-fungsional": [_position_row(row) for row in FUNCTIONAL_POSITIONS.values()],
        "kel-jabatan": [_group_row(group_id, *about) for group_id, about in POSITION_GROUPS.items()],
        "instansi": [_agency_row(agency) for agency in agencies],
        "satuan-kerja": [row for agency in agencies for row in _satuan_kerja_rows(agency)],
        "kedudukan-hukum": [{**row, "aturan": "", "kode": None} for row in _named(KEDUDUKAN_HUKUM)],
        "tingkat-pendidikan": [_level_row(*about) for about in EDUCATION_LEVELS.values()],
        "pendidikan": _study_rows(),
        "jenis-jabatan": _named(JENIS_JABATAN),
        "agama": _named(AGAMA),
        "eselon": _named(ESELON),
        "kanreg": _named(KANREG),
    }


def _code(code_type: str, code: str, name: str, bkn_code: str | None) -> Row:
    return {
        "code_type": code_type,
        "code": code,
        "name": name,
        "bkn_code": bkn_code,
        "valid_from": "2020-01-01",
        "valid_to": None,
    }


def reference_codes(agencies: list[Agency]) -> list[Row]:
    """BPS's codes and, where it knows them, BKN's. Its JF codes are those that it fosters."""
    return [
        *(_code("jf", row.code, row.name, row.id) for row in FOSTERED),
        *(_code("jenjang", row.code, row.name, row.code) for row in JENJANG.values()),
        *(_code("golongan", row.name, row.pangkat or f"Golongan {row.name}", row.id) for row in GOLONGAN.values()),
        *(_code("employment_status", code, KEDUDUKAN_HUKUM[bkn], bkn) for code, bkn in EMPLOYMENT_STATUS.items()),
        *(_code("education_level", code, name, level) for code, (level, name) in EDUCATION_LEVELS.items()),
        *(_code("instansi", agency.code, agency.name.strip(), agency.id) for agency in agencies),
        _code("instansi", UNMAPPED_INSTANSI_CODE, "Instansi Belum Dipetakan", None),
    ]


def formations(filled: Counter[tuple[str, str]]) -> list[Row]:
    """Positions needed and filled for each agency and JF; ``filled`` counts the people by (agency code, JF code)."""
    rows = []
    for number, ((agency_code, jf_code), count) in enumerate(sorted(filled.items())):
        rows.append(
            {
                "formation_id": f"FM{agency_code}-{jf_code}-{FIRST_DAY.year}",
                "instansi_code": agency_code,
                "jf_code": jf_code,
                "year": FIRST_DAY.year,
                "needed": count + number % 4,
                "filled": count,
            }
        )
    return rows
