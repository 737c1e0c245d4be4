"""The checks of `make lint` and `make audit` find what they are there for."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

PROGRAMS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def audit(project_dir: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location("audit", project_dir / ".ci" / "audit.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def run(project_dir: Path, *command: str) -> subprocess.CompletedProcess[str]:
    program, *words = command
    return subprocess.run(
        [str(PROGRAMS / program), *words], cwd=project_dir, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "line",
    [
        "password = '" + "fR4kkzQ" + "u9mWx'",
        "aws = 'AKIA" + "IOSFODNN7EXAMPLZ'",
        "-----BEGIN " + "RSA PRIVATE KEY-----",
    ],
)
def test_a_secret_in_a_file_is_found(project_dir: Path, tmp_path: Path, line: str) -> None:
    (tmp_path / "leak.py").write_text(line + "\n")
    baseline = tmp_path / "baseline"
    baseline.write_bytes((project_dir / ".secrets.baseline").read_bytes())
    done = run(project_dir, "detect-secrets-hook", "--baseline", str(baseline), str(tmp_path / "leak.py"))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "leak.py:1" in done.stdout


def test_the_baseline_excuses_no_finding(project_dir: Path) -> None:
    assert '"results": {}' in (project_dir / ".secrets.baseline").read_text()


def test_a_dangerous_call_is_found(project_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "unsafe.py").write_text("import yaml\nyaml.load(open('x'), yaml.Loader)\n")
    done = run(project_dir, "bandit", "-q", "-c", "pyproject.toml", str(tmp_path / "unsafe.py"))
    assert done.returncode == 1
    assert "B506" in done.stdout


def test_a_known_vulnerability_fails_the_audit_and_silence_does_not(audit: ModuleType) -> None:
    flaw = {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
    clean, unknown = {"name": "b", "version": "1", "vulns": []}, {"name": "c", "skip_reason": "not found"}
    code, lines = audit.judge({"dependencies": [flaw, clean, unknown]})
    assert code == 1
    assert lines == [
        "audit: 2 packages audited, 1 known vulnerabilities",
        "audit: not audited, unknown to the service: c",
        "a 1: PYSEC-1, mended in 2",
    ]
    assert audit.judge({"dependencies": [clean]}) == (0, ["audit: 1 packages audited, 0 known vulnerabilities"])
    for silence in (None, {"dependencies": [unknown]}):
        code, (line,) = audit.judge(silence)
        assert code == 0
        assert "NOTHING was audited" in line


def test_the_audit_gives_up_in_time_and_names_a_faulty_lock_file(audit: ModuleType, tmp_path: Path) -> None:
    assert audit.ask(patience=0.01) is None
    with pytest.raises(audit.AuditFailed):
        audit.ask((str(tmp_path / "absent.lock"),))
