"""Candidates for a text, on a made list: what tells names apart, whole names, and what is certain."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from padan.reference.candidates import Asked, Codes
from padan.warehouse.connection import connect
from padan.warehouse.migrations import migrate

NAMES = {
    **{f"k{number}": f"Kementerian {word}" for number, word in enumerate(
        ("Agama", "Agraria", "Sosial", "Keuangan", "Kesehatan", "Pertahanan", "Perdagangan")
    )},
    "s1": "Badan Pusat Statistik", "s2": "Dinas Sama", "s3": "DINAS SAMA",
}  # fmt: skip


@pytest.fixture
def codes(new_database: Callable[[], str]) -> Codes:
    url = new_database()
    migrate(url)
    with connect(url) as connection:
        connection.execute("create schema integration")
        connection.execute(
            "create table integration.int_codes__listed (agency text, list_name text, code text, code_name text, "
            "distinctive_name text, belongs_to text, status text)"
        )
        for code, name in NAMES.items():
            connection.execute(
                "insert into integration.int_codes__listed values ('bkn', 'instansi', %s, %s, %s, null, '1')",
                (code, name, name.removeprefix("Kementerian ").lower()),
            )
    return Codes(lambda: connect(url))


def asked(codes: Codes, *texts: str) -> list[list[tuple[str, bool]]]:
    found = codes.candidates([Asked(query=text, type="bkn/instansi") for text in texts])
    return [[(one["name"], one["match"]) for one in rows] for rows in found]


def test_what_all_names_share_makes_none_alike(codes: Codes) -> None:
    (mistyped,) = asked(codes, "Kementerian Agrria")
    assert mistyped[0] == ("Kementerian Agraria", False)
    assert ("Kementerian Pertahanan", False) not in mistyped


def test_only_what_is_one_code_alone_is_certain(codes: Codes) -> None:
    whole, code, twice, none = asked(codes, "badan pusat statistik", "S1", "Dinas Sama", "")
    assert whole[0] == ("Badan Pusat Statistik", True)
    assert code[0] == ("Badan Pusat Statistik", True)
    assert twice[:2] == [("Dinas Sama", False), ("DINAS SAMA", False)]
    assert none == []


def test_a_leftover_too_short_to_say_anything_does_not_lead_astray(codes: Codes) -> None:
    assert asked(codes, "Kementerian Agama 1")[0][0] == ("Kementerian Agama", False)
