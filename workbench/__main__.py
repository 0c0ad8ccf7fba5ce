"""``python -m workbench``: the command line."""

import gc
import os
import sys
from contextlib import suppress

# NumPy's algebra starts a thread for each further core as it is loaded, and they spin while they
# wait for work that never comes: nothing here multiplies matrices.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from workbench.cli.main import main

OBJECTS_UNTIL_LOOKED = 200_000
"""Loading the libraries makes many objects, and all stay: looking among them for garbage every 700
took an eighth of the time of a start."""

if __name__ == "__main__":
    gc.set_threshold(OBJECTS_UNTIL_LOOKED)
    code = main()
    # Taking the libraries apart, object by object, took a fifth of a second more, and some of them
    # have been seen to crash at it, after everything was done.
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)
