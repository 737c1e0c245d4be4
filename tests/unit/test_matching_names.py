"""Names in one spelling, as the rules of matching compare them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from padan.matching.people import workbench


@pytest.fixture(scope="module")
def bench() -> Iterator[duckdb.DuckDBPyConnection]:
    with workbench() as connection:
        yield connection


def value(bench: duckdb.DuckDBPyConnection, expression: str, *arguments: Any) -> Any:
    row = bench.execute(f"select {expression}", list(arguments)).fetchone()
    return row[0] if row else None


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Soeharto", "SUHARTO"), ("Drs. Djoko Tjondro, M.Si.", "Joko Condro"), ("Moh. Rizki", "Muhammad Rizky"),
        ("Mochammad Rizki, S.Stat.", "Mohamad Rizki"), ("Dr. Ir. Siti Aminah", "Sitti  Aminah"),
        ("Muchlis", "Mukhlis"), ("Christina", "Kristina"), ("Siti Aminah S.Si M.Si.", "siti aminah"),
        ("Achmad Djunaedi", "Ahmad Junaedi"), ("Prof. Dr. H. Agoes", "Agus"),
    ],
)  # fmt: skip
def test_variants_are_one(bench: duckdb.DuckDBPyConnection, left: str, right: str) -> None:
    assert value(bench, "plain_name(?) = plain_name(?)", left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [("Budi Santoso", "Budi Susanto"), ("Muhadi", "Muhammad"), ("Mohan", "Moh"), ("Budi S. Hadi", "Budi")],
)
def test_other_names_stay_apart(bench: duckdb.DuckDBPyConnection, left: str, right: str) -> None:
    assert value(bench, "plain_name(?) <> plain_name(?)", left, right)


def test_a_name_is_never_all_title_and_nothing_is_nothing(bench: duckdb.DuckDBPyConnection) -> None:
    assert value(bench, "plain_name('Dra')") == "dra"
    assert value(bench, "plain_name(' . ')") is None
    assert value(bench, "plain_name(null)") is None


def test_initials_need_a_whole_name_beside_them(bench: duckdb.DuckDBPyConnection) -> None:
    assert value(bench, "initials_agree('muhamad rizki h', 'muhamad rizki hakim')")
    assert not value(bench, "initials_agree('m h', 'muhamad hakim')")
    assert not value(bench, "initials_agree('rizki h', 'rizki anwar')")
    assert not value(bench, "initials_agree('rizki', 'r')")


def test_a_place_is_the_same_with_and_without_its_kind(bench: duckdb.DuckDBPyConnection) -> None:
    assert value(bench, "plain_place('Kab. Gunung Kidul') = plain_place('GUNUNGKIDUL')")
    assert value(bench, "plain_place('Kotabumi') <> plain_place('Bumi')")


@pytest.mark.parametrize(
    "name",
    [
        "Drs. H. Moh. Soeharto, M.Si.", "Muhammad Rizki", "Djoko Oetomo", "Tjahjo Koemolo", "Achmad Syarif",
        "Chandra Wijaya",
        "Khadijah Rahmah", "Mohd. Sjafii", "Raden Ajeng Kartini", "Njoman Soekarno", "Dr. Drs. Christian Hadi",
        "Oemar Said", "Fatimah Azzahra", "Sri Moeljani", "Muchammad Yusuf", "Abdoel Haris Nasoetion",
    ],
)  # fmt: skip
def test_whoever_has_the_same_plain_name_is_roughly_alike(bench: duckdb.DuckDBPyConnection, name: str) -> None:
    """Otherwise somebody would be left out of the tiers where there are very many people."""
    plain = value(bench, "plain_name(?)", name)
    for rough in ("rough_name", "rough_initial"):
        assert value(bench, f"{rough}(?)", name) == value(bench, f"{rough}(?)", plain)
