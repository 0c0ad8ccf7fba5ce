"""``python -m workbench``: the command line."""

import gc
import sys

from workbench.cli.main import main

OBJECTS_UNTIL_LOOKED = 200_000
"""Loading the libraries makes many objects, and all stay: looking among them for garbage every 700
took an eighth of the time of a start."""

if __name__ == "__main__":
    gc.set_threshold(OBJECTS_UNTIL_LOOKED)
    code = main()
    # The end of the process frees it all; going through it object by object took a fifth of a
    # second more.
    gc.freeze()
    sys.exit(code)
