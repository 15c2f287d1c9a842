"""Which other machines programs may speak to: none, unless the user names them.

Everything that leaves the machine asks `context.service("network").require(...)` first, with the address it wants. A
program may speak to servers on its own machine (loopback); a test may not even do that, unless they are named.
"""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.errors import UnavailableError, UsageError, XanoScriptError
from xsrun.hints import TYPE_CHECKING
from xsrun.running.context import Context
from xsrun.values.digits import whole_of_digits

if TYPE_CHECKING:
    from xsrun.services.recording import Recording

#: The `network` option: a host, several, all (True) or none.
Hosts = str | Iterable[str] | bool | None
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class NetworkPolicy:
    """The hosts that may be reached: `host`, `host:port`, `*.domain`, or `*` for all.

    `in_test`: a refusal names the mock that is missing, since that is what a test lacks. `recording` keeps the
    responses to outside calls, or replays them and lets none out (see `xsrun.services.recording`). With `down` a
    refused call ends as it would on a machine without a network: programs that are ready for that go on.
    """

    def __init__(
        self,
        hosts: Iterable[str] = (),
        *,
        in_test: bool = False,
        recording: Recording | None = None,
        down: bool = False,
    ) -> None:
        self.hosts = tuple(host.lower() for host in hosts)
        self.in_test = in_test
        self.recording = recording
        self.down = down

    @classmethod
    def of(cls, option: NetworkPolicy | Hosts, *, in_test: bool = False) -> NetworkPolicy:
        """The policy of a workspace's `network` option: None or False, True, a host, a list of hosts, or a policy."""
        if isinstance(option, NetworkPolicy):
            in_test = in_test or option.in_test
            return cls(option.hosts, in_test=in_test, recording=option.recording, down=option.down)
        if option is None or isinstance(option, bool):
            return cls(("*",) if option else (), in_test=in_test)
        hosts = [option] if isinstance(option, str) else list(option)
        for host in hosts:
            if not isinstance(host, str) or not host or "/" in host:
                raise UsageError(
                    f"network: {host!r} is not a host", hint="name hosts as example.com or example.com:8443"
                )
        return cls(hosts, in_test=in_test)

    def allows(self, host: str, port: int | None = None) -> bool:
        """May this host be reached on this port?"""
        name = host.lower().rstrip(".")
        if not self.in_test and is_loopback(name):
            return True
        return any(_covers(pattern, name, port) for pattern in self.hosts)

    def require(self, context: Context, statement: str, address: str) -> None:
        """Refuse an address that is not allowed. `address` is a URL, or a bare host for what has no URL.

        Raises UnavailableError, which no program can catch: it would take the refusal for a response. When the network
        is `down`, raises ConnectionError instead, for the caller to report as the engine reports a broken connection.
        """
        host, port = host_and_port(address)
        if self.allows(host, port):
            return
        if self.down:
            text = f"`{statement}` to {address.partition('?')[0]} ended as if the network was down"
            context.warnings.append(XanoScriptError(text))
            raise ConnectionError(f"Could not resolve host: {host}")
        allow = f"allow it with --allow-net {host}" if host else "allow all hosts with --allow-net '*'"
        shown = address.partition("?")[0]  # query strings hold keys
        if self.in_test and context.test is not None:
            name = context.test[1]
            raise UnavailableError(
                f"no mock for this call: `{statement}` to {shown}",
                hint=f'give the statement mock = {{"{name}": ...}}, or {allow}',
            )
        if self.in_test:  # mocks belong to unit tests
            raise UnavailableError(
                f"no mock for this call: `{statement}` to {shown}; a workflow test may not reach it", hint=allow
            )
        raise UnavailableError(f"the network is off: {shown} (`{statement}`)", hint=allow)


def is_loopback(host: str) -> bool:
    """Does a host name mean this machine by itself, whatever a name server says?"""
    import ipaddress

    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_and_port(address: str) -> tuple[str, int | None]:
    """Host and port of a URL or of `host:port`; an empty host when there is none."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
        port = parts.port
    except ValueError:
        return "", None
    return parts.hostname or "", port if port is not None else _DEFAULT_PORTS.get(parts.scheme)


def _covers(pattern: str, host: str, port: int | None) -> bool:
    if pattern == "*":
        return True
    named, _, wanted = pattern.rpartition(":") if pattern.rpartition(":")[2].isdigit() else (pattern, "", "")
    if wanted and whole_of_digits(wanted) != port:
        return False
    named = named.strip("[]")
    return host == named or (named.startswith("*.") and host.endswith(named[1:]))
