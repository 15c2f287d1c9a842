"""Where an IP address is, from a database in MaxMind's format that the user provides (GeoLite2 City and others)."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

from xsrun.errors import UnavailableError
from xsrun.extras import installing
from xsrun.hints import TYPE_CHECKING
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from maxminddb.reader import Reader

#: The environment variable that names the file; else it is `geoip.mmdb` in the workspace's state folder.
SETTING = "XSRUN_GEOIP_DATABASE"
FILE_NAME = "geoip.mmdb"


class Locations:
    """Looks addresses up. `file` need not exist: then `available` is false and every address is unknown."""

    def __init__(self, file: Path | None = None) -> None:
        chosen = os.environ.get(SETTING)
        self.file = Path(chosen) if chosen else file
        self._reader: Reader | None = None

    @property
    def available(self) -> bool:
        return self.file is not None and self.file.exists()

    def find(self, address: str) -> dict[str, Value] | None:
        """The place of an address; null for what is not an address, and for one that is in no public network."""
        try:
            parsed = ipaddress.ip_address(address.strip())
        except ValueError:
            return None
        if not parsed.is_global or not self.available:
            return None
        found = self._open().get(parsed)
        return _place(found) if isinstance(found, dict) else None

    def is_public(self, address: str) -> bool:
        """Would a database know this address?"""
        try:
            return ipaddress.ip_address(address.strip()).is_global
        except ValueError:
            return False

    def _open(self) -> Reader:
        if self._reader is None:
            try:
                import maxminddb
            except ImportError:
                raise UnavailableError(
                    "`util.ip_lookup` needs the package maxminddb to read its database",
                    hint=f"install it with: {installing('geoip')}",
                ) from None
            try:
                self._reader = maxminddb.open_database(str(self.file))
            except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not a MaxMind database"
                raise UnavailableError(f"the database {self.file} cannot be read: {reason}") from None
        return self._reader

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _place(record: dict[str, Value]) -> dict[str, Value]:
    """A record of the database in the engine's shape (semantics 6)."""
    location = record.get("location") or {}
    regions = record.get("subdivisions") or [{}]
    return {
        "continent": _coded(record.get("continent") or {}, "code"),
        "country": _coded(record.get("country") or {}, "iso_code"),
        "region": _coded(regions[0], "iso_code"),
        "city": {"name": _name(record.get("city") or {})},
        "postal": {"code": (record.get("postal") or {}).get("code") or ""},
        "location": {
            "latitude": location.get("latitude"),
            "longitude": location.get("longitude"),
            "tz": location.get("time_zone") or "",
            "radius": location.get("accuracy_radius"),
        },
    }


def _coded(part: dict[str, Value], code: str) -> dict[str, Value]:
    return {"code": part.get(code) or "", "name": _name(part)}


def _name(part: dict[str, Value]) -> str:
    names = part.get("names") or {}
    return str(names.get("en") or next(iter(names.values()), ""))
