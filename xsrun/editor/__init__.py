"""What editors, debuggers and coding agents talk to: thin layers over the rooms below, without rules of their own."""
