"""A certificate authority of the sandbox's own, so that TLS is verified for real on one machine.

A certificate is valid by the real clock: whoever verifies it asks the system's, so that is asked here too, and not the
logical date.
"""

from __future__ import annotations

import ipaddress
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_LIFE = timedelta(days=825)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def write_private(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` in one step, for its owner's eyes alone from the first byte on."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_bytes(content)
    fresh.replace(path)


def _lasting(bundle: Path, certificate_file: Path, key_file: Path) -> bool:
    """Whether all three are there, belong together, and have a quarter of their life before them by the real clock."""
    try:
        authority = x509.load_pem_x509_certificate(bundle.read_bytes())
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        certificate.verify_directly_issued_by(authority)
    except (OSError, ValueError, TypeError, InvalidSignature):  # absent, or a process died while writing them
        return False
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return key.public_key() == certificate.public_key() and begin < datetime.now(UTC) < end - (end - begin) / 4


def ensure_certificates(folder: Path, *hosts: str, life: timedelta = _LIFE) -> tuple[Path, Path, Path]:
    """Paths of (CA bundle, server certificate, server key) for localhost, 127.0.0.1 and ``hosts``.

    Made unless they are there, and anew in the last quarter of their ``life``. The CA's private key is not kept:
    nothing else is ever signed with it.
    """
    bundle, certificate_file, key_file = folder / "ca.pem", folder / "server.pem", folder / "server.key"
    if _lasting(bundle, certificate_file, key_file):
        return bundle, certificate_file, key_file
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC) - timedelta(minutes=5)
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("Padan sandbox CA")

    def builder(subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + life)
        )

    authority = (
        builder(authority_name, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
                key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
        .sign(authority_key, hashes.SHA256())
    )  # fmt: skip
    server = (
        builder(_name("localhost"), server_key)
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    *(x509.DNSName(host) for host in ("localhost", *hosts)),
                    x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")),
                ]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    write_private(
        key_file,
        server_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )
    certificate_file.write_bytes(server.public_bytes(serialization.Encoding.PEM))
    bundle.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    return bundle, certificate_file, key_file


if __name__ == "__main__":  # FOLDER HOST...: for services that know each other by name, as in docker-compose.yml
    ensure_certificates(Path(sys.argv[1]), *sys.argv[2:])
