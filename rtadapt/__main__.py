"""`python -m rtadapt` is `rtadapt`."""

import sys

from rtadapt.cli import main

sys.exit(main())
