"""Code values of both agencies: golongan, jenjang, functional positions, education, legal standing.

Source: siasn.md sections 3.7, 4 and 5.2. The ids of the JFs that BPS fosters and of BPS and BKN are SIASN's own; every
other id is synthetic, in the mixed shapes that SIASN has (32 upper hex, 32 lower hex, dashed UUID).
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

BPS_INSTANSI_ID = "A5EB03E23C06F6A0E040640A040252AD"  # pragma: allowlist secret
BKN_INSTANSI_ID = "A5EB03E23B00F6A0E040640A040252AD"  # pragma: allowlist secret
GROUP_PRAKOM = "A5EB03E23DC8F6A0E040640A040252AD"  # pragma: allowlist secret
GROUP_STATISTISI = "A5EB03E23DCAF6A0E040640A040252AD"  # pragma: allowlist secret
GROUP_ASISTEN = "fafc1f04eff0460490a899a128effc76"  # pragma: allowlist secret


def opaque_id(*parts: object) -> str:
    """A synthetic SIASN id of the given parts: always the same one, in one of the three shapes seen at SIASN."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    shape = digest[31] % 10
    if shape < 6:
        return digest[:16].hex().upper()
    if shape < 9:
        return digest[:16].hex()
    return str(uuid.UUID(bytes=digest[:16]))


@dataclass(frozen=True, slots=True)
class Golongan:
    """One rank group. ``id`` is SIASN's; the ids of PPPK's I..XVII are our own, as SIASN's are not published."""

    id: str
    name: str
    pangkat: str | None


_PNS_RANKS = (
    "11 I/a Juru Muda|12 I/b Juru Muda Tingkat I|13 I/c Juru|14 I/d Juru Tingkat I|21 II/a Pengatur Muda|"
    "22 II/b Pengatur Muda Tingkat I|23 II/c Pengatur|24 II/d Pengatur Tingkat I|31 III/a Penata Muda|"
    "32 III/b Penata Muda Tingkat I|33 III/c Penata|34 III/d Penata Tingkat I|41 IV/a Pembina|"
    "42 IV/b Pembina Tingkat I|"
    "43 IV/c Pembina Utama Muda|44 IV/d Pembina Utama Madya|45 IV/e Pembina Utama"
)
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII")
GOLONGAN: dict[str, Golongan] = {
    **{code: Golongan(code, name, rank) for code, name, rank in (row.split(" ", 2) for row in _PNS_RANKS.split("|"))},
    **{str(50 + number): Golongan(str(50 + number), roman, None) for number, roman in enumerate(_ROMAN, start=1)},
}
PNS_LADDER: tuple[str, ...] = tuple(code for code in GOLONGAN if code < "50")


@dataclass(frozen=True, slots=True)
class Jenjang:
    """One level of functional positions. Credit coefficient in points a year (PermenPANRB 1/2023)."""

    code: str
    name: str
    skilled: bool  # keterampilan, not keahlian
    golongan: tuple[str, ...]
    pppk_golongan: str | None
    coefficient: float
    coefficient_id: str


JENJANG: dict[str, Jenjang] = {
    level.code: level
    for level in (
        Jenjang("PM", "Pemula", True, ("21",), None, 3.75, "12"),
        Jenjang("TR", "Terampil", True, ("22", "23", "24"), "57", 5.0, "22"),
        Jenjang("MH", "Mahir", True, ("31", "32"), "59", 12.5, "32"),
        Jenjang("PY", "Penyelia", True, ("33", "34"), None, 25.0, "42"),
        Jenjang("PT", "Ahli Pertama", False, ("31", "32"), "59", 12.5, "52"),
        Jenjang("MU", "Ahli Muda", False, ("33", "34"), "61", 25.0, "62"),
        Jenjang("MA", "Ahli Madya", False, ("41", "42", "43"), "63", 37.5, "72"),
        Jenjang("UT", "Ahli Utama", False, ("44", "45"), None, 50.0, "82"),
    )
}


@dataclass(frozen=True, slots=True)
class FunctionalPosition:
    """One JF at one level. ``code`` is the short code (SIASN's cepat_kode, BPS's jf_code)."""

    code: str
    id: str
    name: str
    retirement_age: int
    jenjang: str
    group_id: str
    status: str
    fostered: bool  # by BPS: in the agreement's scope


def _fostered() -> list[FunctionalPosition]:
    old = "F6A0E040640A040252AD"
    rows = (
        f"10501|A5EB03E23EAF{old}|Pranata Komputer Ahli Utama|65|UT|N",
        f"10502|A5EB03E23EB5{old}|Pranata Komputer Ahli Madya|60|MA|N",
        f"10503|A5EB03E23EB0{old}|Pranata Komputer Ahli Muda|58|MU|N",
        f"10504|A5EB03E23EB1{old}|Pranata Komputer Ahli Pertama|58|PT|N",
        f"10505|A5EB03E23EB2{old}|Pranata Komputer Penyelia|58|PY|N",
        f"10506|A5EB03E23EB6{old}|Pranata Komputer Mahir|58|MH|N",
        f"10507|A5EB03E23EB3{old}|Pranata Komputer Terampil|58|TR|N",
        f"10508|{opaque_id('jf', '10508')}|Pranata Komputer Pemula|58|PM|X",
        "14909|8ae482874f81c7b9014f822620b93aca|Statistisi Utama / Ahli Utama|65|UT|N",
        f"14901|A5EB03E23FA6{old}|Statistisi Ahli Madya|60|MA|N",
        f"14902|A5EB03E23FA7{old}|Statistisi Ahli Muda|58|MU|N",
        f"14903|A5EB03E23F8A{old}|Statistisi Ahli Pertama|58|PT|N",
        f"14905|A5EB03E23FA8{old}|Statistisi Penyelia|58|PY|N",
        f"14906|A5EB03E23FA9{old}|Statistisi Mahir|58|MH|N",
        f"14907|A5EB03E23F89{old}|Statistisi Terampil|58|TR|N",
        f"14908|{opaque_id('jf', '14908')}|Statistisi Pemula|58|PM|X",
        "87415|f1cfcfb633b94aeaa31dcc3ec9d2c940|Asisten Statistisi Terampil|58|TR|N",
        "87416|d854e2ea684a486cb6918b3a19e4a43d|Asisten Statistisi Mahir|58|MH|N",
        "87417|bc87c2611b8d49768d67286636e963eb|Asisten Statistisi Penyelia|58|PY|N",
    )
    groups = {"105": GROUP_PRAKOM, "149": GROUP_STATISTISI, "874": GROUP_ASISTEN}
    found = []
    for row in rows:
        code, position_id, name, age, jenjang, status = row.split("|")
        found.append(FunctionalPosition(code, position_id, name, int(age), jenjang, groups[code[:3]], status, True))
    return found


# JFs that other agencies foster: name -> (short code stem, keahlian, keterampilan, group is in kel-jabatan).
_OTHERS: dict[str, tuple[str, bool, bool, bool]] = {
    "Analis Sumber Daya Manusia Aparatur": ("301", True, False, True),
    "Perencana": ("302", True, False, True),
    "Arsiparis": ("303", True, True, True),
    "Auditor": ("304", True, True, True),
    "Pranata Hubungan Masyarakat": ("305", True, True, True),
    "Analis Anggaran": ("306", True, False, True),
    "Analis Kebijakan": ("307", True, False, True),
    "Pustakawan": ("308", True, True, True),
    "Widyaiswara": ("309", True, False, True),
    "Penyuluh Pertanian": ("310", True, True, False),
    "Perawat": ("311", True, True, True),
    "Penata Kelola Sistem Informasi": ("312", True, False, False),
}


def _others() -> list[FunctionalPosition]:
    found = []
    for name, (stem, expert, skilled, _) in _OTHERS.items():
        for digit, level in enumerate(JENJANG.values(), start=1):
            if level.code == "PM" or not (skilled if level.skilled else expert):
                continue
            code = f"{stem}{digit:02}"
            age = {"MA": 60, "UT": 65}.get(level.code, 58)
            group = opaque_id("kel", stem)
            found.append(
                FunctionalPosition(
                    code, opaque_id("jf", code), f"{name} {level.name}", age, level.code, group, "N", False
                )
            )
    return found


FUNCTIONAL_POSITIONS: dict[str, FunctionalPosition] = {row.code: row for row in (*_fostered(), *_others())}
FOSTERED: tuple[FunctionalPosition, ...] = tuple(row for row in FUNCTIONAL_POSITIONS.values() if row.fostered)
NOT_FOSTERED: tuple[FunctionalPosition, ...] = tuple(row for row in FUNCTIONAL_POSITIONS.values() if not row.fostered)
BY_GROUP_AND_LEVEL: dict[tuple[str, str], FunctionalPosition] = {
    (row.group_id, row.jenjang): row for row in FUNCTIONAL_POSITIONS.values()
}
# Asisten Statistisi's group is missing from the published list of groups, as are those of a few others.
POSITION_GROUPS: dict[str, tuple[str, str]] = {
    GROUP_PRAKOM: ("Pranata Komputer", BPS_INSTANSI_ID),
    GROUP_STATISTISI: ("Statistisi", BPS_INSTANSI_ID),
    **{
        opaque_id("kel", stem): (name, BKN_INSTANSI_ID if stem == "301" else opaque_id("instansi", 2 + number))
        for number, (name, (stem, _, _, listed)) in enumerate(_OTHERS.items())
        if listed
    },
}

# BPS's code of a level of education -> (SIASN id, name).
EDUCATION_LEVELS: dict[str, tuple[str, str]] = {
    "SD": ("05", "Sekolah Dasar"),
    "SMP": ("10", "SLTP"),
    "SMPK": ("12", "SLTP Kejuruan"),
    "SMA": ("15", "SLTA"),
    "SMK": ("17", "SLTA Kejuruan"),
    "SPG": ("18", "SLTA Keguruan"),
    "D1": ("20", "Diploma I"),
    "D2": ("25", "Diploma II"),
    "D3": ("30", "Diploma III/Sarjana Muda"),
    "D4": ("35", "Diploma IV"),
    "S1": ("40", "S-1/Sarjana"),
    "S2": ("45", "S-2"),
    "S3": ("50", "S-3/Doktor"),
}
EDUCATION_LEVEL_CODE: dict[str, str] = {level: code for code, (level, _) in EDUCATION_LEVELS.items()}

KEDUDUKAN_HUKUM: dict[str, str] = {
    "01": "Aktif", "02": "CLTN", "03": "Tugas Belajar", "04": "Pemberhentian Sementara", "05": "Penerima Uang Tunggu",
    "06": "Prajurit Wajib", "07": "Pejabat Negara", "08": "Kepala Desa", "09": "Sedang dalam Proses Banding BAPEK",
    "11": "Pegawai Titipan", "12": "Pengungsi", "13": "Perpanjangan CLTN", "14": "PNS yang dinyatakan hilang",
    "15": "PNS kena hukuman disiplin", "16": "Pemindahan dalam rangka penurunan jabatan",
    "20": "Masa Persiapan Pensiun",
    "51": "CPNS belum menerima SK", "52": "Tidak Aktif", "66": "Diberhentikan", "67": "Punah", "68": "Eks Timor Timur",
    "69": "TMS pengadaan", "70": "Pembatalan NIP", "71": "PPPK Aktif", "77": "Pemberhentian tanpa hak pensiun",
    "88": "Pemberhentian dengan hak pensiun", "89": "Tidak aktif diusulkan pensiun", "90": "Tidak ikut PUPNS 2015",
    "91": "Tindak pidana", "92": "Pemblokiran", "98": "Mencapai BUP", "99": "Pensiun",
}  # fmt: skip
# BPS's code of a legal standing -> SIASN id.
EMPLOYMENT_STATUS: dict[str, str] = {"AKT": "01", "CLT": "02", "TBL": "03", "PBS": "04", "MPP": "20", "P3K": "71"}
EMPLOYMENT_STATUS_CODE: dict[str, str] = {bkn: bps for bps, bkn in EMPLOYMENT_STATUS.items()}

JENIS_JABATAN: dict[str, str] = {
    "1": "Jabatan Struktural",
    "2": "Jabatan Fungsional Tertentu",
    "3": "Jabatan Rangkap",
    "4": "Jabatan Fungsional Umum",
}
ESELON: dict[str, str] = {
    "10": "I.a", "11": "I.a", "12": "I.b", "21": "II.a", "22": "II.b", "31": "III.a", "32": "III.b",
    "41": "IV.a", "42": "IV.b", "51": "V.a", "52": "V.b", "99": "Non Eselon",
}  # fmt: skip
AGAMA: dict[str, str] = {
    "1": "Islam",
    "2": "Kristen",
    "3": "Katholik",
    "4": "Hindu",
    "5": "Budha",
    "6": "Konghucu",
    "7": "Lainnya",
}
KAWIN: dict[str, str] = {"1": "Menikah", "2": "Cerai", "3": "Janda/Duda", "4": "Belum Menikah"}
PREDICATES: tuple[tuple[str, int], ...] = (("Sangat Baik", 150), ("Baik", 100), ("Butuh Perbaikan", 75))


@dataclass(frozen=True, slots=True)
class Study:
    """One course of study that a person can have finished."""

    id: str
    level: str  # SIASN tingkat pendidikan id
    name: str
    title: str  # written behind the name


def _study(level: str, name: str, title: str) -> Study:
    return Study(opaque_id("pendidikan", level, name), level, name, title)


STUDIES: dict[str, tuple[Study, ...]] = {
    "15": (_study("15", "SMA IPA", ""), _study("15", "SMA IPS", ""), _study("15", "MADRASAH ALIYAH IPA", "")),
    "30": (
        _study("30", "D-III STATISTIKA", "A.Md.Stat."),
        _study("30", "D-III KOMPUTER", "A.Md.Kom."),
        _study("30", "D-III MANAJEMEN INFORMATIKA", "A.Md."),
    ),
    "35": (
        _study("35", "D-IV STATISTIKA EKONOMI", "S.ST."),
        _study("35", "D-IV STATISTIKA SOSIAL DAN KEPENDUDUKAN", "S.ST."),
        _study("35", "D-IV KOMPUTASI STATISTIK", "S.Tr.Stat."),
    ),
    "40": (
        _study("40", "S-1 STATISTIKA", "S.Stat."),
        _study("40", "S-1 MATEMATIKA", "S.Si."),
        _study("40", "S-1 TEKNIK INFORMATIKA", "S.Kom."),
        _study("40", "S-1 SISTEM INFORMASI", "S.Kom."),
        _study("40", "S-1 EKONOMI PEMBANGUNAN", "S.E."),
        _study("40", "S-1 ILMU KOMPUTER", "S.Kom."),
    ),
    "45": (
        _study("45", "S-2 STATISTIKA TERAPAN", "M.Stat."),
        _study("45", "S-2 ILMU EKONOMI", "M.E."),
        _study("45", "S-2 TEKNOLOGI INFORMASI", "M.T.I."),
        _study("45", "S-2 ADMINISTRASI PUBLIK", "M.A.P."),
        _study("45", "S-2 SAINS", "M.Si."),
    ),
    "50": (_study("50", "S-3 STATISTIKA", ""), _study("50", "S-3 ILMU EKONOMI", "Ph.D.")),
}
