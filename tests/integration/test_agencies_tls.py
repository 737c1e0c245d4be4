"""TLS is verified against the configured CA, and nothing else will do."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from padan.agencies import SiasnClient
from padan.errors import ConfigurationError
from tests.integration.agencies_server import (
    PERSON,
    Exchanges,
    ScriptedServer,
    SteppingClock,
    as_json,
    siasn_server,
    siasn_settings,
)

REQUEST = [("data_utama", "199001012015011001")]


class Authority:
    """A certificate authority of our own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"CA {folder.name}")])
        builder = self._certificate(self._name, self._key).add_extension(x509.BasicConstraints(True, None), True)
        self.bundle = folder / "ca.pem"
        self.bundle.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def server_context(self, address: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "agency")])
        signed = self._certificate(subject, key).add_extension(names, False).sign(self._key, hashes.SHA256())
        both = self._folder / f"{address}.pem"
        both.write_bytes(
            signed.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        return context

    def _certificate(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
        )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def server(authority: Authority) -> Iterator[ScriptedServer]:
    with siasn_server(authority.server_context("127.0.0.1")) as server:
        server.on(PERSON, as_json({"code": 1, "data": {"id": "x"}}))
        yield server


def test_the_configured_ca_is_trusted(server: ScriptedServer, authority: Authority) -> None:
    assert server.url.startswith("https://")
    with SiasnClient(siasn_settings(server, ca_bundle=authority.bundle), Exchanges()) as client:
        assert len(list(client.fetch_people(REQUEST))) == 1


@pytest.mark.parametrize("whose", ["the system's", "another CA's"])
def test_any_other_ca_is_not(server: ScriptedServer, tmp_path: Path, whose: str) -> None:
    (tmp_path / "other").mkdir()
    bundle = None if whose == "the system's" else Authority(tmp_path / "other").bundle
    exchanges = Exchanges()
    clock = SteppingClock()
    client = SiasnClient(siasn_settings(server, ca_bundle=bundle, concurrency=1), exchanges, clock=clock)
    with client, pytest.raises(ConfigurationError, match="certificate is not trusted"):
        list(client.fetch_people(REQUEST))
    assert [exchange.error for exchange in exchanges] == ["certificate"]  # no retry can help
    assert list(server.requests) == []


def test_a_certificate_for_another_host_is_refused(authority: Authority) -> None:
    with siasn_server(authority.server_context("192.0.2.1")) as server:
        client = SiasnClient(siasn_settings(server, ca_bundle=authority.bundle), Exchanges())
        with client, pytest.raises(ConfigurationError, match="certificate is not trusted"):
            list(client.fetch_people(REQUEST))


def test_a_bundle_that_is_not_there(server: ScriptedServer, tmp_path: Path) -> None:
    with SiasnClient(siasn_settings(server, ca_bundle=tmp_path / "none.pem"), Exchanges()) as client:
        with pytest.raises(ConfigurationError, match="CA bundle"):
            list(client.fetch_people(REQUEST))
        with pytest.raises(ConfigurationError, match="CA bundle"):
            list(client.pages("ref_golongan"))


def test_a_bundle_that_holds_no_certificate(server: ScriptedServer, tmp_path: Path) -> None:
    bundle = tmp_path / "empty.pem"
    bundle.write_text("nothing")
    client = SiasnClient(siasn_settings(server, ca_bundle=bundle), Exchanges())
    with client, pytest.raises(ConfigurationError, match="CA bundle"):
        list(client.fetch_people(REQUEST))
