"""Unit tests and workflow tests: finding them, running them in isolation, and reporting what came out."""
