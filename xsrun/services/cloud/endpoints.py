"""Where the services of cloud providers are: at the address of the statement, at one the user names, or nowhere.

A service is asked for real when the network policy lets its host be reached; else its stand-in on this machine
answers, and the run says so in a warning. `--cloud-endpoint s3=URL` names another server for all calls of a service.
"""

from __future__ import annotations

from collections.abc import Mapping

from xsrun.errors import UsageError, XanoScriptError
from xsrun.running.context import Context
from xsrun.services.network import NetworkPolicy, host_and_port

#: The services that an address can be named for, with whom their statements speak to.
SERVICES = {
    "s3": "Amazon S3",
    "azure": "Azure Blob Storage",
    "google": "Google Cloud Storage",
    "elasticsearch": "Elasticsearch",
    "opensearch": "Amazon OpenSearch",
    "algolia": "Algolia",
    "datadog": "Datadog",
}
_TOLD = "cloud stand-ins"


class Endpoints:
    """The addresses that the user named, by service. Raises UsageError for a service or an address that is none."""

    def __init__(self, named: Mapping[str, str] | None = None) -> None:
        self._named: dict[str, str] = {}
        for service, url in (named or {}).items():
            if service not in SERVICES:
                raise UsageError(
                    f"there is no cloud service `{service}`", hint=f"the services are: {', '.join(SERVICES)}"
                )
            if not isinstance(url, str) or not url.startswith(("http://", "https://")) or not host_and_port(url)[0]:
                raise UsageError(
                    f"the endpoint of {service} is not an address: {url!r}",
                    hint=f"write it with its scheme: {service}=http://127.0.0.1:9000",
                )
            self._named[service] = url.rstrip("/")

    def named(self, service: str) -> str | None:
        """The address that the user named for a service."""
        return self._named.get(service)

    def reach(self, context: Context, service: str, statement: str, address: str) -> str | None:
        """Where to ask a service for real; None when its stand-in is to answer, which is then told in a warning.

        `address` is the service's own, empty when the program does not say. An address that the user named is never
        given up for the stand-in: UnavailableError is raised when the network policy does not let it be reached.
        """
        policy: NetworkPolicy = context.service("network")
        named = self._named.get(service)
        if named is not None and not policy.down:
            if policy.recording is None or not policy.recording.replaying:
                policy.require(context, statement, named)
            return named
        if address and (policy.allows(*host_and_port(address)) or _is_replayed(policy, address)):
            return address.rstrip("/")
        self._tell(context, service, statement, address)
        return None

    def _tell(self, context: Context, service: str, statement: str, address: str) -> None:
        """Say once in a run that a stand-in answers, and how the real service would."""
        told: set[str] = context.scratch.setdefault(_TOLD, set())
        if service in told:
            return
        told.add(service)
        host = host_and_port(address)[0] if address else ""
        way = f"--allow-net {host}" if host else f"--cloud-endpoint {service}=URL"
        context.warnings.append(
            XanoScriptError(
                f"`{statement}` was answered by xsrun's stand-in for {SERVICES[service]}; {way} asks the real one"
            )
        )


def _is_replayed(policy: NetworkPolicy, address: str) -> bool:
    """Does a recording answer for this host?"""
    recording = policy.recording
    return recording is not None and recording.replaying and recording.knows(host_and_port(address)[0])
