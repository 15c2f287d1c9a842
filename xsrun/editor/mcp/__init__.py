"""The MCP server: what a coding agent may ask of xsrun while it works in the folder of a workspace."""
