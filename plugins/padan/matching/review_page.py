"""The review list as one HTML file: formal Bahasa Indonesia, every script in it, nothing fetched."""

from __future__ import annotations

import json
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from padan.agreement.wording import indonesian
from padan.matching.review import REASONS, Item, Pair, ReviewList

_TEMPLATES = Path(__file__).parent / "templates"
LEVELS = {
    "same": ("sama", "good"), "initials": ("sama, sebagian inisial", "good"), "similar": ("mirip", "near"),
    "alike": ("agak mirip", "near"), "close": ("hampir sama", "near"), "same_year": ("tahun sama", "near"),
    "same_region": ("wilayah sama", "near"), "differs": ("berbeda", "bad"), "missing": ("tidak ada", "none"),
    "former": ("NIP lama", "good"), "mistyped_digit": ("satu angka berbeda", "near"),
    "transposed_digits": ("dua angka tertukar", "near"), "standing_changed": ("kedudukan berubah", "near"),
}  # fmt: skip
REASON_LABELS = {
    "fits_several": "Cocok dengan lebih dari satu orang",
    "uncertain": "Kecocokan belum pasti",
    "suspected_duplicate": "Dugaan catatan ganda",
}
REASON_HINTS = {
    "fits_several": (
        "Salah satu dari keduanya hampir sama cocoknya dengan orang lain. Tautkan pasangan yang benar saja; apabila "
        "satu pihak mencatat orang yang sama dua kali, hal itu juga menjadi temuan bagi pihak tersebut."
    ),
    "uncertain": "Butir yang sama belum cukup untuk menyatakan bahwa keduanya orang yang sama.",
    "suspected_duplicate": (
        "Salah satu dari keduanya sudah berpasangan. Mungkin satu pihak mencatat orang yang sama dua kali; hal itu "
        "juga menjadi temuan bagi pihak tersebut. Menautkan pasangan ini melepas pasangan yang sudah ada."
    ),
}  # fmt: skip
TIER_LABELS = {"nip_corrected": "NIP dikoreksi", "probabilistic": "Kecocokan probabilistik"}
_COLUMNS = {
    "Prior": "Awal", "Final score": "Skor akhir", "name": "Nama", "tf_name": "Langka: nama",
    "birth_date": "Tanggal lahir", "sex": "Jenis kelamin", "birth_place": "Tempat lahir",
    "tf_birth_place": "Langka: tempat", "instansi": "Instansi", "tf_instansi": "Langka: instansi", "jf": "Jabatan",
    "tf_jf": "Langka: jabatan", "career_start": "Awal karier", "tf_career_start": "Langka: awal karier", "nik": "NIK",
}  # fmt: skip
# What of the agencies' values is compared sign by sign.
_SIGNS = {"nip", "nip_former", "nik", "name", "birth_date", "birth_place"}
_SEX = {"M": "Laki-laki", "F": "Perempuan", "1": "Laki-laki", "2": "Perempuan"}


def page(found: ReviewList, *, fictional: bool) -> str:
    """The whole file. ``fictional``: the people are made up, which the page says."""
    return (
        _environment()
        .get_template("review.html.j2")
        .render(
            found=found,
            fictional=fictional,
            counts=[(name, sum(pair.reason == name for pair in found.pairs)) for name in REASONS],
            libraries=_libraries() if found.chart else [],
            spec=Markup(_for_script(_restyled(found.chart))) if found.chart else "",  # noqa: S704 # nosec B704 - our own chart, escaped for a script
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["j2", "html"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"date": indonesian, "number": _number, "score": _score, "level": _level, "sides": _sides}
    environment.filters |= {"bars": _bars, "hint": _hint}
    environment.globals |= {"reasons": REASON_LABELS, "tiers": TIER_LABELS}
    return environment


def _libraries() -> list[Markup]:
    """Vega as Splink brings it along, to be put into the page."""
    from splink.internals.html_utils import load_chart_libraries

    # A script ends at its first closing tag, wherever that stands.
    libraries: dict[str, str] = load_chart_libraries()  # type: ignore[no-untyped-call]
    return [Markup(text.replace("</script", "<\\/script")) for text in libraries.values()]  # noqa: S704 # nosec B704 - Splink's own scripts


def _for_script(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", " ").replace("\u2029", " ")


def _restyled(chart: dict[str, Any]) -> dict[str, Any]:
    """Splink's waterfall of one pair in Indonesian, without what a single pair does not need."""
    text = json.dumps(chart)
    for english, word in (("Prior match weight", "Awal"), ("'Prior'", "'Awal'"), ("Final score", "Skor akhir")):
        text = text.replace(english, word)
    spec: dict[str, Any] = json.loads(text)
    del spec["params"], spec["title"]
    spec["transform"] = [step for step in spec["transform"] if "record_number" not in str(step.get("filter", ""))]
    spec["data"] = {"values": []}
    spec["width"], spec["height"] = {"step": 58}, 230
    spec["background"] = "transparent"
    bars, total = spec["layer"]
    # Bars, the numbers in them, the names above them; the values below the names are in the table of the pair.
    bars["layer"] = bars["layer"][:3]
    x = bars["layer"][1]["encoding"]["x"]
    x["axis"] = {"labelAngle": 0, "title": None, "grid": False, "labelLimit": 58, "labelFontSize": 10,
                 "labelExpr": "split(datum.value, ' ')", "ticks": False}  # fmt: skip
    bars["layer"][1]["encoding"]["y"]["axis"]["title"] = "Bobot (bit)"
    bars["layer"][1]["encoding"]["color"] = {
        "condition": {"value": "#b3402a", "test": "(datum.log2_bayes_factor < 0)"}, "value": "#1f7a55"
    }  # fmt: skip
    bars["layer"][1]["encoding"].pop("tooltip", None)
    bars["layer"][1]["mark"]["width"], bars["layer"][2]["mark"]["fontSize"] = 46, 10
    for layer in (bars["layer"][2], total):
        layer["encoding"]["x"] = x  # one axis for all, or Vega warns that they conflict
    total["mark"] |= {"strokeWidth": 1, "xOffset": -23, "x2Offset": 23}
    total["encoding"]["y"]["axis"] = None  # the probability, which the heading of the pair tells
    spec["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json"  # a name, fetched by nobody
    return spec


def _bars(waterfall: list[dict[str, Any]]) -> Markup:
    """The data of a pair's chart, named in Indonesian and without any value of the person's, for a script element."""
    kept = ("log2_bayes_factor", "bayes_factor", "bar_sort_order")
    rows = [
        {"column_name": _COLUMNS.get(row["column_name"], row["column_name"]), **{name: row[name] for name in kept}}
        for row in waterfall
    ]
    return Markup(_for_script(rows))  # noqa: S704 # nosec B704 - escaped for a script


def _number(value: float, decimals: int = 0) -> str:
    """As Indonesian writes it: ``12,35`` and a true minus sign."""
    return f"{value:,.{decimals}f}".translate(str.maketrans(",.-", ".,\u2212"))


def _score(value: float) -> str:
    """A probability; what would be rounded up to certainty is said to be less."""
    return "di atas 0,9999" if value > 0.99995 else _number(value, 4)


def _hint(pair: Pair) -> str:
    """What the reason asks of the person who decides."""
    if pair.reason == "uncertain" and any(item.name == "name" and item.level == "differs" for item in pair.items):
        return "Namanya dibaca berbeda. Tanpa keputusan petugas, dua catatan dengan nama berbeda tidak dipasangkan."
    return REASON_HINTS[pair.reason]


def _level(item: Item) -> tuple[str, str]:
    """How the two values stand to each other: a word, and a class for its colour."""
    if item.level:
        return LEVELS.get(item.level, (item.level, "near"))
    if not item.bkn or not item.bps:
        return LEVELS["missing"]
    return LEVELS["same" if item.bkn.casefold() == item.bps.casefold() else "differs"]


def _sides(item: Item) -> tuple[Markup, Markup]:
    """Both values; the signs in which they differ are marked."""
    one, other = (_SEX.get(value, value) if item.name == "sex" else value for value in (item.bkn, item.bps))
    if item.name not in _SIGNS or not one or not other:
        return escape(one or "\u2013"), escape(other or "\u2013")
    matcher = SequenceMatcher(None, one.casefold(), other.casefold(), autojunk=False)
    if len(one.casefold()) != len(one) or len(other.casefold()) != len(other) or matcher.ratio() < 0.5:
        return escape(one), escape(other)
    left, right = Markup(), Markup()
    for kind, i, j, k, m in matcher.get_opcodes():
        mark = "%s" if kind == "equal" else "<mark>%s</mark>"
        left += Markup(mark) % one[i:j] if j > i else ""  # noqa: S704 # nosec B704 - % escapes the value
        right += Markup(mark) % other[k:m] if m > k else ""  # noqa: S704 # nosec B704 - % escapes the value
    return left, right
