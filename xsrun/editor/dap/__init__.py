"""The debug adapter: programs stopped at their lines, looked into, and stepped through forwards and backwards.

Nothing is traced while nobody debugs. A run that is watched uses the code that `--trace` uses, in which every statement
tells of its beginning; so a debugger sees the statements that a trace shows, on every Python alike.
"""
