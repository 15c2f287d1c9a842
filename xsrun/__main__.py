"""`python -m xsrun`."""

import sys

from xsrun.cli import main

sys.exit(main())
