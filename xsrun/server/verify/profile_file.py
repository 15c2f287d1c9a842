"""The profile file of Xano's official command line: the address and the token of an instance."""

from __future__ import annotations

import os

from xsrun.errors import UsageError
from xsrun.reading import read_text, typed_path


def read_profile(name: str, file: str | None = None) -> tuple[str, str]:
    """Address and token of a profile. The file is that of XANO_CONFIG, else `~/.xano/credentials.yaml`.

    Raises UsageError when there is no such profile; no message shows what the file holds.
    """
    import yaml

    path = typed_path(file or os.environ.get("XANO_CONFIG") or "~/.xano/credentials.yaml")
    try:
        found = yaml.safe_load(read_text(path))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", hint="xano auth makes it") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise UsageError(f"{path} is not a profile file") from None
    profiles = found.get("profiles") if isinstance(found, dict) else None
    profile = profiles.get(name) if isinstance(profiles, dict) else None
    if not isinstance(profile, dict):
        known = ", ".join(map(str, profiles)) if isinstance(profiles, dict) else "none"
        raise UsageError(f"{path} has no profile {name}", hint=f"it has: {known}")
    url, token = profile.get("instance_origin"), profile.get("access_token")
    if not isinstance(url, str) or not isinstance(token, str):
        raise UsageError(f"the profile {name} in {path} has no instance_origin or access_token")
    return url, token
