"""Object storage: `cloud.aws.s3.*`, `cloud.azure.storage.*`, `cloud.google.storage.*`.

All have the same six statements, written here once; the modules of the three providers declare them. What they give was
never recorded from a live engine but for `read_file`, so the members are those that documentation and public programs
name.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping

from xsrun.dates.calendar import utc_moment
from xsrun.dates.timestamps import parse_timestamp_value
from xsrun.errors import InputError, MissingParamError
from xsrun.registry import StandIn
from xsrun.running.context import Context
from xsrun.services.cloud import Cloud
from xsrun.services.cloud.objects import Bucket, ObjectLock, StoredObject
from xsrun.services.files import FileResource, extension_of
from xsrun.services.vault import base_address
from xsrun.statements.file_values import file_of
from xsrun.values.conversion import Value, not_allowed, text_of_bytes, to_text

#: Seconds that a signed address may be valid for, with all three.
LONGEST_TTL = 7 * 24 * 3600
#: Names of metadata, which become those of headers.
_METADATA_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_HOST_PART = re.compile(r"[a-z0-9-]+")


def folder_stands_in(service: str, bucket: str, host: str, asked: str) -> StandIn:
    """A folder in place of a provider's buckets, which it calls so; `host` is the provider's, `asked` by what it is."""
    how = f"""\
Without the network the folder `.xsrun/cloud/{service}/{bucket.upper()}` beside the workspace stands for the {bucket}.
`--allow-net {host}` asks {asked}; `--cloud-endpoint {service}=URL` asks another server that speaks like it."""
    return StandIn("a folder in .xsrun/cloud stands for the bucket", how)


def needed(name: str, value: Value) -> str:
    """The text of an attribute that must not be empty."""
    text = to_text(value).strip()
    if not text:
        raise MissingParamError(name)
    return text


def host_part(name: str, value: Value, default: str = "") -> str:
    """An attribute that becomes a part of the service's address: a region, the name of an account."""
    text = to_text(value).strip() or default or needed(name, value)
    if _HOST_PART.fullmatch(text) is None:
        raise not_allowed(text, name, "letters, digits, hyphens")
    return text


def local_bucket(context: Context, service: str, name: str) -> Bucket:
    """The folder that stands for a bucket."""
    cloud: Cloud = context.service("cloud")
    return cloud.local_bucket(service, name, cloud.signer(base_address(context), context.now))


# What the statements do ----------------------------------------------------------------------------------------------


def read(context: Context, bucket: Bucket, key: str) -> Value:
    """A file as `storage.read_file_resource` gives it."""
    found, data = bucket.read(key)
    context.check_size(len(data))
    return {"name": found.name, "size": len(data), "mime": found.mime, "data": text_of_bytes(data)}


def info(bucket: Bucket, key: str) -> Value:
    """What the service knows of a file."""
    found = bucket.info(key)
    return {**_facts(found), "last_modified": found.modified_text, "metadata": dict(found.metadata)}


def _facts(found: StoredObject) -> dict[str, Value]:
    return {"name": found.key, "size": found.size, "mime": found.mime, "etag": found.etag}


def listed(
    bucket: Bucket, prefix: Value, token: Value = None, shown: Callable[[StoredObject], Value] | None = None
) -> Value:
    """A page of the files below a path, each as `shown` gives it."""
    page = bucket.list(to_text(prefix).lstrip("/"), to_text(token))
    return {"files": [(shown or _entry)(one) for one in page.objects], "next_page_token": page.next_token}


def _entry(found: StoredObject) -> Value:
    return {"name": found.key, "size": found.size, "etag": found.etag, "last_modified": found.modified_text}


def uploaded(
    context: Context, bucket: Bucket, key: str, file: Value, metadata: Value, lock: ObjectLock | None = None
) -> Value:
    """Store a file: what the service answered."""
    resource = file_of(context, file, "file")
    found = bucket.write(key or _new_key(resource), resource, _metadata(metadata), lock)
    return {**_facts(found), "location": bucket.address(found.key)}


def _new_key(file: FileResource) -> str:
    extension = extension_of(file.name)
    return f"{uuid.uuid4()}.{extension}" if extension else str(uuid.uuid4())


def _metadata(value: Value) -> Mapping[str, str]:
    """Metadata as texts by lower-case name. Raises InputError for what no header can hold."""
    if value is None or value == "" or value == []:
        return {}
    if not isinstance(value, dict):
        raise InputError("The metadata is not an object.", "metadata", hint='write metadata = {owner: "ann"}')
    texts = {name.lower(): to_text(item) for name, item in value.items()}
    for name, text in texts.items():
        if _METADATA_NAME.fullmatch(name) is None or not (text.isascii() and (text.isprintable() or not text)):
            raise InputError(f"The metadata `{name}` cannot be kept.", "metadata", hint="names and values are ASCII")
    return texts


def signed(bucket: Bucket, key: str, ttl: int, method: str = "GET") -> str:
    """An address of a file, valid for `ttl` seconds."""
    if not 0 < ttl <= LONGEST_TTL:
        raise not_allowed(ttl, "ttl", "1 to 604800 seconds")
    return bucket.sign(key, method, ttl)


def object_lock(context: Context, mode: Value, until: Value) -> ObjectLock | None:
    """The lock that an upload asks for. Raises InputError for one that is not complete or not a lock."""
    wanted = to_text(mode).strip().upper()
    if not wanted:
        return None
    if wanted not in ("GOVERNANCE", "COMPLIANCE"):
        raise not_allowed(wanted.lower(), "object_lock_mode", "governance or compliance")
    needed("object_lock_retain_until", until)
    ends = parse_timestamp_value(until, context.now())
    return ObjectLock(wanted, utc_moment(ends))
