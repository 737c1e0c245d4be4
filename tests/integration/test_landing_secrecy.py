"""A mixed-scope service: nothing out of scope, and no field that is not agreed, in any table, archive or log."""

from __future__ import annotations

import logging
import os
import stat
import time
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from padan.errors import ArchiveUnreadable, ContractViolation
from padan.landing import archive
from tests.scripted_agencies import DAY, JF_CODE, OTHER_JF_CODE, Bench, moment, nip_of

OUTSIDE = [3, 7, 11]
NEVER_STORED = [
    *(f"outside-{number}" for number in OUTSIDE),  # names
    *(nip_of(number) for number in OUTSIDE),
    *(f"H{number:05d}" for number in OUTSIDE),
    *(f"P{number}" for number in (3, 7, 11)),
    "outside-position", "street of", "somewhere", "0812", "x@example.invalid",  # not agreed
]  # fmt: skip


def every_value(bench: Bench) -> list[str]:
    """The text of every row of every table of the database, partitions and toast included."""
    tables = bench.rows(
        "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables "
        "where schemaname not in ('pg_catalog', 'information_schema')"
    )
    return [row[0] for (table,) in tables for row in bench.rows(f"select t::text from {table} t")]


def archived(bench: Bench) -> list[str]:
    key = bench.settings.key(archive.KEY)
    paths = sorted(bench.settings.archive_dir.rglob(f"*{archive.SUFFIX}"))
    return [line.decode() for path in paths for line in archive.read(path, key)]


def spoil(bench: Bench) -> None:
    """Make some rows bad, in scope and out of it, so that quarantine is part of the test."""
    for number in (0, 3):
        bench.world.lists["holders"][number]["birth_date"] = {"nested": f"outside-{number}"}
    bench.world.lists["holders"][7]["nip"] = "17"
    bench.world.lists["holders"][11].pop("jf_code")  # the scope of this one cannot be known
    bench.world.export[3]["nip_baru"] = "17"


def found_in(texts: list[str], needle: str) -> list[str]:
    separators = '"(),[]:{}\t'
    for separator in separators:
        texts = [text.replace(separator, " ") for text in texts]
    return [text for text in texts if f" {needle} " in f" {text} " or (len(needle) > 8 and needle in text)]


def test_nothing_out_of_scope_or_not_agreed_is_ever_stored(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    spoil(bench)
    bench.bps(), bench.bkn()
    holders = bench.world.lists["holders"]
    holders[4].update(jf_code=OTHER_JF_CODE, name="outside-3", updated_at=moment(9))  # left the scope
    holders[7].update(updated_at=moment(9), deleted_at=moment(9))
    bench.bps(DAY + timedelta(days=1))
    bench.world.lists["credits"] = []
    bench.world.people[nip_of(0)]["data_utama"][0]["nama"] = "person-0\t"
    bench.bkn(DAY + timedelta(days=1))
    everything = every_value(bench) + archived(bench)
    assert len(everything) > 200
    assert found_in(everything, "person-1")  # the search finds what is there
    assert found_in(everything, nip_of(1))
    for needle in NEVER_STORED:
        assert found_in(everything, needle) == [], needle
    bench.add_up()


def test_nothing_of_an_unfinished_extract_is_out_of_scope_either(bench: Bench) -> None:
    spoil(bench)
    for row in bench.world.lists["credits"]:
        row["renamed"] = row.pop("holder_id")
    with pytest.raises(ContractViolation):
        bench.bps()
    for needle in NEVER_STORED:
        assert found_in(every_value(bench) + archived(bench), needle) == [], needle


def test_no_personal_value_in_a_log_or_error(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    spoil(bench)
    bench.bps(), bench.bkn()
    for row in bench.world.people.values():
        row["data_utama"][0]["renamed"] = row["data_utama"][0].pop("nama")
    with pytest.raises(ContractViolation) as error:
        bench.bkn(DAY + timedelta(days=1))
    told = caplog.text + str(error.value)
    assert "published" in told
    for number in range(12):
        for needle in (nip_of(number), f"person-{number}", f"outside-{number}", f"H{number:05d}"):
            assert needle not in told


def test_archive_holds_what_was_received_and_only_its_owner_may_read_it(bench: Bench) -> None:
    summary = bench.bps()
    bench.bkn()
    paths = sorted(bench.settings.archive_dir.rglob("*"))
    for path in paths:
        mode = stat.S_IMODE(os.stat(path).st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600)
        assert not any(nip_of(number) in path.name for number in range(12))
    folder = bench.settings.archive_dir / "bps" / "holders" / DAY.isoformat()
    (path,) = folder.iterdir()
    assert path.name == f"{summary.extract_id}-000001{archive.SUFFIX}"
    head, *pages = [line.decode() for line in archive.read(path, bench.settings.key(archive.KEY))]
    assert '"fields":["holder_id","nip"' in head
    assert len(pages) == 3
    assert JF_CODE in pages[0]
    logged = bench.rows("select body_sha256 from landing.exchange_log where dataset = 'holders' order by exchange_id")
    assert [sha256 in page for (sha256,), page in zip(logged, pages, strict=True)] == [True] * 3


def test_every_exchange_is_logged_with_its_purpose_and_rows(bench: Bench) -> None:
    bench.bps(), bench.bkn()
    rows = bench.rows(
        "select dataset, count(*), sum(rows), min(purpose) from landing.exchange_log "
        "where dataset in ('holders', 'rw_jabatan', 'portal_export') group by 1 order by 1"
    )
    assert rows == [
        ("holders", 3, 12, "pemangku jabatan fungsional binaan BPS"),
        ("portal_export", 1, 12, "daftar ASN menurut BKN: siapa yang ada, termasuk yang tidak ada pada BPS"),
        ("rw_jabatan", 9, 18, "riwayat jabatan fungsional binaan BPS"),
    ]


def test_exchange_log_cannot_be_changed(bench: Bench) -> None:
    bench.bps()
    for statement in ("update landing.exchange_log set status = 500", "delete from landing.exchange_log"):
        with pytest.raises(Exception, match="append-only"):
            bench.rows(statement)


def test_exchanges_of_a_step_that_fails_are_logged(bench: Bench) -> None:
    bench.world.lists["credits"] = [None] * 9
    with pytest.raises(Exception, match="quarantine"):
        bench.bps()
    assert bench.value("select count(*) from landing.exchange_log where dataset = 'credits'") == 2


def test_archive_file_appears_whole_or_not_at_all(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = bench.agreement.dataset("bps", "holders")

    def break_off(descriptor: int) -> None:
        raise OSError

    monkeypatch.setattr(os, "fsync", break_off)
    with pytest.raises(OSError):  # noqa: PT011 - any will do
        archive.write(tmp_path / "a", b"k" * 32, dataset, DAY, 1, 1, [b"{}\n"])
    assert list((tmp_path / "a").rglob(f"*{archive.SUFFIX}")) == []


def test_archive_opens_only_with_its_key_unchanged_and_in_its_place(bench: Bench, tmp_path: Path) -> None:
    dataset, key, other = (
        bench.agreement.dataset("bps", "holders"),
        b"k" * 32,
        bench.agreement.dataset("bps", "credits"),
    )
    secret = f'{{"rows":[["{nip_of(1)}"]]}}\n'.encode()
    path = archive.write(tmp_path / "a", key, dataset, DAY, 1, 1, [secret])
    assert list(archive.read(path, key))[1] + b"\n" == secret
    assert nip_of(1).encode() not in path.read_bytes()
    with pytest.raises(ArchiveUnreadable):
        list(archive.read(path, b"o" * 32))
    misplaced = archive.write(tmp_path / "a", key, other, DAY, 1, 1, [secret])
    misplaced.write_bytes(path.read_bytes())
    with pytest.raises(ArchiveUnreadable):
        list(archive.read(misplaced, key))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArchiveUnreadable):
        list(archive.read(path, key))
    path.write_bytes(b"not ours")
    with pytest.raises(ArchiveUnreadable, match=path.name):
        list(archive.read(path, key))


def test_encrypting_the_archive_costs_little(bench: Bench, tmp_path: Path) -> None:
    dataset, page = bench.agreement.dataset("bps", "holders"), os.urandom(40_000_000)
    started = time.monotonic()
    archive.write(tmp_path / "a", b"k" * 32, dataset, DAY, 1, 1, [page])
    seconds = time.monotonic() - started
    print(f"40 MB that do not compress, compressed, encrypted and synced in {seconds:.2f} s")
    assert seconds < 5


def test_a_new_key_of_the_archive_takes_the_old_ones_place_without_a_file_lost(bench: Bench) -> None:
    bench.bps()
    paths = sorted(bench.settings.archive_dir.rglob(f"*{archive.SUFFIX}"))
    before = [list(archive.read(path, bench.settings.key(archive.KEY))) for path in paths]
    new = bench.settings.model_copy(update={"archive_secrets": (SecretStr("synthetic newer secret " * 2),)})
    newest, old = new.archive_keys()
    assert [list(archive.read(path, newest, old)) for path in paths] == before  # before the rotation both are tried
    assert archive.rotate(new.archive_dir, (newest, old)) == (len(paths), len(paths))
    assert [list(archive.read(path, newest)) for path in paths] == before
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert archive.rotate(new.archive_dir, (newest, old)) == (0, len(paths))
    with pytest.raises(ArchiveUnreadable):
        list(archive.read(paths[0], old))
    with pytest.raises(ArchiveUnreadable, match=paths[0].name):
        archive.rotate(new.archive_dir, (b"x" * 32,))
