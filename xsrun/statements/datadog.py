"""`datadog.*`: logs and metrics for Datadog, or for a file on this machine."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.dates.calendar import iso_text, utc_moment
from xsrun.dates.timestamps import parse_timestamp_value
from xsrun.errors import InputError, MissingParamError, XanoScriptError
from xsrun.hints import NamedTuple
from xsrun.lazy_regex import pattern
from xsrun.registry import StandIn, statement
from xsrun.running.context import Context
from xsrun.services.cloud import Cloud
from xsrun.services.datadog_log import DatadogLog
from xsrun.services.http_messages import OutgoingRequest, ReceivedResponse
from xsrun.values.conversion import Value, not_allowed, readable, text_of_bytes, to_json, to_text

STAND_IN = StandIn("the file .xsrun/cloud/datadog.jsonl stands for it")
#: Variables of `$env` that hold the key and the site.
KEYS, SITES = ("DD_API_KEY", "DATADOG_API_KEY"), ("DD_SITE", "DATADOG_SITE")
DEFAULT_SITE = "datadoghq.com"
STATUSES = ("debug", "info", "notice", "warn", "error", "critical", "alert", "emergency")
#: The numbers of Datadog's interface; it takes distributions at an address of their own, and histograms as such.
_TYPES = {"count": 1, "rate": 2, "gauge": 3}
TYPES = (*_TYPES, "histogram", "distribution")
TIMEOUT = 10.0
_SITE = pattern(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")

Entry = dict[str, Value]


class Delivery(NamedTuple):
    """What is sent to one address: the host before the site, the path, the body."""

    host: str
    path: str
    body: Value


# Entries -------------------------------------------------------------------------------------------------------------


def log_entry(context: Context, given: Entry) -> Entry:
    """A log entry as Datadog takes it."""
    status = to_text(given.get("status")).lower() or "info"
    if status not in STATUSES:
        raise not_allowed(status, "status", ", ".join(STATUSES))
    attributes = given.get("attributes")
    if attributes and not isinstance(attributes, dict):
        raise InputError("The attributes are not an object.", "attributes", hint="write attributes = {claim: 7}")
    entry: Entry = dict(attributes or {})
    entry |= {"message": given.get("message"), "status": status}
    for name, member in (("source", "ddsource"), ("service", "service"), ("hostname", "hostname")):
        if to_text(given.get(name)):
            entry[member] = to_text(given[name])
    tags = tags_of(given.get("tags"), env=given.get("env"))
    if tags:
        entry["ddtags"] = ",".join(tags)
    entry["timestamp"] = iso_text(utc_moment(_milliseconds(context, given)))
    return entry


def metric_entry(context: Context, given: Entry) -> Entry:
    """A metric as Datadog takes it, with its `kind` of number as the member `type`: a number, or "distribution"."""
    name, value = to_text(given.get("metric")), given.get("value")
    if not name:
        raise MissingParamError("metric")
    if value is None or value.__class__ not in (int, float):
        raise InputError("The value of a metric is not a number.", "value")
    kind = to_text(given.get("type")) or "gauge"
    if kind not in TYPES:
        raise not_allowed(kind, "type", ", ".join(TYPES))
    tags = tags_of(given.get("tags"), env=given.get("env"), service=given.get("service"), source=given.get("source"))
    seconds, host = int(_milliseconds(context, given) // 1000), to_text(given.get("hostname"))
    entry: Entry = {"metric": name, "tags": tags}
    if kind not in _TYPES:
        entry |= {"type": "distribution", "points": [[seconds, [value]]]}
        return entry | {"host": host} if host else entry
    entry |= {"type": _TYPES[kind], "points": [{"timestamp": seconds, "value": value}]}
    return entry | {"resources": [{"name": host, "type": "host"}]} if host else entry


def tags_of(given: Value, **more: Value) -> list[str]:
    """Tags as `name:value`: from a list, an object or a text with commas, and from the other attributes."""
    if isinstance(given, dict):
        tags = [f"{name}:{to_text(value)}" for name, value in given.items()]
    else:
        listed = given if isinstance(given, list) else to_text(given).split(",")
        tags = [to_text(one).strip() for one in listed]
    tags += [f"{name}:{to_text(value)}" for name, value in more.items() if to_text(value)]
    return [one for one in tags if one]


def _milliseconds(context: Context, given: Entry) -> int:
    timestamp = given.get("timestamp")
    if timestamp is None or timestamp == "":
        return context.now()
    return parse_timestamp_value(timestamp, context.now())


def entries_of(entries: Value) -> list[Entry]:
    """The entries of a bulk statement. Raises InputError for what is none."""
    given = entries if isinstance(entries, list) else [entries]
    for one in given:
        if not isinstance(one, dict):
            raise InputError("An entry is not an object.", "entries", hint='write entries = [{message: "..."}]')
    return given


# Sending -------------------------------------------------------------------------------------------------------------


def deliver(
    context: Context,
    name: str,
    kind: str,
    entries: list[Entry],
    connection: Value,
    group: Callable[[list[Entry]], list[Delivery]],
) -> None:
    """Give entries to Datadog where there is a key and its host may be reached, else to the file that stands for it.

    What Datadog refuses is a warning of the run: it must not end a program that only reports.
    """
    statement_name = f"datadog.{name}"
    given = connection if isinstance(connection, dict) else {}
    key = to_text(given.get("api_key")) or _first(context, KEYS)
    site = to_text(given.get("site")) or _first(context, SITES) or DEFAULT_SITE
    if _SITE.fullmatch(site) is None:  # it becomes a part of the address to which the key goes
        raise not_allowed(site, "site", "such as datadoghq.eu")
    context.keep_secret(key)
    cloud: Cloud = context.service("cloud")
    for delivery in group(entries):
        address = f"https://{delivery.host}.{site}" if key else ""
        place = cloud.endpoints.reach(context, "datadog", statement_name, address)
        if place is None:
            log: DatadogLog = context.service("datadog")
            log.add(kind, entries if context.secrets is None else [context.secrets.hide(one) for one in entries])
            return
        headers = [("Content-Type", "application/json"), ("DD-API-KEY", key)]
        request = OutgoingRequest("POST", place + delivery.path, headers, to_json(delivery.body).encode(), TIMEOUT)
        answer: ReceivedResponse = context.service("http").exchange(context, request, statement_name)
        if answer.error is not None or answer.status >= 400:
            reason = answer.error or f"HTTP {answer.status} {readable(text_of_bytes(answer.body))[:200]}"
            context.warnings.append(XanoScriptError(f"`{statement_name}` was not taken by Datadog: {reason}"))


def _first(context: Context, names: tuple[str, ...]) -> str:
    return next((text for text in (to_text(context.environment.get(one)) for one in names) if text), "")


def _logs(entries: list[Entry]) -> list[Delivery]:
    return [Delivery("http-intake.logs", "/api/v2/logs", entries)] if entries else []


def _metrics(entries: list[Entry]) -> list[Delivery]:
    plain = [one for one in entries if one["type"] != "distribution"]
    spread = [one for one in entries if one["type"] == "distribution"]
    both = [("/api/v2/series", plain), ("/api/v1/distribution_points", spread)]
    return [Delivery("api", path, {"series": series}) for path, series in both if series]


# Statements ----------------------------------------------------------------------------------------------------------


@statement("datadog.log", stand_in=STAND_IN)
def log(
    context: Context,
    message: Value = None,
    status: Value = None,
    attributes: Value = None,
    service: Value = None,
    source: Value = None,
    env: Value = None,
    hostname: Value = None,
    tags: Value = None,
    timestamp: Value = None,
    connection: Value = None,
) -> None:
    """Send a log entry to Datadog. It has no result, and what Datadog refuses is a warning of the run.

    `status` is debug, info (the default), notice, warn, error, critical, alert or emergency; `attributes` an object;
    `tags` a list such as `["route:fast"]`.

    With a key in `$env.DD_API_KEY`, or `connection = {api_key, site}`, and `--allow-net` for its host
    (http-intake.logs.datadoghq.com; the site is `$env.DD_SITE`) the entry goes to Datadog; `--cloud-endpoint
    datadog=URL` names another server. Otherwise it is a line of `.xsrun/cloud/datadog.jsonl` beside the workspace, as
    it would be sent.

    >>> datadog.log {
    ...   message = "tide.read"
    ...   service = "harbour"
    ...   tags = ["port:oban"]
    ... }
    {}
    """
    given = {
        "message": message,
        "status": status,
        "attributes": attributes,
        "service": service,
        "source": source,
        "env": env,
        "hostname": hostname,
        "tags": tags,
        "timestamp": timestamp,
    }
    deliver(context, "log", "log", [log_entry(context, given)], connection, _logs)


@statement("datadog.log_bulk", stand_in=STAND_IN)
def log_bulk(context: Context, entries: Value, connection: Value = None) -> None:
    """Send several log entries to Datadog, each an object with the members that `datadog.log` has as attributes.

    They go where those of `datadog.log` go: with a key and `--allow-net` to Datadog, else into the file that stands for
    it.

    >>> datadog.log_bulk {
    ...   entries = [{message: "tide.read"}, {message: "tide.lost", status: "warn"}]
    ... }
    {}
    """
    made = [log_entry(context, one) for one in entries_of(entries)]
    deliver(context, "log_bulk", "log", made, connection, _logs)


@statement("datadog.metric", stand_in=STAND_IN)
def metric(
    context: Context,
    value: Value,
    metric: Value = None,
    type: Value = None,
    tags: Value = None,
    service: Value = None,
    source: Value = None,
    env: Value = None,
    hostname: Value = None,
    timestamp: Value = None,
    connection: Value = None,
) -> None:
    """Send a metric to Datadog. It has no result, and what Datadog refuses is a warning of the run.

    `type` is count, gauge (the default), rate, histogram or distribution; Datadog's interface takes histograms as
    distributions.

    It goes where `datadog.log` goes, with a key and `--allow-net api.datadoghq.com` to Datadog, else into the file that
    stands for it.

    >>> datadog.metric {
    ...   metric = "tide.level"
    ...   value = 3.1
    ...   type = "gauge"
    ...   tags = ["port:oban"]
    ... }
    {}
    """
    given = {
        "metric": metric,
        "value": value,
        "type": type,
        "tags": tags,
        "service": service,
        "source": source,
        "env": env,
        "hostname": hostname,
        "timestamp": timestamp,
    }
    deliver(context, "metric", "metric", [metric_entry(context, given)], connection, _metrics)


@statement("datadog.metric_bulk", stand_in=STAND_IN)
def metric_bulk(context: Context, entries: Value, connection: Value = None) -> None:
    """Send several metrics to Datadog, each an object with the members that `datadog.metric` has as attributes.

    They go where those of `datadog.metric` go: with a key and `--allow-net` to Datadog, else into the file that stands
    for it.

    >>> datadog.metric_bulk {
    ...   entries = [{metric: "tide.level", value: 3.1}, {metric: "tide.reads", value: 1, type: "count"}]
    ... }
    {}
    """
    made = [metric_entry(context, one) for one in entries_of(entries)]
    deliver(context, "metric_bulk", "metric", made, connection, _metrics)
