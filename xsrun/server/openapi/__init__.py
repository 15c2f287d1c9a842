"""OpenAPI 3.1 of an API group or of a whole workspace, from its inputs, tables and responses."""
