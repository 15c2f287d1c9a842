"""Authorities and certificates for TLS on this machine: made, read, and how long they are still good for.

The texts are PEM. What is made begins a day ago, for clocks that are behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.x509 import Certificate, CertificateBuilder, GeneralName, Name
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: Days for which an authority is good.
AUTHORITY_DAYS = 3650
#: Days for which a certificate of it is good: browsers refuse longer ones.
SERVER_DAYS = 397


def new_authority(now: datetime) -> bytes:
    """The key and the certificate of a new authority."""
    key = _new_key()
    name = _name("xsrun", f"authority of {now:%Y-%m-%d}, {x509.random_serial_number() % 10**8:08}")
    builder = _begun(name, name, key, now, AUTHORITY_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs=True), critical=True)
    return _pem(key) + _text(builder.sign(key, hashes.SHA256()))


def new_server(authority: bytes, names: Sequence[str], now: datetime) -> bytes:
    """The key and the certificate of a server of these names and addresses, signed by an authority.

    Raises ValueError for an authority that is not one.
    """
    signer = serialization.load_pem_private_key(authority, None)
    if not isinstance(signer, EllipticCurvePrivateKey):
        raise ValueError("the key of the authority has another form")
    issuer = x509.load_pem_x509_certificate(authority)
    key = _new_key()
    builder = _begun(_name("xsrun", names[0]), issuer.subject, key, now, SERVER_DAYS)
    signed_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    served = x509.SubjectAlternativeName([_general(one) for one in names])
    for extension, critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(signs=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (signed_by, False),
        (served, False),
    ):
        builder = builder.add_extension(extension, critical=critical)
    return _pem(key) + _text(builder.sign(signer, hashes.SHA256()))


def days_left(pem: bytes, now: datetime) -> float:
    """Days for which the certificate in a text is still good. Raises ValueError where there is none."""
    return (x509.load_pem_x509_certificate(pem).not_valid_after_utc - now) / timedelta(days=1)


def is_signed_by(pem: bytes, authority: bytes) -> bool:
    """Has an authority signed the certificate in a text? Raises ValueError where there is none."""
    certificate, issuer = x509.load_pem_x509_certificate(pem), x509.load_pem_x509_certificate(authority)
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError, ValueError):  # of another authority, of another kind of key, of another name
        return False
    return True


def today() -> datetime:
    return datetime.now(UTC)


def _new_key() -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


def _name(organization: str, name: str) -> Name:
    given = ((NameOID.ORGANIZATION_NAME, organization), (NameOID.COMMON_NAME, name[:64]))
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in given])


def _begun(subject: Name, issuer: Name, key: EllipticCurvePrivateKey, now: datetime, days: int) -> CertificateBuilder:
    """A certificate with what both kinds have."""
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=days - 1))
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(*, signs: bool) -> x509.KeyUsage:
    """What a key is for: signing certificates, or serving."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode("ascii"))


def _pem(key: EllipticCurvePrivateKey) -> bytes:
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, plain)


def _text(certificate: Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
