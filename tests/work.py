"""What other processes do in tests: they find it by the plain name of this module."""

import time

from tinygrad_ml.models import PCA
from tinygrad_ml.monitoring import Monitor


def square(x):
    return x * x


def fails_late(i):
    """The first one that fails takes longest."""
    if i == 0:
        return i
    time.sleep(0.3 if i == 1 else 0)
    raise ValueError(f"job {i}")


def transformed(_):
    return PCA().transform([[1.0]])


def log_twenty(path, reference):
    monitor = Monitor(reference, path=path)
    return [monitor.log(reference[:1], [1])[0] for _ in range(20)]
