"""What a workspace says of its channels: the `realtime_channel` constructs (language 3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from xsrun.database.tables import literal
from xsrun.workspace.construct import Construct

#: Messages that a channel keeps where the workspace declares no channel at all.
KEPT_BY_DEFAULT = 100


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """Who may join a channel and say what there. `history` is how many messages it keeps."""

    pattern: str
    public: bool = True
    public_needs_auth: bool = False
    private: bool = True
    private_needs_auth: bool = False
    anonymous: bool = True
    nested: bool = False
    history: int = KEPT_BY_DEFAULT
    presence: bool = True

    def covers(self, channel: str) -> bool:
        """Is a channel of this name meant? `room:*` covers what begins so, nested channels stand behind a slash."""
        if self.pattern.endswith("*"):
            return channel.startswith(self.pattern[:-1])
        return channel == self.pattern or (self.nested and channel.startswith(f"{self.pattern}/"))


#: Where no channel is declared, as in a snippet, every one is there.
UNDECLARED = ChannelSettings("*")


class Channels:
    """The channels that a workspace declares and that are active."""

    def __init__(self, constructs: Iterable[Construct]) -> None:
        declared = [one for one in constructs if one.kind == "realtime_channel"]
        self._declared = bool(declared)
        active = [settings_of(one) for one in declared if literal(one.attribute("active")) is not False]
        #: whole names before patterns, long patterns before short ones
        self._settings = sorted(active, key=lambda one: (one.pattern.endswith("*"), -len(one.pattern)))

    def find(self, channel: str) -> ChannelSettings | None:
        """The settings for a channel, or None when there is no such channel."""
        if not self._declared:
            return UNDECLARED
        return next((one for one in self._settings if one.covers(channel)), None)

    @property
    def patterns(self) -> list[str]:
        return [one.pattern for one in self._settings]


def settings_of(construct: Construct) -> ChannelSettings:
    """What a `realtime_channel` says; what it leaves out is off."""

    def part(name: str) -> dict[str, Any]:
        found = literal(construct.attribute(name))
        return found if isinstance(found, dict) else {}

    public, private, settings = part("public_messaging"), part("private_messaging"), part("settings")
    kept = settings.get("message_history")
    return ChannelSettings(
        construct.name,
        public=public.get("active") is True,
        public_needs_auth=public.get("auth") is True,
        private=private.get("active") is True,
        private_needs_auth=private.get("auth") is True,
        anonymous=settings.get("anonymous_clients") is True and settings.get("auth_channel") is not True,
        nested=settings.get("nested_channels") is True,
        history=kept if isinstance(kept, int) and kept > 0 else 0,
        presence=settings.get("presence") is True,
    )


def canonical_of(constructs: Iterable[Construct]) -> str | None:
    """The connection's name that the workspace fixes, `realtime = {canonical: "..."}`; None when it fixes none."""
    for one in constructs:
        if one.kind == "workspace":
            found = literal(one.attribute("realtime"))
            name = found.get("canonical") if isinstance(found, dict) else None
            return name if isinstance(name, str) and name else None
    return None
