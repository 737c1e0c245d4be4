"""The SIASN portal's export: one line for each ASN, snake_case columns (siasn.md section 3.9)."""

from __future__ import annotations

from sandbox.days import FIRST_DAY, add_months, months_between
from sandbox.differences import Record
from sandbox.people import Side
from sandbox.reference import (
    AGAMA,
    EDUCATION_LEVEL_CODE,
    EDUCATION_LEVELS,
    GOLONGAN,
    JENIS_JABATAN,
    KAWIN,
    KEDUDUKAN_HUKUM,
    opaque_id,
)
from sandbox.siasn_bodies import dmy, position_fields, position_kind

_HEADER = (
    "pns_id nip_baru nip_lama nama gelar_depan gelar_belakang tempat_lahir_id tempat_lahir_nama tanggal_lahir "
    "jenis_kelamin agama_id agama_nama jenis_kawin_id jenis_kawin_nama nik nomor_hp email email_gov alamat "
    "npwp_nomor bpjs jenis_pegawai_id jenis_pegawai_nama kedudukan_hukum_id kedudukan_hukum_nama "
    "status_cpns_pns kartu_asn_virtual nomor_sk_cpns tanggal_sk_cpns tmt_cpns nomor_sk_pns tanggal_sk_pns "
    "tmt_pns gol_awal_id gol_awal_nama gol_akhir_id gol_akhir_nama tmt_golongan mk_tahun mk_bulan "
    "jenis_jabatan_id jenis_jabatan_nama jabatan_id jabatan_nama tmt_jabatan tingkat_pendidikan_id "
    "tingkat_pendidikan_nama pendidikan_id pendidikan_nama tahun_lulus kpkn_id kpkn_nama lokasi_kerja_id "
    "lokasi_kerja_nama unor_id unor_nama instansi_induk_id instansi_induk_nama instansi_kerja_id "
    "instansi_kerja_nama satuan_kerja_induk_id satuan_kerja_induk_nama satuan_kerja_kerja_id "
    "satuan_kerja_kerja_nama is_valid_nik nama_sekolah flag_ikd"
)
COLUMNS: tuple[str, ...] = tuple(_HEADER.split())


def export_row(record: Record, side: Side) -> list[str]:
    """One line of the export, in the order of ``COLUMNS``."""
    person, agency, unit = record.person, side.agency, side.unit
    kind = position_kind(record)
    position_id, position_name, since = position_fields(record, side)
    first, last, study = side.ranks[0], side.ranks[-1], side.studies[-1]
    pns_since = None if side.pppk else add_months(person.cpns, 12)
    served = months_between(person.cpns, FIRST_DAY)
    values = {
        "pns_id": person.person_id,
        "nip_baru": record.export_nip or side.nip,
        "nip_lama": person.nip_old,
        "nama": side.name.upper(),
        "gelar_depan": side.title_front,
        "gelar_belakang": side.title_back,
        "tempat_lahir_id": opaque_id("lokasi", side.birth_place),
        "tempat_lahir_nama": side.birth_place,
        "tanggal_lahir": side.unusable.get("birth_date") or dmy(side.birth_date),
        "jenis_kelamin": "M" if side.male else "F",
        "agama_id": "1",
        "agama_nama": AGAMA["1"],
        "jenis_kawin_id": "1",
        "jenis_kawin_nama": KAWIN["1"],
        "nik": side.nik,
        "nomor_hp": f"0000{person.index:08}",
        "email": f"pegawai{person.index}@surel.invalid",
        "alamat": f"Jalan Contoh Nomor {person.index % 200 + 1}",
        "jenis_pegawai_id": "1" if agency.central else "12",
        "kedudukan_hukum_id": side.status,
        "kedudukan_hukum_nama": KEDUDUKAN_HUKUM[side.status],
        "status_cpns_pns": "P",
        "tmt_cpns": dmy(person.cpns),
        "tmt_pns": dmy(pns_since),
        "gol_awal_id": first.code,
        "gol_awal_nama": GOLONGAN[first.code].name,
        "gol_akhir_id": last.code,
        "gol_akhir_nama": GOLONGAN[last.code].name,
        "tmt_golongan": side.unusable.get("golongan_tmt") or dmy(last.tmt),
        "mk_tahun": str(served // 12),
        "mk_bulan": str(served % 12),
        "jenis_jabatan_id": kind,
        "jenis_jabatan_nama": JENIS_JABATAN[kind],
        "jabatan_id": position_id,
        "jabatan_nama": position_name,
        "tmt_jabatan": dmy(since),
        "tingkat_pendidikan_id": study.level,
        "tingkat_pendidikan_nama": EDUCATION_LEVELS[EDUCATION_LEVEL_CODE[study.level]][1],
        "pendidikan_id": study.id,
        "pendidikan_nama": study.name,
        "lokasi_kerja_id": agency.place_id,
        "unor_id": unit.id,
        "unor_nama": unit.name,
        "instansi_induk_id": agency.id,
        "instansi_induk_nama": agency.name,
        "instansi_kerja_id": agency.id,
        "instansi_kerja_nama": agency.name,
        "satuan_kerja_induk_id": agency.satuan_kerja_id,
        "satuan_kerja_kerja_id": agency.satuan_kerja_id,
        "is_valid_nik": "1",
    }
    return [values.get(column) or "" for column in COLUMNS]
