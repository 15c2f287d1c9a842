"""Files to constructs, constructs to runs."""
