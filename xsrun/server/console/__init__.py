"""The console at `/xsrun/`: requests and their traces, runs, data, checks, and what programs left behind.

A JSON API under `/xsrun/api/` (`handler` finds the function of an address) and a page of ES modules, which lies in
`static/`. It is for callers on this machine and for administrators (`xsrun.server.access`), and it takes orders from
its own page alone.
"""
