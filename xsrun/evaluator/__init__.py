"""Tree to running code: each construct becomes one Python function, compiled from Python's own `ast`.

Program text reaches the generated code only as constants and checked identifiers, never as source. Every node carries
the XanoScript line and column it came from, so tracebacks, profilers and coverage see the `.xs` file.
"""
