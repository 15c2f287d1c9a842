"""What programs may pass where a file is wanted."""

from __future__ import annotations

from xsrun.errors import MissingParamError
from xsrun.running.context import Context
from xsrun.services.files import FileResource, data_url
from xsrun.values.conversion import Value, describe, to_bytes, to_text


def file_of(context: Context, value: Value, attribute: str = "value", *, texts: bool = False) -> FileResource:
    """The file that a value stands for: a resource, stored metadata, what `read_file_resource` gave, a data URL.

    With `texts` any other text is the content itself. Raises InputError naming the attribute's path, as the engine
    does for uploads into inputs of another type than `file`.
    """
    if isinstance(value, FileResource):
        return value
    if isinstance(value, dict):
        if value.get("data") is not None:
            return FileResource(to_text(value.get("name")) or "file", to_bytes(value["data"]))
        if isinstance(value.get("path"), str):
            found: FileResource = context.service("vault").open(value["path"])
            found.name = to_text(value.get("name")) or found.name
            return found
    if isinstance(value, (str, bytes)):
        embedded = data_url(value) if isinstance(value, str) else None
        if embedded is not None:
            return embedded
        if texts:
            return FileResource("file", to_bytes(value))
    raise MissingParamError(
        "path",
        f"{attribute}.path",
        hint=f"{attribute} is {describe(value)}; it takes the upload of a `file` input, or what "
        "storage.create_file_resource makes of a text",
    )
