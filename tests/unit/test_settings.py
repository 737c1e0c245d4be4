"""Settings refuse what others may read; keys; the agreement of the day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from padan.agreement import Agreement
from padan.errors import ConfigurationError
from padan.flows import extraction
from padan.settings import Settings, SmtpSettings, load, require_private
from tests.agreement_files import Copy


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_settings_file_that_others_may_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    file = tmp_path / "padan.env"
    file.write_text("PADAN_SMTP_PASSWORD=canary\n")
    monkeypatch.setenv("PADAN_ENV_FILE", str(file))
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match=r"padan\.env is open to .* chmod 0600") as error:
        load(SmtpSettings)
    assert "canary" not in str(error.value)
    file.chmod(0o600)
    assert load(SmtpSettings).password.get_secret_value() == "canary"


def test_a_folder_may_be_its_groups_but_not_everybodys(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    require_private(tmp_path, 0o007)
    tmp_path.chmod(0o755)
    with pytest.raises(ConfigurationError, match="open to others"):
        require_private(tmp_path, 0o007)


def settings(tmp_path: Path, **changes: object) -> dict[str, object]:
    paths = dict.fromkeys(("agreement_file", "state_dir", "archive_dir", "portal_export_dir", "project_dir"), tmp_path)
    return {"database_url": "postgresql://127.0.0.1/x", "secret_key": "synthetic " * 4, **paths, **changes}


def test_each_purpose_has_a_key_of_its_own_that_the_secret_alone_makes(tmp_path: Path) -> None:
    one = Settings.model_validate(settings(tmp_path))
    keys = {one.key(purpose) for purpose in ("subjects", "pseudonyms", "archive")}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {32}
    assert one.key("subjects") == Settings.model_validate(settings(tmp_path)).key("subjects")
    other = Settings.model_validate(settings(tmp_path, secret_key="another one " * 4))
    assert other.key("subjects") not in keys


def test_the_archive_has_a_key_of_its_own_once_it_has_a_secret_of_its_own(tmp_path: Path) -> None:
    plain = Settings.model_validate(settings(tmp_path))
    assert plain.archive_keys() == (plain.key("archive"),)
    newer = Settings.model_validate(settings(tmp_path, archive_secrets=["synthetic newer secret " * 2]))
    assert len(set(newer.archive_keys())) == 2
    assert newer.archive_keys()[-1] == plain.key("archive")
    with pytest.raises(ValidationError) as error:
        Settings.model_validate(settings(tmp_path, archive_secrets=["short secret"]))
    assert "32 characters" in str(error.value)


@pytest.mark.parametrize(
    ("address", "fine"),
    [
        ("postgresql://padan:{word}@127.0.0.1/padan", True),
        ("postgresql://padan:{word}@localhost:6432/padan?sslmode=require", True),
        ("postgresql:///padan?host=/run/postgresql", True),
        ("postgresql://padan:{word}@db.bps.example/padan?sslmode=verify-full&sslrootcert=/ca.pem", True),
        ("postgresql://padan:{word}@db.bps.example/padan?sslmode=verify-full&sslrootcert=system", True),
        ("postgresql://padan:{word}@db.bps.example/padan", False),
        ("postgresql://padan:{word}@db.bps.example/padan?sslmode=verify-full", False),
        ("postgresql://padan:{word}@db.bps.example/padan?sslmode=verify-ca&sslrootcert=/ca.pem", False),
        ("postgresql://padan:{word}@db.bps.example/padan?sslmode=require", False),
        ("postgresql://padan:{word}@db.bps.example/padan?sslmode=require&sslrootcert=/ca.pem", False),
        ("postgresql://padan:{word}@127.0.0.1,db.bps.example/padan", False),
        ("postgresql://padan:{word}@localhost/padan?hostaddr=10.1.2.3", False),
        ("hush", False),
    ],
)
def test_a_server_on_another_machine_is_verified_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, fine: bool
) -> None:
    address = address.format(word="hush")
    for name, value in settings(tmp_path, database_url=address).items():
        monkeypatch.setenv(f"PADAN_{name}".upper(), str(value))
    if fine:
        assert load(Settings).database_url.get_secret_value() == address
        return
    with pytest.raises(ConfigurationError, match=r"PADAN_DATABASE_URL \(.*(verify-full|no address)") as error:
        load(Settings)
    assert "hush" not in str(error.value)
    assert "bps.example" not in str(error.value)


def test_an_addendum_counts_from_its_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps that ask an agency do so under the agreement of their day."""
    item = """addenda:
  - numbers: {bps: "1/A", bkn: "2/A"}
    signed: 2026-03-01
    in_force_from: 2026-03-10
    summary: "Tambahan surel"
    cites: ["12"]
    changes:
      items:
        - dataset: bps.holders
          item: {field: email, meaning: surel, personal: direct, legal_basis: jf_access, retention: person}
"""
    values = settings(tmp_path, agreement_file=Copy.make(tmp_path).addenda(item).path)
    for name, value in values.items():
        monkeypatch.setenv(f"PADAN_{name}".upper(), str(value))
    asked: list[Agreement] = []
    monkeypatch.setattr("padan.landing.open_extract", lambda settings, agreement, party, day: asked.append(agreement))
    for day in (date(2026, 3, 9), date(2026, 3, 10)):
        extraction.open_bps(day)
    assert ["email" in one.dataset("bps", "holders").columns for one in asked] == [False, True]
