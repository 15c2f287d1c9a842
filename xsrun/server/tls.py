"""Certificates for serving over TLS: the user's own, or one that a local authority signs.

The authority is made when it is first asked for and kept in the state folder beside the workspace, so that what
trusts it once trusts it for good. Its key can sign for any name: the folder is readable by its owner alone.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

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

    bare = host.strip("[]")
    own = None if bare in ("0.0.0.0", "::", *_LOCAL_NAMES) else bare
    # key and certificate in one file, made once: of processes that begin together all serve the same
    served = folder / ("server.pem" if own is None else f"server-{re.sub(r'[^A-Za-z0-9.-]', '_', own)}.pem")
    files = Certificate(served, served, folder / "authority.pem")
    secret = folder / "authority.key"
    assert files.authority is not None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not secret.exists():
            new = trustme.CA(organization_name="xsrun")
            if _write_new(secret, new.private_key_pem.bytes() + new.cert_pem.bytes()):
                for of_another in (files.authority, *folder.glob("server*.pem")):
                    of_another.unlink(missing_ok=True)
        whole = secret.read_bytes()
        begin = whole.index(b"-----BEGIN CERTIFICATE")
        _write_new(files.authority, whole[begin:])
        if not served.exists():
            authority = trustme.CA.from_pem(whole[begin:], whole[:begin])
            issued = authority.issue_cert(*_LOCAL_NAMES, *([own] if own is not None else []))
            _write_new(served, issued.private_key_and_cert_chain_pem.bytes())
    except (OSError, ValueError):
        raise UsageError(
            f"{folder}: no certificate can be kept there", hint="remove the folder, or give --tls-cert FILE"
        ) from None
    given(str(served), None)
    return files


def _write_new(path: Path, content: bytes) -> bool:
    """Write a file that its owner alone can read, whole; tells whether no other process was faster."""
    descriptor, temporary = mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary)
    return True


def how_to_trust(files: Certificate) -> list[str]:
    """What the user is told of an authority of ours."""
    if files.authority is None:
        return []
    return [
        f"tls certificates are signed by {files.authority}; trust it in the browser, or with",
        f"  curl --cacert {files.authority}    NODE_EXTRA_CA_CERTS={files.authority} node ...",
    ]
