"""SQL that programs write themselves."""
