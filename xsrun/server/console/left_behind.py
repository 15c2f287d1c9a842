"""What programs left behind: mails, stored files, keys of the cache, realtime messages; and the environment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from xsrun.errors import NotFoundError, XanoScriptError
from xsrun.running.masking import is_secret, masked_address, masked_for_log
from xsrun.running.secrets import MASK
from xsrun.server.console.calls import ApiCall, handles, missing, shows, wrong
from xsrun.server.http_response import HttpResponse
from xsrun.server.realtime.channels import canonical_of
from xsrun.server.realtime.conversation import PREFIX as CHANNELS
from xsrun.services.files import FileResource
from xsrun.services.vault import ACCESSES, PREFIX
from xsrun.values.conversion import Value, from_json
from xsrun.values.json_errors import JsonError

if TYPE_CHECKING:
    from xsrun.services.cache import Cache
    from xsrun.services.mail import Outbox
    from xsrun.services.realtime import Realtime, RealtimeMessage
    from xsrun.services.vault import Vault

#: Things that a list shows.
_MOST = 500
#: Bytes of a file that is shown or loaded.
_LARGEST = 64 * 1024 * 1024
#: What programs made is shown as in an origin of its own: no scripts, nothing loaded.
_SANDBOX = (
    b"sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'self'"
)
_MAIL = re.compile(r"[\w.-]+\.eml")
#: Pictures that browsers show and that hold no scripts.
_PICTURES = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"))


# Mails ----------------------------------------------------------------------------------------------------------------


@handles("GET", "outbox")
def outbox(call: ApiCall) -> dict[str, Value]:
    """The mails that programs sent, the latest first."""
    box: Outbox = call.workspace.service("mail")
    if box.folder is None:
        found = [
            {"id": one.id, "subject": one.subject, "to": ", ".join(one.to), "from": one.sender, "date": ""}
            for one in reversed(box.messages[-_MOST:])
        ]
        return {"mails": found, "kept": False}
    names = sorted((one.name for one in box.folder.glob("*.eml")), reverse=True) if box.folder.is_dir() else []
    return {"mails": [_summary(name, _mail(box.folder, name)) for name in names[:_MOST]], "kept": True}


def _mail(folder: Path, name: str) -> EmailMessage:
    if _MAIL.fullmatch(name) is None or not (folder / name).is_file():
        raise missing(f"there is no mail {name[:100]}")
    made = message_from_bytes((folder / name).read_bytes(), policy=policy.default)
    assert isinstance(made, EmailMessage)
    return made


def _summary(name: str, mail: EmailMessage) -> dict[str, Value]:
    headers = {key: str(mail[key] or "") for key in ("subject", "to", "from", "date")}
    return {"id": name, **headers}


@handles("GET", "outbox/{}")
def one_mail(call: ApiCall) -> dict[str, Value]:
    """A mail: its headers, its source, and where a frame finds it as it would look."""
    name = call.parts[0]
    headers, html = _mail_parts(call, name)
    address = f"outbox/{quote(name, '')}/html"
    return {
        "id": name,
        "headers": headers,
        "source": html[:200_000],
        "html": f"/xsrun/api/{address}?ticket={call.console.ticket(address)}",
    }


def _mail_parts(call: ApiCall, name: str) -> tuple[list[str], str]:
    box: Outbox = call.workspace.service("mail")
    if box.folder is None:
        found = next((one for one in box.messages if one.id == name), None)
        if found is None:
            raise missing(f"there is no mail {name[:100]}")
        pairs = {"Subject": found.subject, "From": found.sender, "To": ", ".join(found.to), "Cc": ", ".join(found.cc)}
        return [f"{key}: {value}" for key, value in pairs.items() if value], found.html
    mail = _mail(box.folder, name)
    body = mail.get_body(("html", "plain"))
    return [f"{key}: {value}" for key, value in mail.items()], "" if body is None else str(body.get_content())


@shows("outbox/{}/html")
def mail_in_a_frame(call: ApiCall) -> HttpResponse:
    """A mail as it would look, in a sandbox."""
    _, html = _mail_parts(call, call.parts[0])
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-security-policy", _SANDBOX)]
    return HttpResponse(200, headers, html.encode("utf-8", "replace"))


# Files ----------------------------------------------------------------------------------------------------------------


@handles("GET", "files")
def stored_files(call: ApiCall) -> dict[str, Value]:
    """The files of the vault, the latest first."""
    vault: Vault = call.workspace.service("vault")
    found = sorted(_files_of(vault), key=lambda one: -one[2])
    return {"files": [_file(call, vault, path, access) for path, access, _ in found[:_MOST]], "all": len(found)}


def _files_of(vault: Vault) -> Iterator[tuple[Path, str, float]]:
    for access in ACCESSES:
        top = vault.folder / access
        for path in top.rglob("*") if top.is_dir() else ():
            if path.is_file() and not path.is_symlink():
                yield path, access, path.stat().st_mtime


def _file(call: ApiCall, vault: Vault, place: Path, access: str) -> dict[str, Value]:
    path = PREFIX + place.relative_to(vault.folder / access).as_posix()
    mime = FileResource(place.name, place).mime
    address = f"file/{quote(path, '')}"
    return {
        "name": place.name,
        "path": path,
        "access": access,
        "size": place.stat().st_size,
        "mime": mime,
        "at": round(place.stat().st_mtime * 1000),
        "picture": mime in _PICTURES,
        "url": f"/xsrun/api/{address}?ticket={call.console.ticket(address)}",
    }


@shows("file/{}")
def one_file(call: ApiCall) -> HttpResponse:
    """A stored file: a picture to be shown, anything else to be saved."""
    vault: Vault = call.workspace.service("vault")
    found = vault.open(call.parts[0])
    if found.size > _LARGEST:
        raise wrong("this file is too long for the console")
    mime = found.mime if found.mime in _PICTURES else "application/octet-stream"
    name = quote(found.name)
    disposition = "inline" if found.mime in _PICTURES else f"attachment; filename*=UTF-8''{name}"
    headers = [
        (b"content-type", mime.encode("latin-1")),
        (b"content-disposition", disposition.encode("latin-1")),
        (b"content-security-policy", _SANDBOX),
    ]
    return HttpResponse(200, headers, found.read())


@handles("POST", "files/delete")
def delete_file(call: ApiCall) -> dict[str, Value]:
    """Remove a file (`path`)."""
    vault: Vault = call.workspace.service("vault")
    try:
        vault.delete(call.given("path"))
    except NotFoundError:
        raise missing("this file is not there any more") from None
    return {}


# Keys -----------------------------------------------------------------------------------------------------------------


@handles("GET", "cache")
def cache_keys(call: ApiCall) -> dict[str, Value]:
    """The keys of the cache that a pattern (`*`, `?`) fits."""
    cache: Cache = call.workspace.service("cache")
    keys = cache.keys(call.text("match") or "*")
    return {"keys": sorted(keys)[:_MOST], "all": len(keys), "server": cache.url is not None}


@handles("GET", "cache/key")
def cache_key(call: ApiCall) -> dict[str, Value]:
    """The value of a `key`: a value, or a list."""
    cache: Cache = call.workspace.service("cache")
    key = call.text("key")
    try:
        value = cache.get(key)
    except XanoScriptError:  # it is a list
        value = cache.range(key)
    return {"key": key, "value": MASK if is_secret(key) else masked_for_log(value, depth=20), "there": cache.has(key)}


@handles("POST", "cache/set")
def set_key(call: ApiCall) -> dict[str, Value]:
    """Store a `value` (JSON text) under a `key`."""
    cache: Cache = call.workspace.service("cache")
    given = call.body()
    try:
        value = from_json(str(given.get("value", "")))
    except JsonError:
        value = str(given.get("value", ""))
    cache.set(call.given("key"), value)
    return {}


@handles("POST", "cache/delete")
def delete_key(call: ApiCall) -> dict[str, Value]:
    """Remove a `key`."""
    cache: Cache = call.workspace.service("cache")
    return {"deleted": cache.delete(call.given("key"))}


# Realtime -------------------------------------------------------------------------------------------------------------


@handles("GET", "realtime")
def realtime(call: ApiCall) -> dict[str, Value]:
    """The channels and where clients join them, and the latest messages of one (`channel`) or all, the latest first."""
    service: Realtime = call.workspace.service("realtime")
    messages = service.messages(call.text("channel") or None)
    declared = {one.name for one in call.workspace.constructs if one.kind == "realtime_channel"}
    channels = sorted({*declared, *(one.channel for one in service.messages())})
    address = CHANNELS + (canonical_of(call.workspace.constructs) or "console")
    return {
        "messages": [_message(one) for one in reversed(messages[-_MOST:])],
        "channels": channels,
        "address": address,
    }


def _message(one: RealtimeMessage) -> dict[str, Value]:
    return {
        "channel": one.channel,
        "data": masked_for_log(one.data, depth=20),
        "at": one.at,
        "event": one.event,
        "auth_table": one.auth_table,
        "auth_id": one.auth_id,
    }


@handles("POST", "realtime")
def publish(call: ApiCall) -> dict[str, Value]:
    """Publish `data` (JSON text) in a `channel`."""
    service: Realtime = call.workspace.service("realtime")
    given = call.body()
    try:
        data = from_json(str(given.get("data", "")))
    except JsonError:
        data = str(given.get("data", ""))
    service.publish(call.given("channel"), data, now=call.workspace.clock(), event=str(given.get("event") or "message"))
    return {}


# The environment ------------------------------------------------------------------------------------------------------


@handles("GET", "environment")
def environment(call: ApiCall) -> dict[str, Value]:
    """The values of `$env` that programs see; those of secrets are masked."""
    found = [
        {"name": name, "value": MASK if is_secret(name) and value else _shown(str(value)), "secret": is_secret(name)}
        for name, value in sorted(call.workspace.environment.items())
    ]
    root = call.workspace.root
    return {"values": found, "file": root is not None and (root / ".env").is_file()}


def _shown(value: str) -> str:
    """A value, without the password of an address."""
    return masked_address(value) if "://" in value else value
