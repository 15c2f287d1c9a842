"""JSON Schemas as OpenAI's strict mode wants them: every member required, no others; what may be left out is null."""

from __future__ import annotations

from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from xsrun.language.types import Schema

#: What strict mode does not know.
_UNKNOWN = frozenset(("default", "minLength", "maxLength", "writeOnly"))


def strict(schema: Schema) -> Schema:
    """The schema in strict mode. What it takes, once nulls of optional members are dropped, the original takes too."""
    made = {name: value for name, value in schema.items() if name not in _UNKNOWN}
    if isinstance(made.get("items"), dict):
        made["items"] = strict(made["items"])
    if isinstance(made.get("anyOf"), list):
        made["anyOf"] = [strict(one) for one in made["anyOf"]]
    properties = made.get("properties")
    if made.get("type") == "object" or isinstance(properties, dict):
        properties = properties if isinstance(properties, dict) else {}
        required = made.get("required", [])
        made["properties"] = {
            name: strict(one) if name in required else _or_null(strict(one)) for name, one in properties.items()
        }
        made["required"] = list(properties)
        made["additionalProperties"] = False
    return made


def _or_null(schema: Schema) -> Schema:
    kind = schema.get("type")
    if isinstance(kind, str) and "enum" not in schema and kind != "null":
        return {**schema, "type": [kind, "null"]}
    return schema if not schema or "null" in (kind or ()) else {"anyOf": [schema, {"type": "null"}]}
