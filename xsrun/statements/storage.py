"""`storage.*`: files in the vault, a folder on this machine (`.xsrun/vault` beside the workspace, or `--vault`)."""

from __future__ import annotations

from xsrun.errors import XanoScriptError
from xsrun.registry import statement
from xsrun.running.context import Context
from xsrun.services.files import FileResource, extension_of
from xsrun.services.vault import ACCESSES, Vault, base_address
from xsrun.statements.file_values import file_of
from xsrun.values.conversion import Value, not_allowed, text_of_bytes, to_bytes, to_text

_ACCESS = {"access": ACCESSES}
#: What `storage.create_image` takes, by the name of the file (semantics 6).
IMAGE_EXTENSIONS = frozenset(("jpeg", "jpg", "png", "gif", "webp"))


def stored(context: Context, value: Value, access: Value, filename: Value, *, images: bool = False) -> Value:
    """Keep a file in the vault: its metadata."""
    wanted = to_text(access) or "public"
    if wanted not in ACCESSES:
        hint = f"access is one of {', '.join(ACCESSES)}"
        raise not_allowed(wanted, "access", hint)
    file = file_of(context, value)
    name = to_text(filename) or file.name
    if images and extension_of(name) not in IMAGE_EXTENSIONS:
        raise XanoScriptError(
            "Invalid file extension.",
            hint=f"`{name}` is not a jpeg, png, gif or webp; storage.create_attachment takes any file",
        )
    vault: Vault = context.service("vault")
    metadata = vault.store(file, wanted, name)
    if metadata["type"] == "image":
        metadata["meta"].update(dimensions(file))
    return metadata


def dimensions(file: FileResource) -> dict[str, int]:
    """Width and height of an image in pixels; nothing when it is not an image that can be read."""
    import imagesize  # type: ignore[import-untyped]

    with file.open() as content:
        width, height = imagesize.get(content)
    return {"width": width, "height": height} if width > 0 and height > 0 else {}


@statement("storage.create_attachment", literal="access", editor_needs="access filename", values=_ACCESS)
def create_attachment(context: Context, value: Value, access: Value = "public", filename: Value = None) -> Value:
    """Store a file of any kind: `{access, path, name, type, size, mime, meta}`, to be kept in a column.

    `value` is the upload of a `file` input, a file resource, or the metadata of a stored file. `access` is "public" or
    "private"; an empty `filename` takes the file's own name.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high at noon"
    ... } as $file
    ... storage.create_attachment {
    ...   value = $file
    ...   access = "private"
    ...   filename = ""
    ... } as $stored
    ... var $file { value = $file.name }
    {"file": "tides.txt", "stored": {"access": "private", "path": ..., "name": "tides.txt", "type": "txt", "size": 12,
      "mime": "text/plain", "meta": {"validated": false}}}
    """
    return stored(context, value, access, filename)


@statement("storage.create_image", literal="access", editor_needs="access filename", values=_ACCESS)
def create_image(context: Context, value: Value, access: Value = "public", filename: Value = None) -> Value:
    """Store an image: jpeg, png, gif or webp by its name, else `Invalid file extension.` is raised.

    `meta` has the `width` and `height` in pixels where they can be read.

    >>> var $pixel { value = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"|base64_decode }
    ... storage.create_file_resource {
    ...   filename = "pixel.gif"
    ...   filedata = $pixel
    ... } as $file
    ... storage.create_image {
    ...   value = $file
    ...   access = "public"
    ...   filename = "dot.gif"
    ... } as $stored
    ... var $file { value = null }
    ... var $pixel { value = null }
    {"pixel": null, "file": null, "stored": {"access": "public", "path": ..., "name": "dot.gif", "type": "image",
      "size": 42, "mime": "image/gif", "meta": {"validated": false, "width": 1, "height": 1}}}
    """
    return stored(context, value, access, filename, images=True)


@statement("storage.create_audio", literal="access", values=_ACCESS)
def create_audio(context: Context, value: Value, access: Value = "public", filename: Value = None) -> Value:
    """Store a sound file; like `storage.create_attachment`.

    >>> storage.create_file_resource {
    ...   filename = "foghorn.mp3"
    ...   filedata = "boo"
    ... } as $file
    ... storage.create_audio {
    ...   value = $file
    ... } as $stored
    ... var $file { value = $stored.type }
    {"file": "audio", "stored": {"access": "public", "path": ..., "name": "foghorn.mp3", "type": "audio", "size": 3,
      "mime": "audio/mpeg", "meta": {"validated": false}}}
    """
    return stored(context, value, access, filename)


@statement("storage.create_video", literal="access", values=_ACCESS)
def create_video(context: Context, value: Value, access: Value = "public", filename: Value = None) -> Value:
    """Store a video file; like `storage.create_attachment`.

    >>> storage.create_file_resource {
    ...   filename = "waves.mp4"
    ...   filedata = "..."
    ... } as $file
    ... storage.create_video {
    ...   value = $file
    ... } as $stored
    ... var $file { value = $stored.type }
    {"file": "video", "stored": {"access": "public", "path": ..., "name": "waves.mp4", "type": "video", "size": 3,
      "mime": "video/mp4", "meta": {"validated": false}}}
    """
    return stored(context, value, access, filename)


@statement("storage.create_file_resource")
def create_file_resource(filename: str, filedata: Value) -> Value:
    """Make a file of a text: what a `file` input gives. It is not stored; `storage.create_attachment` does that.

    `filedata` may also be a file resource, an archive or what `storage.read_file_resource` gave.

    >>> storage.create_file_resource {
    ...   filename = "tides.csv"
    ...   filedata = "hour,level"
    ... } as $file
    ... var $file { value = $file.mime ~ ", " ~ $file.size }
    {"file": "text/csv, 10"}
    """
    name = filename or "file"
    if isinstance(filedata, FileResource):
        return filedata.copy(name)
    if isinstance(filedata, dict) and "data" in filedata:
        return FileResource(name, to_bytes(filedata["data"]))
    return FileResource(name, to_bytes(filedata))


@statement("storage.read_file_resource")
def read_file_resource(context: Context, value: Value) -> Value:
    """Read a file: `{name, size, mime, data}` with its whole content as a text.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high at noon"
    ... } as $file
    ... storage.read_file_resource {
    ...   value = $file
    ... } as $read
    ... var $file { value = null }
    {"file": null, "read": {"name": "tides.txt", "size": 12, "mime": "text/plain", "data": "high at noon"}}
    """
    file = file_of(context, value)
    context.check_size(file.size)
    data = file.read()
    return {"name": file.name, "size": len(data), "mime": file.mime, "data": text_of_bytes(data)}


@statement("storage.delete_file")
def delete_file(context: Context, pathname: str) -> None:
    """Remove a stored file by its `path`; raises `ERROR_CODE_NOT_FOUND` when it is not there.

    >>> try_catch {
    ...   try {
    ...     storage.delete_file {
    ...       pathname = "/vault/none/such.txt"
    ...     }
    ...   }
    ...   catch {
    ...     var $code { value = $error.code }
    ...   }
    ... }
    {"code": "ERROR_CODE_NOT_FOUND"}
    """
    vault: Vault = context.service("vault")
    vault.delete(pathname)


@statement("storage.sign_private_url", editor_needs="ttl")
def sign_private_url(context: Context, pathname: str, ttl: int = 60) -> str:
    """An address at which a private file can be had without signing in, for `ttl` seconds.

    It is for `xsrun serve` of the same workspace: `/vault/...?expires=...&signature=...`.

    >>> storage.sign_private_url {
    ...   pathname = "/vault/abc/chart.pdf"
    ...   ttl = 300
    ... } as $address
    ... var $address { value = $address|contains:"/vault/abc/chart.pdf?expires=" }
    {"address": true}
    """
    vault: Vault = context.service("vault")
    return vault.sign(pathname, ttl, context.now(), base_address(context))


@statement("storage.append_file")
def append_file(context: Context, pathname: str, data: Value) -> None:
    """Add to the end of a file in the vault, which is begun where there is none (in the documentation only).

    >>> storage.append_file {
    ...   pathname = "logs/tide.txt"
    ...   data = "high"
    ... }
    ... storage.append_file {
    ...   pathname = "logs/tide.txt"
    ...   data = ", low"
    ... }
    ... storage.read_file_resource {
    ...   value = {path: "logs/tide.txt"}
    ... } as $file
    ... storage.delete_file {
    ...   pathname = "logs/tide.txt"
    ... }
    {"file": {"name": "tide.txt", "size": 9, "mime": "text/plain", "data": "high, low"}}
    """
    vault: Vault = context.service("vault")
    vault.append(pathname, to_bytes(data))
