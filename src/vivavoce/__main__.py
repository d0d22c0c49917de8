"""`python -m vivavoce`: the same as the command `vivavoce`."""

import sys

from vivavoce.cli import main

if __name__ == "__main__":
    sys.exit(main())
