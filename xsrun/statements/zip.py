"""`zip.*`: archives as file resources; adding and deleting change the archive where it is, whoever holds it.

The documentation spells some attributes otherwise (`archive` for `zip`, `files`, `paths`); both are taken.
"""

from __future__ import annotations

from xsrun.errors import MissingParamError
from xsrun.registry import statement
from xsrun.running.context import Context
from xsrun.services import archives
from xsrun.services.files import FileResource
from xsrun.statements.file_values import file_of
from xsrun.values.conversion import Value, to_bytes, to_text


def archive_of(context: Context, zip: Value, archive: Value) -> FileResource:
    """The archive of a statement, under either name of the attribute."""
    given, name = (zip, "zip") if zip is not None else (archive, "archive")
    if given is None:
        raise MissingParamError("zip")
    return file_of(context, given, name)


def quota_of(context: Context) -> archives.Quota:
    return archives.Quota(context.limits.size)


@statement("zip.create_archive")
def create_archive(filename: str, password: Value = None, password_encryption: Value = None) -> Value:
    """Make an empty archive. With `password` all that is added is encrypted with it.

    >>> zip.create_archive {
    ...   filename = "charts.zip"
    ... } as $archive
    ... zip.add_to_archive {
    ...   file = "depth,12"
    ...   filename = "north/sound.csv"
    ...   zip = $archive
    ... }
    ... zip.view_contents {
    ...   zip = $archive
    ... } as $contents
    ... var $archive { value = $archive.name }
    {"archive": "charts.zip", "contents": [{"name": "sound.csv", "path": "north/sound.csv", "size": 8,
      "compressed_size": ...}]}
    """
    return archives.create(filename, to_text(password))


@statement("zip.add_to_archive", spellings={"archive": "zip", "files": "file"})
def add_to_archive(
    context: Context,
    file: Value = None,
    filename: Value = None,
    zip: Value = None,
    password: Value = None,
    password_encryption: Value = None,
    archive: Value = None,
    files: Value = None,
) -> Value:
    """Put a file into an archive, in place of one of the same name. An empty `filename` takes the file's own.

    `file` is a file resource, stored metadata, or a text with its `filename`; `files` is a list of `{path, content}`.
    With a `password` the file is encrypted with AES; `password_encryption` may name the bits of the key.

    >>> zip.create_archive {
    ...   filename = "charts.zip"
    ... } as $archive
    ... zip.add_to_archive {
    ...   archive = $archive
    ...   files = [{path: "a.txt", content: "low"}, {path: "b.txt", content: "high"}]
    ... }
    ... zip.extract {
    ...   zip = $archive
    ... } as $files
    ... var $archive { value = null }
    ... var $files { value = $files|map:$$.name }
    {"archive": null, "files": ["a.txt", "b.txt"]}
    """
    target = archive_of(context, zip, archive)
    secrets = to_text(password), to_text(password_encryption)
    if files is None:
        added = file_of(context, file, "file", texts=True)
        archives.add(target, to_text(filename) or added.name, added, context.now(), quota_of(context), *secrets)
        return target
    for entry in files if isinstance(files, list) else [files]:
        path, added = _entry(context, entry)
        archives.add(target, path, added, context.now(), quota_of(context), *secrets)
    return target


def _entry(context: Context, entry: Value) -> tuple[str, FileResource]:
    """Name and content of a member of `files`."""
    if isinstance(entry, dict) and "content" in entry:
        path = to_text(entry.get("path") or entry.get("name"))
        content = entry["content"]
        return path, content if isinstance(content, FileResource) else FileResource(path, to_bytes(content))
    file = file_of(context, entry, "files")
    return file.name, file


@statement("zip.delete_from_archive", spellings={"archive": "zip", "paths": "filename"})
def delete_from_archive(
    context: Context,
    filename: Value = None,
    zip: Value = None,
    password: Value = None,
    archive: Value = None,
    paths: Value = None,
) -> Value:
    """Take a file out of an archive; a name that ends in `/` takes a folder. Raises when it is not there.

    `filename` is one name, `paths` a list of them.

    >>> zip.create_archive {
    ...   filename = "charts.zip"
    ... } as $archive
    ... zip.add_to_archive {
    ...   archive = $archive
    ...   files = [{path: "a.txt", content: "low"}, {path: "b.txt", content: "high"}]
    ... }
    ... zip.delete_from_archive {
    ...   filename = "a.txt"
    ...   zip = $archive
    ... }
    ... zip.view_contents {
    ...   zip = $archive
    ... } as $left
    ... var $archive { value = null }
    ... var $left { value = $left|map:$$.path }
    {"archive": null, "left": ["b.txt"]}
    """
    target = archive_of(context, zip, archive)
    given = paths if isinstance(paths, list) else [paths if paths is not None else filename]
    names = [name.name if isinstance(name, FileResource) else to_text(name) for name in given]
    archives.delete(target, names, quota_of(context), to_text(password))
    return target


@statement("zip.extract", spellings={"archive": "zip"})
def extract(
    context: Context, zip: Value = None, password: Value = None, archive: Value = None, target_path: Value = None
) -> Value:
    """The files of an archive: a list of file resources, named as they are in it (after `target_path`, if given).

    Refused are archives that unpack to very much (see `--limit size=N`) and names that lead elsewhere.

    >>> zip.create_archive {
    ...   filename = "charts.zip"
    ... } as $archive
    ... zip.add_to_archive {
    ...   file = "low"
    ...   filename = "a.txt"
    ...   zip = $archive
    ... }
    ... zip.extract {
    ...   zip = $archive
    ... } as $files
    ... storage.read_file_resource {
    ...   value = $files.0
    ... } as $read
    ... var $archive { value = null }
    ... var $files { value = $read.data }
    {"archive": null, "files": "low", "read": {"name": "a.txt", "size": 3, "mime": "text/plain", "data": "low"}}
    """
    target = archive_of(context, zip, archive)
    files = archives.extract(target, to_text(password), quota_of(context))
    prefix = to_text(target_path).strip("/")
    for file in files if prefix else []:
        file.name = file.path = archives.checked_name(f"{prefix}/{file.name}")
    return files


@statement("zip.view_contents", spellings={"archive": "zip"})
def view_contents(context: Context, zip: Value = None, password: Value = None, archive: Value = None) -> Value:
    """What an archive holds: a list of `{name, path, size, compressed_size}`, folders left out.

    >>> zip.create_archive {
    ...   filename = "empty.zip"
    ... } as $archive
    ... zip.view_contents {
    ...   zip = $archive
    ... } as $contents
    ... var $archive { value = null }
    {"archive": null, "contents": []}
    """
    return archives.contents(archive_of(context, zip, archive))
