"""xsrun runs XanoScript on your own machine."""
