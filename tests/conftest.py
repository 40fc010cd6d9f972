"""Import the package once, in the usual way, before any of its modules is collected for doctests.

pytest would otherwise load the first such module a second time, with a table of rules of its own.
"""

import os

# scikit-learn leaves one of its checks out unless this is set before SciPy is imported.
os.environ["SCIPY_ARRAY_API"] = "1"

import tinygrad_ml  # noqa: F401

collect_ignore = ["stand_ins.py"]  # it registers its class by name, which a second copy could not
