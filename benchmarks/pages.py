"""The pages that every contestant reads: synthetic holders as BPS's JF service sends them, rendered beforehand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

import orjson

from sandbox.names import BIRTH_PLACES, full_name, noisy
from sandbox.reference import FUNCTIONAL_POSITIONS, GOLONGAN

SEED = 20231204
NEEDS_ESCAPING = 10_000  # one row in so many holds a quotation mark, a backslash or a line break
_AGENCIES = 400
_TITLES = ("S.Si.", "S.ST.", "S.Kom.", "S.E.", "S.Si., M.Stat.", "S.ST., M.T.", "A.Md.", "A.Md.Stat.", "", None)
_LEVELS = ("SMA", "D3", "D4", "S1", "S2")
_STUDIES = ("Statistika", "Komputasi Statistik", "Ilmu Komputer", "Ekonomi Pembangunan", "Sistem Informasi")
_UNITS = (
    "Fungsi Statistik Sosial",
    "Fungsi Statistik Produksi",
    "Fungsi Statistik Distribusi",
    "Fungsi Integrasi Pengolahan dan Diseminasi Statistik",
    "Subbagian Umum",
    "Bidang Statistik dan Persandian",
)
_AWKWARD = ('Tim "Satu Data"', "Bidang A\\B", "Bidang Statistik\ndan Persandian", "Seksi\tPengolahan")
_FOSTERED = [position for position in FUNCTIONAL_POSITIONS.values() if position.fostered]
_RANKS = [golongan.name for golongan in GOLONGAN.values()]


@dataclass(frozen=True)
class Pages:
    """Bodies by page, from page 1; ``probe`` answers a request for a single row, by which a client learns the total."""

    bodies: list[bytes]
    probe: bytes
    rows: int

    @property
    def size(self) -> int:
        """Bytes of all bodies."""
        return sum(map(len, self.bodies))


def render(rows: int, page_size: int) -> Pages:
    """``rows`` holders in the envelope of BPS's WebAPI; the same for the same arguments."""
    source = holders(rows)
    count = max(1, -(-rows // page_size))
    bodies: list[bytes] = []
    first: list[dict[str, Any]] = []
    for number in range(1, count + 1):
        page = list(islice(source, page_size))
        first = first or page[:1]
        bodies.append(_envelope(page, number, count, page_size, rows))
    return Pages(bodies, _envelope(first, 1, rows, 1, rows), rows)


def _envelope(rows: list[dict[str, Any]], page: int, pages: int, per_page: int, total: int) -> bytes:
    paging = {"page": page, "pages": pages, "per_page": per_page, "count": len(rows), "total": total}
    return orjson.dumps({"status": "OK", "data-availability": "available", "data": [paging, rows]})


def holders(rows: int) -> Iterator[dict[str, Any]]:
    """People of the agreement's scope: 25 agreed fields, and three that a client has to drop."""
    rng = random.Random(SEED)
    for index in range(rows):
        yield _holder(rng, index)


def _holder(rng: random.Random, index: int) -> dict[str, Any]:
    male = rng.random() < 0.5
    born = date(1966, 1, 1) + timedelta(days=rng.randrange(12_000))
    start = date(born.year + rng.randrange(22, 30), rng.randrange(1, 13), 1)
    position = rng.choice(_FOSTERED)
    agency = rng.randrange(_AGENCIES)
    name = full_name(rng, male)
    place = rng.choice(BIRTH_PLACES)
    unit = _AWKWARD[index // NEEDS_ESCAPING % len(_AWKWARD)] if index % NEEDS_ESCAPING == 77 else rng.choice(_UNITS)
    day = born.day if male else born.day + 40
    return {
        "holder_id": f"BPS{index:09}",
        "nip": f"{born:%Y%m%d}{start:%Y%m}{1 if male else 2}{index % 1000:03}",
        "nip_lama": f"{340_000_000 + index:09}" if rng.random() < 0.8 else None,
        "nik": f"{rng.randrange(110_101, 947_199)}{day:02}{born:%m%y}{index % 10_000:04}",
        "name": noisy(rng, name) if rng.random() < 0.15 else name,
        "title_front": rng.choice(("Dr.", "Ir.", "")) if rng.random() < 0.1 else None,
        "title_back": rng.choice(_TITLES),
        "birth_place": place.upper() if rng.random() < 0.1 else place,
        "birth_date": born.isoformat(),
        "sex": "L" if male else "P",
        "employment_type": "PNS",
        "employment_status": "A",
        "golongan": rng.choice(_RANKS),
        "golongan_tmt": f"{rng.randrange(2012, 2026)}-{rng.choice(('04', '10'))}-01",
        "jf_code": position.code,
        "jenjang": position.jenjang,
        "jf_tmt": f"{rng.randrange(2012, 2026)}-{rng.randrange(1, 13):02}-01",
        "credit_total": rng.randrange(0, 4000) / 8 if rng.random() < 0.95 else None,
        "instansi_code": f"{1000 + agency}",
        "instansi_name": f"Pemerintah Kabupaten {BIRTH_PLACES[agency % len(BIRTH_PLACES)]} {agency}",
        "unit_code": f"{1000 + agency}-{rng.randrange(90):02}",
        "unit_name": unit,
        "education_level": rng.choice(_LEVELS),
        "education_name": rng.choice(_STUDIES),
        "updated_at": f"2025-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}T{rng.randrange(24):02}:15:00Z",
        "deleted_at": None,
        "phone_number": f"0000{index:08}",
        "email": f"pegawai{index}@bps.invalid",
    }
