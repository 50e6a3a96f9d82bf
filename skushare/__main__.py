"""``python -m skushare``."""

import sys

from skushare.cli import main

sys.exit(main())
