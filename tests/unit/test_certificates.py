"""What the sandbox's certificates say: for whom they stand, and what they may not do."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from cryptography import x509

from sandbox.certificates import ensure_certificates


def test_a_certificate_stands_for_its_hosts_and_may_sign_nothing(tmp_path: Path) -> None:
    bundle, certificate_file, key_file = ensure_certificates(tmp_path, "siasn", "jf")
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "siasn", "jf"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1")]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    authority = x509.load_pem_x509_certificate(bundle.read_bytes()).extensions
    assert authority.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(True, 0)
    assert authority.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    assert key_file.stat().st_mode & 0o777 == 0o600
