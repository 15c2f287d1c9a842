"""The builtin filters, a module a family of the catalogue; the registry imports them by name."""
