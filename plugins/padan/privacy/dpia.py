"""The impact assessment (UU 27/2022 article 34: matching of data sets calls for one)."""

from __future__ import annotations

from collections.abc import Iterator

from padan.minutes.content import Block, Column, Document, Heading, Table
from padan.minutes.words import count
from padan.privacy.facts import Facts
from padan.privacy.paper import Paper, adoption

_RISKS = (
    ("Pengungkapan kepada yang tidak berhak melalui log, surat, atau laporan mutu", "rendah", "tinggi",
     "Pesan tidak memuat nilai data; log disamarkan sebagai lapis kedua; setiap jalur kegagalan diuji", "rendah"),
    ("Akses berlebih oleh pengguna analisis", "sedang", "tinggi",
     "Hak baca mengikuti klasifikasi kolom; kunci samaran; matriks peran diuji terhadap basis data", "rendah"),
    ("Pencurian arsip atau cadangan", "rendah", "tinggi",
     "Enkripsi AES-256-GCM, kunci di luar basis data dan dapat diganti, mode berkas diperiksa", "rendah"),
    ("Salah padan: dua orang dianggap satu", "sedang", "sedang",
     "Padanan berjenjang; kunci yang bertentangan menjadi temuan; instansi yang memutuskan", "rendah"),
    ("Data melebihi keperluan", "rendah", "sedang",
     "Hanya data yang tercantum pada perjanjian yang diminta; kolom tambahan dibuang dan dilaporkan", "rendah"),
    ("Data disimpan melewati masanya atau diminta di luar masa perjanjian", "rendah", "sedang",
     "Setiap langkah menanyakan perjanjian; penghapusan terjadwal dan tercatat", "rendah"),
    ("Catatan pertukaran diubah untuk menutupi penyalahgunaan", "rendah", "tinggi",
     "Log berantai sidik dan bersegel harian; perubahan menunjuk baris pertama yang rusak", "rendah"),
    ("Penyalahgunaan oleh petugas yang berwenang", "sedang", "tinggi",
     "Penelusuran orang perseorangan dicatat beserta alasannya; reviu hak akses setiap semester", "sedang"),
)  # fmt: skip


def dpia(facts: Facts) -> Document:
    """The assessment as of the facts' day."""
    paper = Paper(facts)
    return paper.document("dpia", "Penilaian Dampak Pelindungan Data Pribadi", "UU 27/2022 Pasal 34", _blocks(paper))


def _blocks(paper: Paper) -> Iterator[Block]:
    facts, say = paper.facts, paper.wording
    personal = facts.personal_datasets()
    yield say.paragraph("basis_dpia")
    yield Heading("1. Pemrosesan yang Dinilai")
    yield say.paragraph("controllers")
    yield paper.contacts()
    yield say.paragraph("processing", people=count(facts.people), differences=count(facts.differences))
    yield Heading("2. Keperluan dan Kesebandingan")
    items = sum(len(one.items) for one in personal)
    yield say.paragraph("necessity", items=count(items), datasets=str(len(personal)))
    yield say.paragraph("legal")
    yield Heading("3. Keadaan Berpotensi Risiko Tinggi")
    yield say.paragraph("triggers", table=paper.next_table)
    yield _triggers(paper)
    yield Heading("4. Risiko dan Tindakan")
    yield say.paragraph("risks", table=paper.next_table)
    columns = (
        Column("Risiko", share=1.1), Column("Kemungkinan"), Column("Dampak"), Column("Tindakan", share=1.6),
        Column("Sisa"),
    )  # fmt: skip
    yield Table(paper.caption("Risiko bagi subjek data"), columns, _RISKS, dense=True)
    table = str(paper.tables)
    yield Heading("5. Hak Subjek Data")
    yield say.paragraph("rights")
    yield Heading("6. Kesimpulan")
    yield say.paragraph("opinion", table=table)
    yield adoption()


def _triggers(paper: Paper) -> Table:
    """Each letter of article 34 (2), judged by what the agreement and the marts hold."""
    facts = paper.facts
    specific = sorted(
        f"{dataset.key}.{item.column}"
        for dataset in facts.agreement.datasets
        for item in dataset.items
        if item.personal == "sensitive"
    )
    scored = "ya" if any("quality" in one.name for one in facts.relations if one.layer == "marts") else "tidak"
    rows = (
        ("a", "Keputusan otomatis yang berakibat hukum", "tidak", "Sistem hanya menunjukkan perbedaan"),
        ("b", "Data pribadi spesifik", "ya" if specific else "tidak", ", ".join(specific) or "Tidak ada"),
        ("c", "Skala besar", "ya", f"{count(facts.people)} orang, berulang setiap hari"),
        ("d", "Evaluasi, penskoran, atau pemantauan sistematis", scored,
         "Mutu catatan instansi yang diukur, bukan orangnya"),
        ("e", "Pencocokan atau penggabungan sekelompok data", "ya", "Pemadanan data adalah tujuan perjanjian"),
        ("f", "Teknologi baru", "tidak", "Teknik pangkalan data yang lazim"),
        ("g", "Membatasi pelaksanaan hak subjek data", "tidak", "Jejak pemrosesan dapat diperoleh"),
    )  # fmt: skip
    columns = (
        Column("Huruf", align="center"),
        Column("Keadaan", share=1),
        Column("Terpenuhi", align="center"),
        Column("Penjelasan", share=1.2),
    )
    return Table(paper.caption("Keadaan menurut Pasal 34 ayat (2)"), columns, rows)
