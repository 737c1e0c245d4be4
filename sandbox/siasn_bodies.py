"""BKN's side of a person in SIASN's words: strings, DD-MM-YYYY, misspelt fields, differing keys (siasn.md 3)."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import orjson

from sandbox.agencies import KANREG
from sandbox.careers import Credit, Step
from sandbox.days import FIRST_DAY, add_months, months_between
from sandbox.differences import Record
from sandbox.names import noisy
from sandbox.people import Side
from sandbox.reference import (
    AGAMA,
    EDUCATION_LEVEL_CODE,
    EDUCATION_LEVELS,
    FUNCTIONAL_POSITIONS,
    GOLONGAN,
    JENIS_JABATAN,
    JENJANG,
    KAWIN,
    KEDUDUKAN_HUKUM,
    opaque_id,
)

Row = dict[str, Any]
_CENTRAL_STAFF = "PNS Pusat yang bekerja pada Departemen/Lembaga"
JFU_NAME = "Pengolah Data dan Informasi"
JFU_ID = opaque_id("jfu", JFU_NAME)
_GENERAL_EDUCATION = {level: EDUCATION_LEVELS[code][1] for level, code in EDUCATION_LEVEL_CODE.items()}


def dmy(day: date | None) -> str | None:
    """A date as SIASN writes it."""
    return day.strftime("%d-%m-%Y") if day else None


def position_kind(record: Record) -> str:
    """SIASN jenisJabatanId: 2 in a JF, else what the person is instead."""
    if record.bkn and record.bkn.positions:
        return "2"
    return record.person.other_job or "4"


def position_fields(record: Record, side: Side) -> tuple[str | None, str, date | None]:
    """Id, name and effective date of the present position at BKN, whatever its kind."""
    kind = position_kind(record)
    if kind == "2" and side.position:
        return side.position.id, side.position.name, side.positions[-1].tmt
    # One who left a JF has no date on record yet; others have held their post since they became PNS.
    since = None if record.kind else add_months(record.person.cpns, 12)
    return (side.unit.id, side.unit.head, since) if kind == "1" else (JFU_ID, JFU_NAME, since)


class SiasnBodies:
    """Serialises the five answers that SIASN gives about one person."""

    def __init__(self, record: Record, side: Side) -> None:
        self.record, self.side, self.person = record, side, record.person
        self.rng = random.Random()
        self._empty: tuple[str | None, ...] = ("", None)
        self._history_positions = side.positions or (() if record.person.other_job else record.person.truth.positions)

    def bodies(self) -> dict[str, bytes]:
        """Dataset -> response body; a dataset without rows is absent, as SIASN answers 404 then."""
        lists: dict[str, list[Row]] = {
            "rw_jabatan": self._positions(),
            "rw_golongan": self._ranks(),
            "rw_angkakredit": self._credits(),
            "rw_pendidikan": self._studies(),
        }
        found = {"data_utama": orjson.dumps({"code": 1, "data": self._person()})}
        for dataset, rows in lists.items():
            if rows:
                found[dataset] = orjson.dumps({"code": 1, "data": rows, "count": len(rows)})
        self.rows = {"data_utama": 1, **{dataset: len(rows) for dataset, rows in lists.items()}}
        return found

    def _begin(self, section: str) -> None:
        """Noise of its own for each section, so that a difference in one does not stir up the others."""
        self.rng = random.Random(f"{self.person.noise_seed}/siasn/{section}")

    def _none(self) -> str | None:
        """Nothing, in one of the two ways that SIASN writes it."""
        return self.rng.choice(self._empty)

    def _or_none(self, value: str | None) -> str | None:
        nothing = self._none()
        return nothing if value is None else value

    def _date(self, attribute: str, day: date | None) -> str | None:
        usable = self._or_none(dmy(day))
        return self.side.unusable.get(attribute, usable)

    def _person(self) -> Row:
        return {**self._identity(), **self._status(), **self._agency(), **self._position(), **self._rank_and_study()}

    def _identity(self) -> Row:
        self._begin("_identity")
        side, person, rng = self.side, self.person, self.rng
        name = noisy(rng, side.name) if rng.random() < 0.15 else side.name
        title = noisy(rng, side.title_back or "") if rng.random() < 0.3 else side.title_back
        faith = str(rng.choice((1, 1, 1, 1, 1, 1, 2, 3, 4)))
        married = rng.choice("1114")
        served = months_between(person.cpns, FIRST_DAY)
        handle = f"pegawai{person.index}"
        return {
            "id": person.person_id,
            "nipBaru": side.nip,
            "nipLama": self._or_none(person.nip_old),
            "nama": name,
            "gelarDepan": self._or_none(side.title_front),
            "gelarBelakang": self._or_none(title or None),
            "tempatLahir": side.birth_place.upper() if rng.random() < 0.4 else side.birth_place,
            "tempatLahirId": opaque_id("lokasi", side.birth_place),
            "tglLahir": self._date("birth_date", side.birth_date),
            "agama": AGAMA[faith],
            "agamaId": faith,
            "email": f"{handle}@surel.invalid",
            "emailGov": f"{handle}@instansi.invalid",
            "genEmailAsn": None,
            "nik": self._or_none(side.nik),
            "alamat": f"Jalan Contoh Nomor {person.index % 200 + 1}",
            "noHp": f"0000{person.index:08}",
            "noTelp": self._none(),
            "jenisPegawaiId": "1" if side.agency.central else "12",
            "mkTahun": str(served // 12),
            "mkBulan": str(served % 12),
            "jenisPegawaiNama": _CENTRAL_STAFF if side.agency.central else "PNS Daerah",
            "jenisKelamin": "M" if side.male else "F",
            "jenisIdDokumenId": "1",
            "jenisIdDokumenNama": "KTP",
            "nomorIdDocument": self._or_none(side.nik),
            "validNik": rng.choice(("1", "1", "1", "0", True)),
            "kodePos": f"{10000 + person.index % 80000}",
            "jenisKawinId": married,
            "statusPerkawinan": KAWIN[married],
            "statusHidup": "1",
            "akteKelahiran": self._none(),
            "akteMeninggal": self._none(),
            "tglMeninggal": None,
            "jumlahIstriSuami": "1" if married == "1" else "0",
            "jumlahAnak": str(rng.randrange(4)) if married == "1" else "0",
            "bahasa": self._none(),
            "noNpwp": self._none(),
            "tglNpwp": self._none(),
            "noAskes": self._none(),
            "bpjs": self._none(),
            "noTaspen": self._none(),
            "tanggal_taspen": None,
            "noSeriKarpeg": self._none(),
            "karis_karsu": self._none(),
            "kartuAsn": self._none(),
        }  # fmt: skip

    def _status(self) -> Row:
        self._begin("_status")
        side, person = self.side, self.person
        pns_since = None if side.pppk else add_months(person.cpns, 12)
        retirement = side.position.retirement_age if side.position else 58
        return {
            "kedudukanPnsId": side.status,
            "kedudukanPnsNama": KEDUDUKAN_HUKUM[side.status],
            "statusPegawai": "PPPK" if side.pppk else "PNS",
            "tmtCpns": dmy(person.cpns),
            "nomorSkCpns": f"{person.index % 900 + 1}/SK/{person.cpns.year}",
            "tglSkCpns": dmy(person.cpns),
            "tmtPns": self._or_none(dmy(pns_since)),
            "nomorSkPns": self._or_none(f"{person.index % 900 + 1}/SK-PNS/{pns_since.year}" if pns_since else None),
            "tglSkPns": self._or_none(dmy(pns_since)),
            "noSpmt": self._none(),
            "tglSpmt": self._none(),
            "nomorSttpl": self._none(),
            "tglSttpl": self._none(),
            "tmtPensiun": dmy(add_months(date(side.birth_date.year + retirement, side.birth_date.month, 1), 1)),
            "bupPensiun": str(retirement),
            "pertekCpnsPnsl2thNomor": None,
            "pertekCpnsPnsl2thTanggal": None,
            "noSuratKeteranganDokter": self._none(),
            "tglSuratKeteranganDokter": self._none(),
            "noSuratKeteranganBebasNarkoba": self._none(),
            "tglSuratKeteranganBebasNarkoba": self._none(),
            "skck": self._none(),
            "tglSkck": self._none(),
        }

    def _agency(self) -> Row:
        self._begin("_agency")
        agency, unit = self.side.agency, self.side.unit
        return {
            "instansiIndukId": agency.id,
            "instansiIndukNama": agency.name,
            "satuanKerjaIndukId": agency.satuan_kerja_id,
            "satuanKerjaIndukNama": agency.name,
            "kanregId": agency.kanreg_id,
            "kanregNama": KANREG[agency.kanreg_id],
            "instansiKerjaId": agency.id,
            "instansiKerjaNama": agency.name,
            "instansiKerjaKodeCepat": agency.quick_code,
            "satuanKerjaKerjaId": agency.satuan_kerja_id,
            "satuanKerjaKerjaNama": agency.name,
            "unorId": unit.id,
            "unorNama": unit.name,
            "unorIndukId": agency.units[0].id,
            "unorIndukNama": agency.units[0].name,
            "lokasiKerjaId": agency.place_id,
            "lokasiKerja": "Indonesia",
            "kpknId": self._none(),
            "kpknNama": self._none(),
            "kppnId": self._none(),
            "kppnNama": self._none(),
            "ktuaId": self._none(),
            "ktuaNama": self._none(),
            "taspenId": self._none(),
            "taspenNama": self._none(),
        }

    def _position(self) -> Row:
        self._begin("_position")
        side = self.side
        kind = position_kind(self.record)
        position_id, name, since = position_fields(self.record, side)
        in_jf = kind == "2"
        level = JENJANG[side.position.jenjang] if side.position else None
        return {
            "jenisJabatanId": kind,
            "jenisJabatan": JENIS_JABATAN[kind],
            "jabatanNama": name,
            "jabatanStrukturalId": position_id if kind == "1" else self._none(),
            "jabatanStrukturalNama": name if kind == "1" else self._none(),
            "jabatanFungsionalId": position_id if in_jf else self._none(),
            "jabatanFungsionalNama": name if in_jf else self._none(),
            "jabatanFungsionalUmumId": position_id if kind == "4" else self._none(),
            "jabatanFungsionalUmumNama": name if kind == "4" else self._none(),
            "tmtJabatan": self._date("jf_tmt", since),
            "eselonId": side.unit.eselon_id if kind == "1" else self._none(),
            "eselon": self._none(),
            "eselonLevel": self._none(),
            "tmtEselon": self._none(),
            "jenjang": level.name if level else self._none(),
            "jabatanAsn": "JABATAN FUNGSIONAL" if in_jf else "JABATAN PELAKSANA",
            "asnJenjangJabatan": level.name.upper() if level else "PELAKSANA",
            "kode_jenjang_jabatan": side.jenjang if level else self._none(),
            "levelJabatan": self._none(),
            "kelas_jabatan": str(8 + self.person.index % 5) if in_jf else "6",
            "tabrum2": None,
            "latihanStrukturalNama": self._none(),
        }

    def _rank_and_study(self) -> Row:
        self._begin("_rank_and_study")
        side = self.side
        first, last, study = side.ranks[0], side.ranks[-1], side.studies[-1]
        graduated = self._graduation(len(side.studies) - 1)
        return {
            "golRuangAwalId": first.code,
            "golRuangAwal": GOLONGAN[first.code].name,
            "golRuangAkhirId": last.code,
            "golRuangAkhir": GOLONGAN[last.code].name,
            "tmtGolAkhir": self._date("golongan_tmt", last.tmt),
            "pangkatAwal": self._or_none(GOLONGAN[first.code].pangkat),
            "pangkatAkhir": self._or_none(GOLONGAN[last.code].pangkat),
            "masaKerja": f"{months_between(self.person.cpns, FIRST_DAY) // 12} Tahun",
            "gajiPokok": self.rng.choice(("3000000", "", "-")),
            "tkPendidikanTerakhirId": study.level,
            "tkPendidikanTerakhir": _GENERAL_EDUCATION[study.level],
            "pendidikanTerakhirId": study.id,
            "pendidikanTerakhirNama": study.name,
            # Clients saw both a year and a whole date here.
            "tahunLulus": str(graduated) if self.rng.random() < 0.9 else f"01-09-{graduated}",
            "path": None,
        }

    def _graduation(self, place: int) -> int:
        """Year in which the study at ``place`` in the list was finished."""
        return self.side.birth_date.year + (18, 22, 29, 36, 40)[place]

    def _history(self, dataset: str, number: object, **fields: Any) -> Row:
        return {
            "id": opaque_id(self.person.person_id, dataset, number),
            "idPns": self.person.person_id,
            "nipBaru": self.side.nip,
            "nipLama": self._or_none(self.person.nip_old),
            **fields,
        }

    def _decree_date(self, dataset: str, number: int, tmt: date) -> str | None:
        if number == 0 and dataset in self.record.dirt:
            return f"31-02-{tmt.year}"
        return dmy(add_months(tmt, -1).replace(day=self.rng.randrange(1, 28)))

    def _positions(self) -> list[Row]:
        self._begin("_positions")
        rows = []
        person = self.person
        start = add_months(person.cpns, 0)
        if not self.side.pppk:
            rows.append(self._position_row("cpns", "4", JFU_ID, JFU_NAME, start, dmy(start)))
        if person.earlier_position:
            held = FUNCTIONAL_POSITIONS[person.earlier_position]
            rows.append(
                self._position_row("earlier", "2", held.id, held.name, add_months(start, 6), dmy(add_months(start, 5)))
            )
        for number, step in enumerate(self._history_positions):
            held = FUNCTIONAL_POSITIONS[step.code]
            decree = self._decree_date("rw_jabatan", number, step.tmt)
            rows.append(self._position_row(number, "2", held.id, held.name, step.tmt, decree))
        return rows

    def _position_row(
        self, number: object, kind: str, position_id: str, name: str, tmt: date, decree: str | None
    ) -> Row:
        agency, unit = self.side.agency, self.side.unit
        in_jf = kind == "2"
        return self._history(
            "rw_jabatan",
            number,
            jenisJabatan=kind,
            instansiKerjaId=agency.id,
            instansiKerjaNama=agency.name,
            satuanKerjaId=agency.satuan_kerja_id,
            satuanKerjaNama=agency.name,
            unorId=unit.id,
            unorNama=unit.name,
            unorIndukId=agency.units[0].id,
            unorIndukNama=agency.units[0].name,
            eselonId=self._none(),
            eselon=self._none(),
            jabatanFungsionalId=position_id if in_jf else self._none(),
            jabatanFungsionalNama=name if in_jf else self._none(),
            jabatanFungsionalUmumId=None if in_jf else position_id,
            jabatanFungsionalUmumNama=None if in_jf else name,
            namaJabatan=name,
            namaUnor=unit.name,
            tmtJabatan=dmy(tmt),
            nomorSk=f"{self.rng.randrange(1, 999)}/SK/{tmt.year}",
            tanggalSk=decree,
            tmtPelantikan=self._or_none(dmy(tmt) if self.rng.random() < 0.5 else None),
            tmtMutasi=self._none(),
            jenisMutasiId="MJ",
            jenisPenugasanId="D",
            subJabatanId=self._none(),
            path=None,
        )

    def _ranks(self) -> list[Row]:
        self._begin("_ranks")
        return [self._rank_row(number, step) for number, step in enumerate(self.side.ranks)]

    def _rank_row(self, number: int, step: Step) -> Row:
        rank = GOLONGAN[step.code]
        months = months_between(self.person.cpns, step.tmt)
        kind, label = ("211", "Golongan dari Pengadaan CPNS/PNS") if number == 0 else ("202", "Pilihan (JFT)")
        return self._history(
            "rw_golongan",
            number,
            golonganId=step.code,
            golongan=rank.name,
            pangkat=self._or_none(rank.pangkat),
            skNomor=f"{self.rng.randrange(1, 999)}/KP/{step.tmt.year}",
            skTanggal=self._decree_date("rw_golongan", number, step.tmt),
            tmtGolongan=dmy(step.tmt),
            noPertekBkn=self._none(),
            tglPertekBkn=self._none(),
            jumlahKreditUtama=self._none(),
            jumlahKreditTambahan=self._none(),
            jenisKPId=kind,
            jenisKPNama=label,
            masaKerjaGolonganTahun=str(months // 12),
            masaKerjaGolonganBulan=str(months % 12),
            path=None,
        )

    def _credits(self) -> list[Row]:
        self._begin("_credits")
        return [self._credit_row(number, credit) for number, credit in enumerate(self.side.credits)]

    def _credit_row(self, number: int, credit: Credit) -> Row:
        places = [place for place, step in enumerate(self._history_positions) if step.tmt <= credit.end]
        points = f"{credit.points / 1000:.3f}"
        decided = add_months(credit.end, 1)
        return {
            "id": opaque_id(self.person.person_id, "rw_angkakredit", number),
            "pns": self.person.person_id,
            "nomorSk": f"{self.rng.randrange(1, 999)}/PAK/{credit.end.year}",
            "tanggalSk": dmy(decided),
            "bulanMulaiPenailan": str(credit.start.month),
            "tahunMulaiPenailan": str(credit.start.year),
            "bulanSelesaiPenailan": str(credit.end.month),
            "tahunSelesaiPenailan": str(credit.end.year),
            "kreditUtamaBaru": self.rng.choice((points, "")),
            "kreditPenunjangBaru": "",
            "kreditBaruTotal": points,
            "rwJabatan": opaque_id(self.person.person_id, "rw_jabatan", places[-1] if places else 0),
            "namaJabatan": FUNCTIONAL_POSITIONS[credit.position].name,
            "isAngkaKreditPertama": "1" if credit.kind == "first" else "0",
            "isIntegrasi": "1" if credit.kind == "integration" else "0",
            "isKonversi": "1" if credit.kind == "conversion" else "0",
            "Sumber": self.rng.choice(("SIASN", "INSTANSI", "")),
            "created_at": f"{decided.isoformat()}T03:00:00.000Z",
            "updated_at": f"{decided.isoformat()}T03:00:00.000Z",
            "path": None,
        }

    def _studies(self) -> list[Row]:
        self._begin("_studies")
        rows = []
        for number, study in enumerate(self.side.studies):
            year = self._graduation(number)
            rows.append(
                self._history(
                    "rw_pendidikan",
                    number,
                    pendidikanId=study.id,
                    pendidikanNama=study.name,
                    tkPendidikanId=study.level,
                    tkPendidikanNama=_GENERAL_EDUCATION[study.level],
                    tahunLulus=str(year),
                    tglLulus=self.rng.choice(("", f"01-09-{year}")),
                    isPendidikanPertama="1" if number == 1 else None,
                    nomorIjasah=f"IJZ/{year}/{self.person.index}",
                    namaSekolah=f"Sekolah Contoh {self.person.index % 50 + 1}",
                    gelarDepan=None,
                    gelarBelakang=study.title or self._none(),
                    path=None,
                )
            )
        return rows


def person_bodies(record: Record) -> tuple[dict[str, bytes], dict[str, int]]:
    """Bodies and row counts of each dataset about the person; nothing if BKN does not know them."""
    if record.bkn is None:
        return {}, {}
    maker = SiasnBodies(record, record.bkn)
    return maker.bodies(), maker.rows
