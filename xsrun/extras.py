"""How the packages of an extra are installed: from an index, or into the checkout that xsrun runs from."""

from __future__ import annotations


def installing(extra: str) -> str:
    """The command that installs an extra: `pip install 'xsrun[mcp]'`, in a checkout `pip install -e '.[mcp]'`."""
    folder = checkout()
    return f"pip install 'xsrun[{extra}]'" if folder is None else f"pip install -e '{folder}[{extra}]'"


def checkout() -> str | None:
    """The folder of an editable install, as a user in the current folder would write it; None for any other install."""
    import json
    import os
    from importlib.metadata import PackageNotFoundError, distribution
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        told = distribution("xsrun").read_text("direct_url.json")
    except PackageNotFoundError:  # it runs from a folder on the path
        return None
    origin = json.loads(told) if told else {}
    if not origin.get("dir_info", {}).get("editable"):
        return None
    folder = url2pathname(urlsplit(origin["url"]).path)
    return "." if os.path.realpath(folder) == os.path.realpath(os.curdir) else folder
