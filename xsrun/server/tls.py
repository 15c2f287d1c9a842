"""Certificates for serving over TLS: the user's own, or one that a local authority signs.

The authority is made when it is first asked for and kept in the state folder beside the workspace, so that what
trusts it once trusts it for ten years. Its key can sign for any name: the folder is readable by its owner alone.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING

from xsrun.errors import UsageError
from xsrun.reading import is_there, require_regular, typed_path
from xsrun.server.log import Log

if TYPE_CHECKING:
    from ssl import SSLContext

    Sleeper = Callable[[float], Awaitable[None]]

#: The names by which this machine is reached from itself.
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
#: Days before its end that a certificate is made anew.
_RENEWED = 90
#: Seconds between two looks at the files of a certificate.
_LOOK = 3600.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files of a certificate and its key, and of the authority to trust where it is ours."""

    certificate: Path
    key: Path
    authority: Path | None = None
    #: the address that it was made for
    host: str = ""

    def content(self) -> bytes:
        """What is in its files. Raises OSError."""
        return self.certificate.read_bytes() + self.key.read_bytes()


def given(certificate: str, key: str | None) -> Certificate:
    """The user's own certificate. Raises UsageError for files that are not one."""
    import ssl

    files = Certificate(typed_path(certificate), typed_path(key or certificate))
    try:
        for path in (files.certificate, files.key):
            require_regular(path)
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, files.key)
    except OSError:  # what OpenSSL refuses is one, too
        missing = next((path for path in (files.certificate, files.key) if not path.is_file()), None)
        raise UsageError(
            f"{files.certificate}: not a certificate with its key" if missing is None else f"no such file: {missing}",
            hint="--tls-cert takes a file in PEM form, --tls-key its key; --tls makes both",
        ) from None
    return files


def made(folder: Path, host: str, now: datetime | None = None) -> Certificate:
    """A certificate for this machine, signed by the authority of a folder. Raises UsageError.

    One that is good for less than `_RENEWED` days more is made anew, and so is an authority that cannot outlive it, and
    what another authority signed. Nothing is taken away: another process may just have made it.
    """
    from xsrun.server.certificates import SERVER_DAYS, days_left, is_signed_by, new_authority, new_server, today

    now = now or today()
    bare = host.strip("[]")
    own = None if bare in ("0.0.0.0", "::", *_LOCAL_NAMES) else bare
    # key and certificate in one file, made once: of processes that begin together all serve the same
    served = folder / ("server.pem" if own is None else f"server-{re.sub(r'[^A-Za-z0-9.-]', '_', own)}.pem")
    files = Certificate(served, served, folder / "authority.pem", host)
    secret = folder / "authority.key"
    assert files.authority is not None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        aged = is_there(secret) and days_left(secret.read_bytes(), now) < SERVER_DAYS
        if aged or not is_there(secret):
            _write(secret, new_authority(now), anew=aged)
        whole = secret.read_bytes()
        public = whole[whole.index(b"-----BEGIN CERTIFICATE") :]
        if not is_there(files.authority) or files.authority.read_bytes() != public:
            _write(files.authority, public, anew=True)
        old = served.read_bytes() if is_there(served) else None
        good = old is not None and _RENEWED < days_left(old, now) <= SERVER_DAYS and is_signed_by(old, public)
        if not good:
            made_here = new_server(whole, [*_LOCAL_NAMES, *([own] if own is not None else [])], now)
            _write(served, made_here, anew=old is not None)
    except (OSError, ValueError):
        raise UsageError(
            f"{folder}: no certificate can be kept there", hint="remove the folder, or give --tls-cert FILE"
        ) from None
    given(str(served), None)
    return files


def renewed(files: Certificate, now: datetime | None = None) -> Certificate:
    """A certificate after a while: one of ours is made anew when it is due; that of the user is as it is on disk.

    Raises UsageError where it cannot be used any more.
    """
    if files.authority is not None:
        return made(files.authority.parent, files.host, now)
    return given(str(files.certificate), str(files.key))


async def keep_fresh(files: Certificate, context: SSLContext, log: Log, sleep: Sleeper = asyncio.sleep) -> None:
    """Let new connections have what the files of a certificate hold by then: looked at every hour, until cancelled."""
    held = files.content()
    while True:
        await sleep(_LOOK)
        try:
            found = (await asyncio.to_thread(renewed, files)).content()
            if found != held:
                context.load_cert_chain(files.certificate, files.key)
                held = found
                log.line("tls: the certificate has been renewed")
        except (UsageError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else error.message
            log.line(
                f"tls: the certificate that is served stays, because the new one cannot be used: {reason}", "warning"
            )


def _write(path: Path, content: bytes, *, anew: bool = False) -> bool:
    """Write a file that its owner alone can read, whole; `anew` in place of the one that is there. Tells whether it
    was written, and no other process was faster."""
    descriptor, temporary = mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        if anew:
            os.replace(temporary, path)
        else:
            os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        Path(temporary).unlink(missing_ok=True)
    return True


def how_to_trust(files: Certificate) -> list[str]:
    """What the user is told of an authority of ours."""
    if files.authority is None:
        return []
    return [
        f"tls certificates are signed by {files.authority}; trust it in the browser, or with",
        f"  curl --cacert {files.authority}    NODE_EXTRA_CA_CERTS={files.authority} node ...",
    ]
