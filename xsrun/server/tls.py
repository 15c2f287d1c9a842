"""Certificates for serving over TLS: the user's own, or one that a local authority signs.

The authority is made when it is first asked for and kept in the state folder beside the workspace, so that what
trusts it once trusts it for good. Its key can sign for any name: the folder is readable by its owner alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from xsrun.errors import UnavailableError, UsageError

#: The names by which this machine is reached from itself.
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files of a certificate and its key, and of the authority to trust where it is ours."""

    certificate: Path
    key: Path
    authority: Path | None = None


def given(certificate: str, key: str | None) -> Certificate:
    """The user's own certificate. Raises UsageError for files that are not one."""
    import ssl

    files = Certificate(Path(certificate).expanduser(), Path(key or certificate).expanduser())
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, files.key)
    except OSError:  # what OpenSSL refuses is one, too
        missing = next((path for path in (files.certificate, files.key) if not path.is_file()), None)
        raise UsageError(
            f"{files.certificate}: not a certificate with its key" if missing is None else f"no such file: {missing}",
            hint="--tls-cert takes a file in PEM form, --tls-key its key; --tls makes both",
        ) from None
    return files


def made(folder: Path, host: str) -> Certificate:
    """A certificate for this machine, signed by the authority of a folder. Raises UnavailableError, UsageError."""
    try:
        import trustme
    except ImportError:
        raise UnavailableError(
            "--tls needs a package that is not installed: trustme", hint="install it with: pip install 'xsrun[serve]'"
        ) from None

    files = Certificate(folder / "server.pem", folder / "server.key", folder / "authority.pem")
    secret = folder / "authority.key"
    assert files.authority is not None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if files.authority.exists() and secret.exists():
            authority = trustme.CA.from_pem(files.authority.read_bytes(), secret.read_bytes())
        else:
            authority = trustme.CA(organization_name="xsrun")
            _write(secret, authority.private_key_pem.bytes())
            _write(files.authority, authority.cert_pem.bytes())
        bare = host.strip("[]")
        names = [*_LOCAL_NAMES, *([bare] if bare not in ("0.0.0.0", "::", *_LOCAL_NAMES) else [])]
        issued = authority.issue_cert(*names)
        _write(files.key, issued.private_key_pem.bytes())
        _write(files.certificate, b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    except (OSError, ValueError):
        raise UsageError(
            f"{folder}: no certificate can be kept there", hint="remove the folder, or give --tls-cert FILE"
        ) from None
    return files


def _write(path: Path, content: bytes) -> None:
    """Write a file that its owner alone can read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def how_to_trust(files: Certificate) -> list[str]:
    """What the user is told of an authority of ours."""
    if files.authority is None:
        return []
    return [
        f"tls certificates are signed by {files.authority}; trust it in the browser, or with",
        f"  curl --cacert {files.authority}    NODE_EXTRA_CA_CERTS={files.authority} node ...",
    ]
