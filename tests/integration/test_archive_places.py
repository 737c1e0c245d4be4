"""The archive behind an fsspec URL: written, read, rotated, erased and sealed as in a folder of this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr

from padan import places
from padan.errors import ArchiveUnreadable, ConfigurationError, ExchangeLogBroken
from padan.landing import archive, open_extract
from padan.places import Place
from padan.retention import maintain
from padan.settings import MinutesSettings
from padan.warehouse import exchange_log
from padan.warehouse.connection import connect
from tests.scripted_agencies import AGREEMENT, DAY, Bench, settings_for, small_world


@pytest.fixture(params=["memory", "file"])
def remote(request: pytest.FixtureRequest, new_database: Callable[[], str], tmp_path: Path) -> Bench:
    """A bench whose archive is a URL."""
    url = f"memory://{uuid4()}/padan" if request.param == "memory" else f"file://{tmp_path}/elsewhere"
    settings = settings_for(new_database(), tmp_path, quarantine_limit=0.5)
    return Bench(settings.model_copy(update={"archive_dir": places.place(url)}), small_world())


def archived(bench: Bench) -> list[Place]:
    return places.files(bench.settings.archive_dir, archive.SUFFIX)


def test_a_run_archives_there_and_nothing_of_it_stays_on_this_machine(remote: Bench, tmp_path: Path) -> None:
    remote.bps()
    remote.bkn()
    paths = archived(remote)
    assert {"/".join(path.parts[-4:-2]) for path in paths} >= {"bps/holders", "bkn/data_utama", "bkn/portal_export"}
    for path in paths:
        head, *pages = archive.read(path, remote.settings.key(archive.KEY))
        assert json.loads(head)["dataset"] == path.parts[-3]
        assert pages
        assert b"person" not in path.read_bytes()
    assert not places.files(remote.settings.archive_dir, ".partial")
    assert list((tmp_path / "archive").rglob("*")) == []


def test_a_changed_or_misplaced_object_does_not_open(remote: Bench) -> None:
    remote.bps()
    path = next(path for path in archived(remote) if path.parts[-3] == "holders")
    other = path.parent.parent / "2020-01-01" / path.name
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_bytes(path.read_bytes())
    with pytest.raises(ArchiveUnreadable):
        list(archive.read(other, remote.settings.key(archive.KEY)))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ArchiveUnreadable):
        list(archive.read(path, remote.settings.key(archive.KEY)))


def test_keys_are_rotated_there(remote: Bench) -> None:
    remote.bps()
    paths = archived(remote)
    before = [list(archive.read(path, remote.settings.key(archive.KEY))) for path in paths]
    new = remote.settings.model_copy(update={"archive_secrets": (SecretStr("synthetic newer secret " * 2),)})
    newest, old = new.archive_keys()
    assert archive.rotate(new.archive_dir, (newest, old)) == (len(paths), len(paths))
    assert [list(archive.read(path, newest)) for path in paths] == before
    assert archive.rotate(new.archive_dir, (newest, old)) == (0, len(paths))


def test_an_extract_given_up_leaves_nothing_there(remote: Bench) -> None:
    extract_id = remote.bps().extract_id
    late = DAY + timedelta(days=30)
    opened = open_extract(remote.settings, AGREEMENT, "bps", DAY)
    dataset = AGREEMENT.dataset("bps", "holders")
    archive.write(remote.settings.archive_dir, b"k" * 32, dataset, DAY, opened, 1, [b"{}\n"])
    names = {path.name for path in archived(remote)}
    assert f"{opened}-000001{archive.SUFFIX}" in names
    open_extract(remote.settings, AGREEMENT, "bps", late)
    left = {path.name for path in archived(remote)}
    assert left == {name for name in names if name.startswith(f"{extract_id}-")}
    assert left


def test_what_is_past_its_term_is_erased_there(remote: Bench, tmp_path: Path) -> None:
    remote.bps()
    ended = AGREEMENT.model_copy(update={"validity": AGREEMENT.validity.model_copy(update={"end": DAY})})
    assert archived(remote)
    done = maintain(remote.settings, ended, DAY + timedelta(days=4000), tmp_path / "papers")
    assert done["archive/bps/holders"] == 1
    assert "holders" not in {path.parts[-3] for path in archived(remote)}


def test_a_lost_seal_is_missed(remote: Bench) -> None:
    remote.bps()
    remote.bkn()
    place, key = remote.settings.archive_dir, remote.settings.key(exchange_log.SEAL_KEY)
    with connect(remote.settings.database_url.get_secret_value()) as connection:
        found = exchange_log.verify(connection, key, place)
        assert found.seals > 1
        kept = exchange_log._kept(place)
        assert len(kept) == found.seals
        connection.execute("alter table landing.exchange_seal disable trigger user")
        connection.execute(b"delete from landing.exchange_seal where seal_id = %d" % found.seals)
        with pytest.raises(ExchangeLogBroken, match="the seal is gone"):
            exchange_log.verify(connection, key, place)


def test_where_putting_is_not_atomic_a_file_is_moved_into_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_OBJECT_STORES", frozenset())
    path = places.place(f"memory://{uuid4()}") / "a" / f"x{archive.SUFFIX}"
    put: list[str] = []
    real = path.fs.pipe_file
    monkeypatch.setattr(type(path.fs), "pipe_file", lambda self, name, content: put.append(name) or real(name, content))
    for content in (b"one", b"two"):
        places.write_whole(path, content)
        assert path.read_bytes() == content
    assert {name.rsplit(".", 1)[1] for name in put} == {"partial"}
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("failure", [ImportError, OSError, ValueError])
def test_a_place_that_nothing_reads_is_refused_without_being_quoted(
    monkeypatch: pytest.MonkeyPatch, failure: type[Exception]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure("secret-bucket")

    monkeypatch.setattr(places, "UPath", fail)
    with pytest.raises(ConfigurationError, match="PADAN_ARCHIVE_DIR: nothing installed reads kind://") as error:
        places.place("kind://secret-bucket/padan")
    assert "secret-bucket" not in str(error.value)


def test_papers_need_a_folder_where_the_archive_is_none(remote: Bench, tmp_path: Path) -> None:
    if isinstance(remote.settings.archive_dir, Path):
        assert MinutesSettings().papers(remote.settings) == remote.settings.archive_dir / "minutes"
        return
    with pytest.raises(ConfigurationError, match="PADAN_MINUTES_OUTPUT_DIR"):
        MinutesSettings().papers(remote.settings)
    assert MinutesSettings(output_dir=tmp_path).papers(remote.settings) == tmp_path
