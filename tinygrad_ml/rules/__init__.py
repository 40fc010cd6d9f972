"""The calculus: one line per argument of every operation. Importing it fills the table.

Every rule is `lambda g, out, x, ...`: the gradient of an argument from the gradient `g` of the
result `out`. Five laws keep the rules right at every order and in every dtype:

1. closed: a rule sees its arguments only, so that its own derivative is complete;
2. pure: no writing into arrays, since `add` hands one array to both of its arguments;
3. dispatchable: operators, methods and NumPy functions that Tensors know too;
4. weak constants: `math.sqrt(2)`, never `np.sqrt(2)`, which would turn float32 into float64;
5. exact shapes, except where NumPy broadcasts: there the engine sums to the argument's shape.
"""

from . import (
    decompositions,
    diagonals,
    elementwise,
    indexing,
    linalg,
    matrices,
    normalisation,
    norms,
    reductions,
    resizing,
    sampled,
    shaping,
    statistics,
    windows,
)

__all__ = [
    "decompositions",
    "diagonals",
    "elementwise",
    "indexing",
    "linalg",
    "matrices",
    "normalisation",
    "norms",
    "reductions",
    "resizing",
    "sampled",
    "shaping",
    "statistics",
    "windows",
]
