"""docker-compose.yml, the images and .env.example keep each other's word."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from padan.settings import AlertSettings, JfSettings, Settings, SiasnSettings, SmtpSettings

VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>[A-Z][A-Z0-9_]*)(?P<operator>:[-?])?(?P<word>[^}]*)\}")
SECRET = re.compile(r"PASSWORD|SECRET|_KEY$|TOKEN$")
# Paths and addresses whose names only sound secret.
NOT_SECRET = {"PADAN_SIASN_TOKEN_URL", "PADAN_SIASN_SSO_TOKEN_URL", "PADAN_JF_TOKEN_URL", "passwords_file"}
ONE_SHOT = {"airflow-init", "sandbox-setup"}


@pytest.fixture(scope="module")
def text(project_dir: Path) -> str:
    return (project_dir / "docker-compose.yml").read_text()


@pytest.fixture(scope="module")
def compose(text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(text)
    return parsed


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


@pytest.fixture(scope="module")
def example(project_dir: Path) -> str:
    return (project_dir / ".env.example").read_text()


def names_in(example: str) -> list[str]:
    return [line.split("=")[0] for line in example.splitlines() if "=" in line and not line.startswith("#")]


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text below ``value`` with its place."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from strings(below, f"{path}/{key}")
    elif isinstance(value, list):
        for below in value:
            yield from strings(below, path)
    else:
        yield path, str(value)


def literal_secrets(services: dict[str, dict[str, Any]]) -> list[str]:
    """Places where a secret is written out or has a default."""
    found = []
    for place, value in strings(services):
        name = place.rsplit("/", 1)[-1]
        if SECRET.search(name) and not name.endswith(("_URL", "_FILE")):
            variables = VARIABLE.fullmatch(value)
            if variables is None or (variables["operator"] == ":-" and variables["word"]):
                found.append(place)
        if re.search(r"://[^/\s]*:(?!\$\{)[^/\s@]+@", value):  # a password inside a URL
            found.append(place)
    return found


def test_services_are_the_ones_documented(services: dict[str, dict[str, Any]]) -> None:
    core = {"postgres", "airflow-init", "api-server", "scheduler", "dag-processor", "triggerer"}
    sandbox = {"sandbox-setup", "siasn", "jf", "mail"}
    assert set(services) == core | sandbox
    assert {name for name, service in services.items() if service.get("profiles") == ["sandbox"]} == sandbox


def test_every_service_has_a_health_check_or_ends(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        if name in ONE_SHOT:
            assert service["restart"] == "no", name
        else:
            assert service["healthcheck"]["test"][0] == "CMD", name
            assert service["restart"] == "unless-stopped", name


def test_every_dependency_states_its_condition(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        for other, wait in service.get("depends_on", {}).items():
            ended = "service_completed_successfully" if other in ONE_SHOT else "service_healthy"
            assert wait["condition"] == ended, f"{name} on {other}"


def test_nothing_is_privileged_and_every_root_file_system_is_read_only(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges"], name
        assert not {"privileged", "network_mode", "pid", "devices", "user"} & set(service), name
        assert "cap_add" not in service or name == "postgres", name


def test_only_airflows_address_is_published_and_on_loopback(services: dict[str, dict[str, Any]]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(published) == {"api-server"}
    assert all(port.startswith("127.0.0.1:") for port in published["api-server"])


def test_images_are_pinned(services: dict[str, dict[str, Any]], project_dir: Path) -> None:
    images = [service["image"] for service in services.values()]
    bases = [
        line.split("=", 1)[1]
        for path in (project_dir / "deploy").glob("*ockerfile")
        for line in path.read_text().splitlines()
        if line.startswith("ARG BASE_IMAGE=")
    ]
    assert len(bases) == 2
    for image in images + bases:
        plain = VARIABLE.sub(lambda found: found["word"], image)
        assert re.search(r":[\w.-]*\d[\w.-]*$", plain), image
        assert not plain.endswith("latest"), image


def test_no_secret_is_written_out_or_has_a_default(services: dict[str, dict[str, Any]]) -> None:
    assert literal_secrets(services) == []


def test_a_literal_secret_would_be_found() -> None:
    def one(name: str, value: str) -> list[str]:
        return literal_secrets({"service": {"environment": {name: value}}})

    assert one("POSTGRES_PASSWORD", "padan")
    assert one("POSTGRES_PASSWORD", "${PADAN_POSTGRES_PASSWORD:-padan}")
    assert one("PADAN_DATABASE_URL", "postgresql://padan:padan@postgres/padan")
    assert not one("POSTGRES_PASSWORD", "${PADAN_POSTGRES_PASSWORD:?see .env.example}")


def test_env_example_names_exactly_what_compose_reads_and_no_value(text: str, example: str) -> None:
    listed = names_in(example)
    assert len(listed) == len(set(listed))
    assert set(listed) == {found["name"] for found in VARIABLE.finditer(text)}
    assert not [line for line in example.splitlines() if not line.startswith("#") and not line.endswith("=") and line]


def test_what_compose_requires_is_marked_so(text: str, example: str) -> None:
    marks, mark = {}, ""
    for line in example.splitlines():
        mark = line if line.startswith("# [") else mark
        if "=" in line and not line.startswith("#"):
            marks[line.split("=")[0]] = mark
    required = {found["name"] for found in VARIABLE.finditer(text) if found["operator"] == ":?"}
    assert required == {name for name, mark in marks.items() if "[optional]" not in mark}
    assert all(found["operator"] for found in VARIABLE.finditer(text)), "a variable has neither a default nor an error"


def test_new_env_fills_what_a_sandbox_run_requires(text: str, example: str, project_dir: Path) -> None:
    fill = runpy.run_path(str(project_dir / "deploy" / "new_env.py"))["fill"]

    def values(*, sandbox: bool) -> dict[str, str]:
        pairs = (line.split("=", 1) for line in fill(example, sandbox=sandbox).splitlines() if "=" in line)
        return {name: value for name, value in pairs if not name.startswith("#")}

    required = {found["name"] for found in VARIABLE.finditer(text) if found["operator"] == ":?"}
    first, second = values(sandbox=True), values(sandbox=True)
    assert not [name for name in required if not first[name]]
    same = {name for name, value in first.items() if value and value == second[name]}
    assert not {name for name in same if SECRET.search(name)} - NOT_SECRET
    real = values(sandbox=False)
    assert not [name for name, value in real.items() if value and name.startswith(("PADAN_SIASN", "PADAN_JF"))]


def test_values_of_personal_data_stay_out_of_the_databases_log(services: dict[str, dict[str, Any]]) -> None:
    command = " ".join(services["postgres"]["command"])
    for option in (
        "log_error_verbosity=terse", "log_min_messages=log", "log_min_error_statement=panic",
        "log_parameter_max_length=0", "log_parameter_max_length_on_error=0",
    ):  # fmt: skip
        assert f"-c{option}" in command.split(), option


def unverified(services: dict[str, dict[str, Any]]) -> list[str]:
    """Services that would reach a database without verifying it, or lack the authority's certificate to do so."""
    found = []
    for name, service in services.items():
        urls = [value for _, value in strings(service.get("environment", {})) if "@postgres:" in value]
        sound = re.compile(r"\?(sslmode=verify-full&sslrootcert=/var/lib/padan/database/ca\.pem|ssl=verify-full)$")
        if not all(sound.search(url) for url in urls):
            found.append(name)
        if urls and "database-authority:/var/lib/padan/database:ro" not in service["volumes"]:
            found.append(name)
        if any("asyncpg" in url for url in urls) and "PGSSLROOTCERT" not in service["environment"]:
            found.append(name)
    return found


def test_every_connection_to_the_database_is_verified(services: dict[str, dict[str, Any]], project_dir: Path) -> None:
    assert unverified(services) == []
    postgres = services["postgres"]
    options = [option.split("=") for option in postgres["command"] if option.startswith("-c")]
    assert ["-cssl", "on"] in options
    assert ["-chba_file", "/opt/padan/pg_hba.conf"] in options
    rules = [line.split() for line in (project_dir / "deploy" / "pg_hba.conf").read_text().splitlines()]
    ways = {(rule[0], rule[-1]) for rule in rules if rule and rule[0] != "#"}
    assert ways == {("local", "peer"), ("hostssl", "scram-sha-256")}
    # The name in the addresses above is one that the certificate stands for.
    assert "subjectAltName=DNS:postgres," in (project_dir / "deploy" / "postgres-tls.sh").read_text()


def test_the_login_of_the_database_has_no_right_without_taking_a_role(project_dir: Path) -> None:
    script = (project_dir / "deploy" / "postgres-init" / "databases.sh").read_text()
    ways = re.findall(r"to padan with (inherit \w+, set \w+)", script)
    assert ways == ["inherit false, set true"] * 2


@pytest.mark.parametrize("url", ["", "?sslmode=require", "?sslmode=verify-full"])
def test_an_unverified_connection_would_be_found(url: str) -> None:
    volumes = ["database-authority:/var/lib/padan/database:ro"]
    service = {"environment": {"DATABASE": f"postgresql://padan@postgres:5432/padan{url}"}, "volumes": volumes}
    assert unverified({"service": service}) == ["service"]


def test_agencies_credentials_reach_the_scheduler_only(services: dict[str, dict[str, Any]]) -> None:
    holders = {
        name for name, service in services.items() if "PADAN_SIASN_CONSUMER_SECRET" in service.get("environment", {})
    }
    assert holders == {"scheduler"}
    superuser = {name for name, service in services.items() if "PADAN_POSTGRES_PASSWORD" in str(service)}
    assert superuser == {"postgres"}


def test_compose_gives_padan_settings_that_exist_with_the_defaults_that_they_have(
    services: dict[str, dict[str, Any]],
) -> None:
    fields = {
        f"{kind.model_config['env_prefix']}{name}".upper(): field
        for kind in (Settings, SiasnSettings, JfSettings, SmtpSettings, AlertSettings)
        for name, field in kind.model_fields.items()
    }
    # Over a network mail is encrypted unless the operator says otherwise; a certificate bundle must be a path.
    differs = {"PADAN_SMTP_STARTTLS", "PADAN_SIASN_CA_BUNDLE", "PADAN_JF_CA_BUNDLE"}
    environment = services["scheduler"]["environment"]
    given = {name: str(value) for name, value in environment.items() if name.startswith("PADAN_")}
    assert set(given) <= set(fields)
    assert {name for name, field in fields.items() if field.is_required()} <= set(given)
    for name, value in given.items():
        variable = VARIABLE.fullmatch(value)
        if variable and variable["word"] and variable["operator"] == ":-" and name not in differs:
            assert float(variable["word"]) == float(fields[name].default), name


def test_nothing_is_installed_when_a_container_starts(services: dict[str, dict[str, Any]], project_dir: Path) -> None:
    installs = re.compile(r"\b(pip|uv|apt|apt-get|curl|wget|npm|git)\b|dbt deps")
    starts = {
        name: f"{service.get('entrypoint', '')} {service.get('command', '')}" for name, service in services.items()
    }
    starts |= {str(path): path.read_text() for path in (project_dir / "deploy").rglob("*.sh")}
    for path in (project_dir / "deploy").glob("*ockerfile"):
        lines = path.read_text().splitlines()
        starts[str(path)] = "\n".join(line for line in lines if line.startswith(("CMD", "ENTRYPOINT")))
    for place, command in starts.items():
        assert not installs.search(command), place


def test_images_install_by_hash_and_run_as_another_user(project_dir: Path) -> None:
    for path in (project_dir / "deploy").glob("*ockerfile"):
        instructions = re.sub(r"\\\n", " ", path.read_text())
        for command in re.split(r"&&|\n", instructions):
            if re.search(r"\bpip install\b", command) and "--editable" not in command:
                assert "--require-hashes" in command, f"{path}: {command}"
        users = re.findall(r"^USER (\S+)", instructions, re.MULTILINE)
        assert users, path
        assert users[-1] not in ("root", "0"), path


def test_the_build_sees_no_env_file_and_no_run_data(project_dir: Path) -> None:
    lines = (project_dir / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {line[1:] for line in rules if line.startswith("!")}
    assert not {name for name in allowed if name.startswith((".", "var", "tests"))}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (project_dir / "deploy" / "Dockerfile").read_text(), re.MULTILINE)
    assert {name for names in copied for name in names.split()} <= allowed
