"""The language server: what an editor asks about texts, answered by the rooms below, which know the language."""
