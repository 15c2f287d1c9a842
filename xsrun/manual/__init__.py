"""The offline manual: guide pages, the command line, the language and every code, found by name or by words.

Nothing is written down here twice: pages about builtins are made from the registry, pages about commands from their
parsers, those about Python from docstrings, and codes from the pages that diagnostics have. Only the guides are texts
of their own, in `guides/`.
"""
