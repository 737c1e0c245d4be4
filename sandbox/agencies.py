"""Hundreds of agencies and their trees of units, as SIASN's instansi, satuan-kerja and ref-unor show them."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.reference import BKN_INSTANSI_ID, BPS_INSTANSI_ID, opaque_id


def _items(text: str) -> list[str]:
    return text.split("|")


_MINISTRIES = _items(
    "Kementerian Dalam Negeri|Kementerian Luar Negeri|Kementerian Pertahanan|Kementerian Hukum|"
    "Kementerian Keuangan|Kementerian Energi dan Sumber Daya Mineral|Kementerian Perindustrian|"
    "Kementerian Perdagangan|Kementerian Pertanian|Kementerian Kehutanan|Kementerian Perhubungan|"
    "Kementerian Kelautan dan Perikanan|Kementerian Ketenagakerjaan|Kementerian Pekerjaan Umum|"
    "Kementerian Kesehatan|Kementerian Agama|Kementerian Sosial|Kementerian Pariwisata|"
    "Kementerian Komunikasi dan Digital|Kementerian Sekretariat Negara|Kementerian Pemuda dan Olahraga|"
    "Kementerian Koperasi|Kementerian Lingkungan Hidup|Kementerian Desa dan Pembangunan Daerah Tertinggal|"
    "Kementerian Perencanaan Pembangunan Nasional|Kementerian Pendidikan Dasar dan Menengah|"
    "Kementerian Pendayagunaan Aparatur Negara dan Reformasi Birokrasi|Kementerian Agraria dan Tata Ruang"
)
_BODIES = _items(
    "Arsip Nasional Republik Indonesia|Badan Informasi Geospasial|"
    "Badan Meteorologi, Klimatologi, dan Geofisika|Badan Narkotika Nasional|"
    "Badan Nasional Penanggulangan Bencana|Badan Pangan Nasional|Badan Pengawas Obat dan Makanan|"
    "Badan Pengawasan Keuangan dan Pembangunan|Badan Riset dan Inovasi Nasional|Badan Siber dan Sandi Negara|"
    "Badan Standardisasi Nasional|Lembaga Administrasi Negara|Lembaga Ketahanan Nasional|"
    "Perpustakaan Nasional Republik Indonesia|Badan Keamanan Laut|"
    "Badan Kependudukan dan Keluarga Berencana Nasional|Sekretariat Jenderal Dewan Perwakilan Rakyat|"
    "Kejaksaan Agung|Mahkamah Agung|Komisi Pemilihan Umum"
)
# Province -> its regencies and, after the semicolon, its cities.
_REGIONS = {
    "Aceh": "Aceh Besar,Pidie,Aceh Utara,Aceh Timur,Bireuen;Banda Aceh,Lhokseumawe",
    "Sumatera Utara": (
        "Deli Serdang,Langkat,Karo,Simalungun,Asahan,Tapanuli Utara,Tapanuli Selatan;Medan,Binjai,Pematangsiantar"
    ),
    "Sumatera Barat": "Agam,Tanah Datar,Padang Pariaman,Solok,Pesisir Selatan;Padang,Bukittinggi",
    "Riau": "Kampar,Bengkalis,Siak,Rokan Hulu;Pekanbaru,Dumai",
    "Jambi": "Batanghari,Muaro Jambi,Kerinci,Bungo;Jambi",
    "Sumatera Selatan": "Ogan Ilir,Muara Enim,Lahat,Banyuasin,Musi Rawas;Palembang,Prabumulih",
    "Bengkulu": "Rejang Lebong,Bengkulu Utara,Seluma;Bengkulu",
    "Lampung": "Lampung Selatan,Lampung Tengah,Pringsewu,Way Kanan,Tanggamus;Bandar Lampung,Metro",
    "Kepulauan Bangka Belitung": "Bangka,Belitung,Bangka Tengah;Pangkalpinang",
    "Kepulauan Riau": "Bintan,Karimun,Lingga;Batam,Tanjungpinang",
    "Daerah Khusus Jakarta": "Kepulauan Seribu;Jakarta Pusat,Jakarta Selatan",
    "Jawa Barat": (
        "Bogor,Bandung,Garut,Tasikmalaya,Ciamis,Cirebon,Karawang,Bekasi,Subang,Indramayu,Sumedang,Majalengka;"
        "Bandung,Bogor,Depok,Bekasi,Cimahi"
    ),
    "Jawa Tengah": (
        "Banyumas,Cilacap,Kebumen,Klaten,Boyolali,Wonogiri,Sragen,Kudus,Pati,Jepara,Demak,Semarang,Kendal,"
        "Batang,Brebes,Magelang;Semarang,Surakarta,Salatiga,Tegal"
    ),
    "Daerah Istimewa Yogyakarta": "Sleman,Bantul,Gunungkidul,Kulon Progo;Yogyakarta",
    "Jawa Timur": (
        "Malang,Jember,Banyuwangi,Sidoarjo,Gresik,Lamongan,Tuban,Bojonegoro,Ngawi,Magetan,Kediri,Blitar,"
        "Tulungagung,Trenggalek,Pacitan,Sumenep,Bangkalan;Surabaya,Malang,Kediri,Madiun,Batu"
    ),
    "Banten": "Serang,Lebak,Pandeglang,Tangerang;Serang,Cilegon,Tangerang Selatan",
    "Bali": "Badung,Gianyar,Tabanan,Buleleng,Karangasem;Denpasar",
    "Nusa Tenggara Barat": "Lombok Barat,Lombok Timur,Sumbawa,Dompu,Bima;Mataram,Bima",
    "Nusa Tenggara Timur": "Kupang,Ende,Sikka,Manggarai,Belu,Sumba Timur;Kupang",
    "Kalimantan Barat": "Sambas,Ketapang,Sintang,Sanggau,Kubu Raya;Pontianak,Singkawang",
    "Kalimantan Tengah": "Kapuas,Kotawaringin Timur,Barito Utara,Katingan;Palangka Raya",
    "Kalimantan Selatan": "Banjar,Tabalong,Tanah Laut,Hulu Sungai Tengah;Banjarmasin,Banjarbaru",
    "Kalimantan Timur": "Kutai Kartanegara,Berau,Paser;Samarinda,Balikpapan,Bontang",
    "Kalimantan Utara": "Bulungan,Nunukan,Malinau;Tarakan",
    "Sulawesi Utara": "Minahasa,Bolaang Mongondow,Kepulauan Sangihe;Manado,Bitung,Tomohon",
    "Gorontalo": "Gorontalo,Boalemo,Pohuwato;Gorontalo",
    "Sulawesi Tengah": "Donggala,Poso,Banggai,Morowali;Palu",
    "Sulawesi Selatan": "Gowa,Maros,Bone,Wajo,Bulukumba,Luwu,Pinrang,Toraja Utara;Makassar,Parepare,Palopo",
    "Sulawesi Barat": "Mamuju,Majene,Polewali Mandar;",
    "Sulawesi Tenggara": "Konawe,Kolaka,Muna,Buton;Kendari,Baubau",
    "Maluku": "Maluku Tengah,Buru,Seram Bagian Barat;Ambon,Tual",
    "Maluku Utara": "Halmahera Barat,Halmahera Utara;Ternate,Tidore Kepulauan",
    "Papua": "Jayapura,Biak Numfor,Sarmi;Jayapura",
    "Papua Barat": "Manokwari,Fakfak,Kaimana;",
    "Papua Selatan": "Merauke,Mappi;",
    "Papua Tengah": "Nabire,Mimika;",
    "Papua Pegunungan": "Jayawijaya,Tolikara;",
    "Papua Barat Daya": "Sorong,Raja Ampat;Sorong",
}
_KANREG = _items(
    "01 Yogyakarta|02 Surabaya|03 Bandung|04 Makassar|05 Jakarta|06 Medan|07 Palembang|08 Banjarmasin|09 Jayapura|"
    "10 Denpasar|11 Manado|12 Pekanbaru|13 Banda Aceh|14 Manokwari"
)
KANREG: dict[str, str] = {code: f"Kantor Regional {name}" for code, name in (row.split(" ", 1) for row in _KANREG)}
# Every so many agencies a name ends in a blank, as in SIASN's own list.
_TRAILING_BLANK_EVERY = 45


@dataclass(frozen=True, slots=True)
class Unit:
    """One organisational unit (unor). ``name`` has no dashes; ``code`` is BPS's own 12-digit code of it."""

    id: str
    agency_id: str
    parent_id: str
    depth: int
    name: str
    head: str
    eselon_id: str
    code: str
    staffed: bool  # JF holders work here


@dataclass(slots=True)
class Agency:
    """One agency. ``code`` is BPS's own 4-digit code, ``quick_code`` SIASN's cepatKode."""

    id: str
    code: str
    quick_code: str
    name: str  # as SIASN writes it, a trailing blank included
    kind: str  # KEMENT, LPNK, LNS, PROV, KAB, KOT
    place_id: str
    kanreg_id: str
    units: list[Unit] = field(default_factory=list)

    @property
    def central(self) -> bool:
        """Whether it is an agency of the centre (SIASN jenis P)."""
        return self.kind in ("KEMENT", "LPNK", "LNS")

    @property
    def satuan_kerja_id(self) -> str:
        """Its national satuan kerja."""
        return opaque_id("satuan-kerja", self.id)

    @property
    def staffed_units(self) -> list[Unit]:
        """The units where JF holders work."""
        return [unit for unit in self.units if unit.staffed]


def _add_unit(agency: Agency, parent: Unit | None, name: str, head: str, eselon: str, staffed: bool = True) -> Unit:
    number = len(agency.units)
    unit = Unit(
        id=opaque_id("unor", agency.id, number),
        agency_id=agency.id,
        parent_id=parent.id if parent else "",
        depth=parent.depth + 1 if parent else 0,
        name=name,
        head=head,
        eselon_id=eselon,
        code=f"{agency.code}{number:08}",
        staffed=staffed,
    )
    agency.units.append(unit)
    return unit


def _bps_tree(agency: Agency) -> None:
    root = _add_unit(agency, None, "Badan Pusat Statistik", "Kepala Badan Pusat Statistik", "10", staffed=False)
    branches = {
        "Sekretariat Utama": (
            "Biro Perencanaan|Biro Keuangan|Biro Sumber Daya Manusia|Biro Hubungan Masyarakat dan Hukum"
        ),
        "Deputi Bidang Metodologi dan Informasi Statistik": (
            "Direktorat Pengembangan Metodologi Sensus dan Survei|Direktorat Diseminasi Statistik|Direktorat "
            "Sistem Informasi Statistik"
        ),
        "Deputi Bidang Statistik Sosial": (
            "Direktorat Statistik Kependudukan dan Ketenagakerjaan|Direktorat Statistik Kesejahteraan Rakyat|"
            "Direktorat Statistik Ketahanan Sosial"
        ),
        "Deputi Bidang Statistik Produksi": (
            "Direktorat Statistik Tanaman Pangan, Hortikultura, dan Perkebunan|Direktorat Statistik Industri"
        ),
        "Deputi Bidang Statistik Distribusi dan Jasa": "Direktorat Statistik Harga|Direktorat Statistik Distribusi",
        "Deputi Bidang Neraca dan Analisis Statistik": (
            "Direktorat Neraca Produksi|Direktorat Neraca Pengeluaran|Direktorat Analisis dan Pengembangan Statistik"
        ),
        "Inspektorat Utama": "Inspektorat Wilayah I|Inspektorat Wilayah II",
    }
    for branch, children in branches.items():
        upper = _add_unit(agency, root, branch, f"Kepala {branch}", "11", staffed=False)
        for child in children.split("|"):
            _add_unit(agency, upper, child, f"Kepala {child}", "21")
    for province, places in _REGIONS.items():
        office = _add_unit(agency, root, f"BPS Provinsi {province}", f"Kepala BPS Provinsi {province}", "21")
        regencies, cities = places.split(";")
        local = [f"Kabupaten {name}" for name in regencies.split(",")] + [
            f"Kota {name}" for name in cities.split(",") if name
        ]
        for name in local:
            _add_unit(agency, office, f"BPS {name}", f"Kepala BPS {name}", "31")


def _ministry_tree(agency: Agency) -> None:
    name = agency.name.strip()
    root = _add_unit(agency, None, name, f"Pimpinan {name}", "10", staffed=False)
    secretariat = _add_unit(agency, root, "Sekretariat Jenderal", "Sekretaris Jenderal", "11", staffed=False)
    _add_unit(agency, secretariat, "Pusat Data dan Informasi", "Kepala Pusat Data dan Informasi", "21")
    _add_unit(agency, secretariat, "Biro Perencanaan", "Kepala Biro Perencanaan", "21")
    _add_unit(agency, secretariat, "Biro Kepegawaian", "Kepala Biro Kepegawaian", "21")
    inspectorate = _add_unit(agency, root, "Inspektorat Jenderal", "Inspektur Jenderal", "11", staffed=False)
    _add_unit(agency, inspectorate, "Sekretariat Inspektorat Jenderal", "Sekretaris Inspektorat Jenderal", "21")


def _regional_tree(agency: Agency) -> None:
    name = agency.name.strip()
    head = {"PROV": "Gubernur", "KAB": "Bupati", "KOT": "Wali Kota"}[agency.kind]
    root = _add_unit(agency, None, name, head, "99", staffed=False)
    secretariat = _add_unit(agency, root, "Sekretariat Daerah", "Sekretaris Daerah", "21", staffed=False)
    _add_unit(agency, secretariat, "Bagian Administrasi Pembangunan", "Kepala Bagian Administrasi Pembangunan", "31")
    office = _add_unit(
        agency, root, "Dinas Komunikasi dan Informatika", "Kepala Dinas Komunikasi dan Informatika", "22"
    )
    _add_unit(agency, office, "Bidang Statistik dan Persandian", "Kepala Bidang Statistik dan Persandian", "32")
    _add_unit(agency, root, "Badan Perencanaan Pembangunan Daerah", "Kepala Badan Perencanaan Pembangunan Daerah", "22")
    _add_unit(agency, root, "Badan Kepegawaian Daerah", "Kepala Badan Kepegawaian Daerah", "22")


def build_agencies() -> list[Agency]:
    """All agencies in a fixed order, BPS first, BKN second: they are the same in each world."""
    plan = [("Badan Pusat Statistik", "LPNK"), ("Badan Kepegawaian Negara", "LPNK")]
    plan += [(name, "KEMENT") for name in _MINISTRIES]
    plan += [
        (name, "LNS" if name.startswith(("Sekretariat", "Kejaksaan", "Mahkamah", "Komisi")) else "LPNK")
        for name in _BODIES
    ]
    for province, places in _REGIONS.items():
        regencies, cities = places.split(";")
        plan.append((f"Pemerintah Provinsi {province}", "PROV"))
        plan += [(f"Pemerintah Kabupaten {name}", "KAB") for name in regencies.split(",")]
        plan += [(f"Pemerintah Kota {name}", "KOT") for name in cities.split(",") if name]
    known = {0: (BPS_INSTANSI_ID, "4016"), 1: (BKN_INSTANSI_ID, "4011")}
    base = {"KEMENT": 2000, "LPNK": 4100, "LNS": 4500, "PROV": 5000, "KAB": 6000, "KOT": 7000}
    agencies = []
    for number, (name, kind) in enumerate(plan):
        agency_id, quick_code = known.get(number, (opaque_id("instansi", number), str(base[kind] + number)))
        agencies.append(
            Agency(
                id=agency_id,
                code=f"{9000 - number}",
                quick_code=quick_code,
                name=name + (" " if number % _TRAILING_BLANK_EVERY == 0 else ""),
                kind=kind,
                place_id=opaque_id("lokasi", number),
                kanreg_id=f"{number % len(KANREG) + 1:02}",
            )
        )
    for agency in agencies:
        grow = _bps_tree if agency.id == BPS_INSTANSI_ID else _ministry_tree if agency.central else _regional_tree
        grow(agency)
    return agencies
