"""Names as Indonesians bear them: single names, clan names in some regions, religious elements, spelling variants."""

from __future__ import annotations

import random
import re


def _pool(text: str, separator: str = " ") -> tuple[str, ...]:
    return tuple(text.split(separator))


_JAVA_MALE = _pool(
    "Slamet Sugeng Bambang Joko Agus Hadi Wahyu Budi Eko Dwi Tri Catur Teguh Sutrisno Suparman Sugiyono "
    "Mulyono Widodo Prasetyo Santoso Wibowo Nugroho Setiawan Kurniawan Purnomo Utomo Susilo Hartono "
    "Suryanto Priyono Raharjo Winarno Sudarsono Subagyo Handoko Triyono Supriyadi Haryanto Pramono "
    "Sasongko",
)

_JAVA_FEMALE = _pool(
    "Sri Endang Dwi Tri Retno Wahyuni Lestari Rahayu Ningsih Widiastuti Kusumawati Puspitasari Handayani "
    "Purwanti Suryani Astuti Utami Wulandari Setyowati Hastuti Rukmini Sulastri Ambarwati Indrawati "
    "Yuliana Pertiwi Anggraini Maharani Susanti Novitasari Damayanti Prihatin Kartika Ratna Dewi Ayu "
    "Winarsih",
)

_ARAB_MALE = _pool(
    "Muhammad Ahmad Abdul Yusuf Ibrahim Hasan Husein Fauzi Rahman Hakim Ridwan Zainal Arifin Syarif "
    "Hidayat Iqbal Fadhil Rizki Firdaus Anwar Jamaluddin Nasrullah Taufik Hidayatullah Aziz Karim Yahya "
    "Ismail Luthfi Mukhlis",
)

_ARAB_FEMALE = _pool(
    "Siti Nur Fatimah Aisyah Khadijah Zahra Aminah Nurhayati Rahmawati Fitriani Nurul Hidayah Laila "
    "Maryam Halimah Salma Zulaikha Rohmah Mawaddah Hasanah Azizah Khairunnisa Mutiara Sakinah Latifah "
    "Nabila Annisa Rahmah",
)

_BATAK = _pool(
    "Siregar Nasution Simanjuntak Sitompul Hutapea Panjaitan Sinaga Manurung Situmorang Napitupulu "
    "Silalahi Tampubolon Lubis Harahap Siahaan Marpaung Pasaribu Sihombing Gultom Ginting Sembiring "
    "Tarigan",
)

_CHRISTIAN_MALE = _pool(
    "Johannes Petrus Paulus Daniel Andreas Markus Yohanes Samuel Benyamin Ronald Hotman Parlindungan Jonathan Stefanus",
)

_CHRISTIAN_FEMALE = _pool(
    "Maria Ruth Ester Christina Veronika Elisabeth Debora Yohana Natalia Lidya Rosalina Theresia Magdalena",
)

_MINANG_MALE = _pool(
    "Afrizal Yulius Syafrizal Irwan Zulkifli Hendri Arman Rinaldi Efrizal Syahril Masrizal Yondri Nofriadi",
)

_MINANG_FEMALE = _pool(
    "Yusnidar Yulianis Rosmaniar Elfira Gusnita Desmawati Yenni Refnita Zulfa Mardiani Efnita Syafrida",
)

_MINANG_CLAN = _pool(
    "Chaniago Piliang Koto Tanjung Sikumbang Jambak Caniago Malin",
)

_BALI_ORDER = _pool(
    "Wayan Made Nyoman Ketut Putu Kadek Komang Gede",
)

_BALI_MALE = _pool(
    "Suardana Sudiarta Artawan Wirawan Sukarya Adnyana Suastika Mahendra Parwata Darmayasa Arimbawa",
)

_BALI_FEMALE = _pool(
    "Suarniti Widyastuti Ariani Suryathi Purnamawati Puspayanti Trisnawati Darmayanti Sukmawati",
)

_SINGLE_MALE = _pool(
    "Sukarno Suharto Sumarno Paijo Wagiman Ngatimin Sutikno Tukiman Suwarno Kasimin Sarwono Mujiono Sunaryo Supardi",
)

_SINGLE_FEMALE = _pool(
    "Sumarni Painem Suwarti Sukinah Ngatinah Sutini Tuminah Kasiyem Suparti Marsiyah Sukarti Suyatmi",
)

_EASTERN = _pool(
    "Wattimena Latuconsina Rumbiak Wanggai Kaiway Ohoitimur Tuhumury Pattiasina Manuhutu Lekatompessy "
    "Nainggolan Mambrasar",
)

BIRTH_PLACES: tuple[str, ...] = _pool(
    "Banda Aceh|Medan|Pematangsiantar|Padang|Bukittinggi|Pekanbaru|Jambi|Palembang|Bengkulu|Bandar "
    "Lampung|Metro|Pangkalpinang|Tanjungpinang|Jakarta|Bogor|Bandung|Cirebon|Tasikmalaya|Sukabumi|"
    "Semarang|Surakarta|Magelang|Purwokerto|Pekalongan|Tegal|Yogyakarta|Bantul|Sleman|Surabaya|Malang|"
    "Kediri|Madiun|Jember|Banyuwangi|Blitar|Serang|Tangerang|Denpasar|Singaraja|Mataram|Bima|Kupang|Ende|"
    "Pontianak|Singkawang|Palangka Raya|Banjarmasin|Banjarbaru|Samarinda|Balikpapan|Tarakan|Manado|"
    "Gorontalo|Palu|Makassar|Parepare|Kendari|Mamuju|Ambon|Ternate|Manokwari|Sorong|Jayapura|Merauke|"
    "Klaten|Wonogiri|Lamongan|Gunungkidul",
    "|",
)

# A pair of letters that old and new spelling (and registrars) write differently.
_VARIANTS: tuple[tuple[str, str], ...] = (
    ("Muhammad", "Mohammad"), ("Ahmad", "Achmad"), ("Yusuf", "Jusuf"), ("Sri", "Sry"), ("Nur", "Noer"),
    ("Budi", "Boedi"), ("Siti", "Sitti"), ("Dwi", "Dwie"), ("Agus", "Agoes"), ("Joko", "Djoko"),
    ("Husein", "Hussain"), ("Christina", "Kristina"), ("Fauzi", "Fauzy"), ("Rizki", "Rizky"), ("Su", "Soe"),
    ("dh", "d"), ("sy", "sj"), ("ti", "ty"), ("di", "dy"), ("ni", "nie"), ("a", "aa"),
)  # fmt: skip


def _javanese(rng: random.Random, male: bool) -> str:
    pool = _JAVA_MALE if male else _JAVA_FEMALE
    return " ".join(rng.sample(pool, rng.choice((1, 2, 2, 2, 3))))


def _arabic(rng: random.Random, male: bool) -> str:
    parts = rng.sample(_ARAB_MALE if male else _ARAB_FEMALE, rng.choice((2, 2, 3)))
    if parts[0] == "Muhammad" and rng.random() < 0.3:
        parts[0] = "M."
    if parts[-1] == "Abdul":
        parts.append("Malik")
    return " ".join(parts)


def _batak(rng: random.Random, male: bool) -> str:
    return f"{rng.choice(_CHRISTIAN_MALE if male else _CHRISTIAN_FEMALE)} {rng.choice(_BATAK)}"


def _minang(rng: random.Random, male: bool) -> str:
    first = rng.choice(_MINANG_MALE if male else _MINANG_FEMALE)
    return f"{first} {rng.choice(_MINANG_CLAN)}" if rng.random() < 0.5 else first


def _balinese(rng: random.Random, male: bool) -> str:
    order = rng.choice(_BALI_ORDER)
    return f"I {order} {rng.choice(_BALI_MALE)}" if male else f"Ni {order} {rng.choice(_BALI_FEMALE)}"


def _single(rng: random.Random, male: bool) -> str:
    return rng.choice(_SINGLE_MALE if male else _SINGLE_FEMALE)


def _eastern(rng: random.Random, male: bool) -> str:
    return f"{rng.choice(_CHRISTIAN_MALE if male else _CHRISTIAN_FEMALE)} {rng.choice(_EASTERN)}"


_STYLES = (
    _javanese,
    _javanese,
    _javanese,
    _javanese,
    _arabic,
    _arabic,
    _arabic,
    _batak,
    _minang,
    _balinese,
    _single,
    _eastern,
)


def full_name(rng: random.Random, male: bool) -> str:
    """A name without degrees."""
    return rng.choice(_STYLES)(rng, male)


def misspelt(rng: random.Random, name: str) -> str:
    """``name`` with one letter doubled, dropped, swapped or replaced; always other than ``name`` after folding."""
    letters = [match.start() for match in re.finditer(r"[A-Za-z]", name)]
    while True:
        place = rng.choice(letters[1:-1] or letters)
        kind = rng.randrange(4)
        if kind == 0:
            wrong = name[:place] + name[place] + name[place:]
        elif kind == 1:
            wrong = name[:place] + name[place + 1 :]
        elif kind == 2:
            wrong = name[:place] + name[place : place + 2][::-1] + name[place + 2 :]
        else:
            wrong = name[:place] + rng.choice("aeiounrst") + name[place + 1 :]
        if folded(wrong) != folded(name) and folded(wrong):
            return wrong


def spelt_otherwise(rng: random.Random, name: str) -> str:
    """``name`` in another accepted spelling (old orthography, a registrar's habit)."""
    fitting = [(one, other) for one, other in _VARIANTS if one in name]
    if not fitting:
        return misspelt(rng, name)
    one, other = rng.choice(fitting)
    return name.replace(one, other, 1)


def shortened(rng: random.Random, name: str) -> str:
    """``name`` with one word cut to its initial; a name of one word in another spelling."""
    words = name.split()
    if len(words) < 2:
        return spelt_otherwise(rng, name)
    place = rng.choice([place for place, word in enumerate(words) if len(word) == max(map(len, words))])
    return " ".join((*words[:place], f"{words[place][0]}.", *words[place + 1 :]))


def folded(text: str) -> str:
    """What is left to compare when case, blanks and punctuation are folded away."""
    return re.sub(r"[^a-z0-9]+", "", text.lower())


def noisy(rng: random.Random, text: str) -> str:
    """``text`` in harmless other dress: case, a doubled or trailing blank, no punctuation at the end of a word."""
    kind = rng.randrange(5)
    if kind == 0:
        return text.upper()
    if kind == 1:
        return text.replace(" ", "  ", 1)
    if kind == 2:
        return text + " "
    if kind == 3:
        return re.sub(r"[.,]+(?= |$)", "", text)
    return text
