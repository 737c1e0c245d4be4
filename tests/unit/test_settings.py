"""Settings refuse what others may read."""

from __future__ import annotations

from pathlib import Path

import pytest

from padan.errors import ConfigurationError
from padan.settings import SmtpSettings, load, require_private


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
