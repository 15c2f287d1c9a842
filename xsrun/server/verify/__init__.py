"""`xsrun verify`: the same requests to the local workspace and to a live instance, and what their answers differ in."""
