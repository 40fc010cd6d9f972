"""What the engine says when something is wrong: what was expected, what came, what to do."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

COMPLEX = (
    "the gradient of {node} is complex: gradients of complex numbers are not defined here. Compute "
    "with real and imaginary parts as two Tensors."
)
FIT = "expected arguments that fit together"
FREED = (
    "backward: the graph behind {node} was freed by an earlier backward(). Call "
    "backward(retain_graph=True) the first time, or compute the result again."
)
STALE_GRAD = (
    "backward: .grad still holds the gradient that an update in place has used; adding to it would "
    "mix gradients of old and new values. Call optimizer.zero_grad() before every backward()."
)
UNTRACKED = (
    "backward: expected a result computed from Tensors with requires_grad=True, got one without. "
    "Was it made under no_grad(), or detached, or were all parameters frozen?"
)
IN_PLACE = (
    "in-place update of a Tensor that requires gradients: the recorded graph would be wrong. "
    "Write it inside `with tg.no_grad():`, or write p = p - step for a new Tensor."
)
FROZEN = (
    "in-place update of a frozen Parameter: it does not require a gradient. Assign p.data = array, "
    "or thaw it with p.requires_grad = True first."
)
RULE_RESULT = (
    "the gradient rule of {name} must return an array of the shape of its argument, got {found!r}. "
    "Give defvjp one rule per array argument, each returning g times a derivative."
)
SET_ITEM = (
    "Tensors are not changed in place. Use np.where(mask, new, t) or np.concatenate for a new "
    "Tensor, or assign t.data = array to replace the values of a leaf."
)
TRACKED_ARRAY = (
    "a Tensor that requires gradients cannot become a plain array: the gradient would be lost "
    "silently. Use np.stack for a list of Tensors, result[0] for one of several results, and "
    "t.data (or t.detach()) where no gradient is wanted."
)
METADATA = (
    "{name}: expected a Tensor as an array argument only, got one as a keyword: its gradient would "
    "be lost. Use t.data where no gradient is wanted."
)
PICKLE = (
    "a Tensor in the middle of a recorded graph cannot be pickled or copied. "
    "Use t.detach() for its values."
)

# What people who come from PyTorch or NumPy type, and what to write here.
INSTEAD = {
    "view": "t.reshape(shape)",
    "permute": "t.transpose(axes)",
    "unsqueeze": "np.expand_dims(t, axis)",
    "numpy": "t.data",
    "cpu": "t as it is: there is only the CPU",
    "cuda": "t as it is: there is only the CPU",
    "to": "t.astype(dtype)",
    "float": "t.astype(np.float32)",
    "double": "t.astype(np.float64)",
    "expand": "np.broadcast_to(t, shape)",
    "clone": "t.copy(), or tg.Tensor(t.data) for a new leaf",
    "contiguous": "t as it is",
    "mm": "t @ other",
    "bmm": "t @ other",
    "matmul": "t @ other",
    "mul": "t * other",
    "add": "t + other",
    "sub": "t - other",
    "div": "t / other",
    "pow": "t ** exponent",
    "t": "t.T",
    "norm": "np.linalg.norm(t)",
    "inverse": "np.linalg.inv(t)",
    "det": "np.linalg.det(t)",
    "logdet": "np.linalg.slogdet(t).logabsdet",
    "cholesky": "np.linalg.cholesky(t)",
    "svd": "np.linalg.svd(t, full_matrices=False)",
    "outer": "np.outer(t, other)",
    "clamp": "t.clip(min, max)",
    "sort": "np.sort(t)",
    "partition": "np.partition(t, kth)",
    "median": "np.median(t, axis)",
    "quantile": "np.quantile(t, q, axis)",
    "flip": "np.flip(t, axis)",
    "roll": "np.roll(t, shift, axis)",
    "tile": "np.tile(t, repeats)",
    "diag": "np.diag(t)",
    "ptp": "np.ptp(t, axis)",
    "gather": "np.take_along_axis(t, indices, axis)",
    "scatter": "tg.functional.put_along_axis(t, indices, values, axis)",
    "zero_": "t.data = np.zeros(t.shape), or optimizer.zero_grad() for gradients",
    "zero_grad": "t.grad = None",
    "requires_grad_": "t.requires_grad = True",
    "detach_": "t.detach()",
    "grad_fn": "nothing: repr(t) names the operation",
    "nelement": "t.size",
    "numel": "t.size",
    "dim": "t.ndim",
    "exp": "np.exp(t)",
    "log": "np.log(t)",
    "sqrt": "np.sqrt(t)",
    "abs": "abs(t)",
    "sin": "np.sin(t)",
    "cos": "np.cos(t)",
    "tanh": "np.tanh(t)",
    "sigmoid": "tg.functional.sigmoid(t)",
    "relu": "tg.functional.relu(t)",
    "softmax": "tg.functional.softmax(t)",
    "log_softmax": "tg.functional.log_softmax(t)",
    "dot": "t @ other",
    "fill": "t.data = np.full(t.shape, value)",
}
KEYWORDS = {
    "dim": "axis=",
    "keepdim": "keepdims=",
    "unbiased": "ddof=",
    "correction": "ddof=",
    "dtype": "t.astype(dtype)",
    "out": "y = ...: a result is always a new Tensor",
    "where": "np.where(mask, t, 0) as the argument (or what does not count, in place of 0)",
    "initial": "np.maximum, np.minimum or + with that value afterwards",
}
WRITES = {
    "np.fill_diagonal": "np.where(np.eye(n, dtype=bool), value, t)",
    "np.put_along_axis": "tg.functional.put_along_axis(t, indices, values, axis)",
    "np.put": "tg.functional.put_along_axis(t, indices, values, axis=None)",
    "np.place": "np.where(mask, values, t)",
    "np.putmask": "np.where(mask, values, t)",
    "np.copyto": "np.where(mask, values, t)",
}
SPECIAL = ("erf", "erfc", "expit", "logit", "xlogy", "xlog1py")  # SciPy's; `functional` has them


def name_of(function: Any) -> str:
    """`add`, `matmul`, `getitem`: the name a reader knows a function by."""
    return getattr(function, "__name__", str(function)).strip("_")


def describe(value: Any) -> str:
    """An argument in few words: `(3, 4) float32`, or the value itself when it is short."""
    if isinstance(value, np.ndarray):
        return f"{value.shape} {value.dtype}"
    text = repr(value)
    return text if len(text) <= 40 else type(value).__name__


def is_about(error: Exception, function: Any) -> bool:
    """Whether the sentence of an error needs no other: of this function, or about the values."""
    text = str(error)
    return text.startswith(f"{name_of(function)}:") or (": expected " in text and FIT not in text)


def explain(error: Exception, function: Any, args: list, kwargs: dict) -> Exception:
    """NumPy's complaint with the operation and the shapes in front; our own stay as they are."""
    if isinstance(error, np.linalg.LinAlgError):
        return _explain_matrices(error, function, args)
    if ": expected " in str(error):  # a sentence already
        return error
    module = getattr(function, "__module__", None) or "numpy"
    spelled = module.startswith(("numpy", "_operator", "tinygrad_ml.rules"))
    if not (spelled or isinstance(function, np.ufunc)):
        return error
    shown = ", ".join([describe(a) for a in args] + [f"{k}={v!r}" for k, v in kwargs.items()])
    kinds: tuple[type[Exception], ...] = (IndexError, TypeError, ValueError)
    kind = next((k for k in kinds if isinstance(error, k)), ValueError)
    reason = str(error).strip().rstrip(".")
    sizes = re.search(r"core dimension.*size (\d+) is different from (\d+)", reason)
    if sizes:
        reason = f"axes that belong together have lengths {sizes[2]} and {sizes[1]}"
    return kind(f"{name_of(function)}: {FIT}, got ({shown}): {reason}. Check the shapes and types.")


# What LAPACK says; what was expected, what came, and what to do.
MATRICES = {
    "Singular": (
        "matrices that can be inverted, got a singular one",
        "Use np.linalg.pinv or lstsq, or add a small multiple of the identity",
    ),
    "positive definite": (
        "positive definite matrices, got another one",
        "Make it symmetric, (a + a.mT) / 2, or add a small multiple of the identity",
    ),
    "converge": ("finite numbers, got some for which it finds no result", "Look for NaN and inf"),
}


def _explain_matrices(error: Exception, function: Any, args: list) -> Exception:
    """NumPy's LinAlgError as a sentence of ours, of the same class."""
    name, reason, shape = name_of(function), str(error), np.shape(args[0])
    if reason.startswith(f"{name}:"):
        return error
    expected, advice = "matrices (..., m, n), got an array", "Give a vector an axis: x[:, None]"
    if len(shape) > 1 and "square" in reason:
        expected = "square matrices (..., n, n), got some"
        advice = "np.linalg.pinv, lstsq and svd take any shape"
    for part, texts in MATRICES.items():
        if part in reason:
            expected, advice = texts
    return type(error)(f"{name}: expected {expected} of shape {shape}. {advice}.")


def no_rule(function: Any) -> str:
    """A NumPy or SciPy function that Tensors do not know."""
    if name_of(function) in SPECIAL:
        own = f"tg.functional.{name_of(function)}"
        return (
            f"scipy.special.{name_of(function)} has no gradient rule. Use {own}(t), which has one."
        )
    module = getattr(function, "__module__", None) or "numpy"
    name = f"{module}.{name_of(function)}".replace("numpy", "np", 1)
    if name in WRITES:
        return (
            f"{name} writes into an array, where no gradient can follow. Write {WRITES[name]} for "
            "a new Tensor."
        )
    return (
        f"{name} has no gradient rule. Use t.data where no gradient is needed, "
        "compose it from functions that have one, or give it rules with tg.defvjp."
    )


def check_call(function: Any, spelling: Any, args: Any, kwargs: dict) -> None:
    """Refuse arguments, given by position, that a spelled function does not have."""
    names = inspect.signature(spelling)
    try:
        names.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(
            f"{name_of(function)}: expected ({', '.join(names.parameters)}) with Tensors, got "
            f"{len(args) + len(kwargs)} arguments ({error}). Leave the others out."
        ) from None


def refuse_objects(function: Any, array: Any) -> None:
    """NumPy makes arrays of Python objects where a None or a text came among numbers."""
    if array.dtype.kind not in "fiubc":
        raise TypeError(
            f"{name_of(function)}: expected numbers, got values of dtype {array.dtype}: a None or "
            "a text among them? Use np.nan for what is missing."
        )


def ufunc_method(ufunc: np.ufunc, method: str) -> str:
    """np.add.reduce and its kin."""
    hint = {"reduce": "the function for it (np.sum, np.prod, np.max)", "at": "t[index] or np.where"}
    return (
        f"np.{ufunc.__name__}.{method} is not available for Tensors. "
        f"Use {hint.get(method, 'operators and NumPy functions')} instead."
    )


def check_keywords(function: Any, kwargs: Iterable[str], known: Iterable[str]) -> None:
    """Refuse keyword arguments that the rules do not understand; they would be ignored."""
    for keyword in kwargs:
        if keyword not in known:
            usual = ", ".join(f"{k}=" for k in known if k not in ("x", "arrays")) or "none"
            instead = f"Write {KEYWORDS[keyword]}" if keyword in KEYWORDS else f"It takes: {usual}"
            raise TypeError(
                f"{name_of(function)}: the keyword {keyword}= is not available for Tensors. "
                f"{instead}."
            )


def stale(node: Any, position: int) -> str:
    """A leaf was updated between the forward and the backward pass."""
    array = node.args[position]
    return (
        f"backward: the Tensor of shape {array.shape} that {name_of(node.function)} used as "
        f"argument {position} was updated in place after it was recorded (an optimizer step "
        "between forward and backward?). Compute the result again after the update, or call "
        "backward() before it."
    )


def wrong_rule_shape(node: Any, got: tuple, shape: tuple) -> str:
    """A gradient rule returned an array of a shape that cannot be right."""
    return (
        f"the gradient rule of {name_of(node.function)} returned shape {got} for an argument of "
        f"shape {shape}. A rule must answer with the shape of its argument."
    )


def unknown_attribute(owner: str, name: str) -> str:
    """A method that other libraries have."""
    known = INSTEAD.get(name)
    if known is None and name.endswith("_") and not name.startswith("_"):
        known = "t = ... for a new Tensor: they are not changed in place"
    return f"{owner} has no attribute {name!r}" + (f"; write {known}." if known else ".")


def as_numbers(data: Any, dtype: Any) -> np.ndarray:
    """A fresh array of real numbers; Python floats become float32, arrays keep their dtype."""
    if getattr(data, "_edge", None) is not None:
        raise TypeError(TRACKED_ARRAY)
    if hasattr(data, "filled"):
        raise TypeError(
            "Tensor: expected plain numbers, got a masked array: its mask would be lost. Use "
            "a.filled(value), or np.nan for what is missing."
        )
    try:
        array = np.array(data, dtype=dtype, order="C")
    except (ValueError, TypeError) as error:
        if str(error) == TRACKED_ARRAY:
            raise TypeError(
                "Tensor: expected numbers, got a list with Tensors that require gradients, which "
                "would be lost. Use np.stack(tensors)."
            ) from None
        raise type(error)(
            f"Tensor: expected numbers in a regular shape, got {type(data).__name__} ({error}). "
            "Make all rows equally long and encode text as numbers."
        ) from error
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"Tensor: expected real numbers, got dtype {array.dtype}. "
            "Encode labels as integers and missing values as np.nan."
        )
    if dtype is None and array.dtype == np.float64 and _python_numbers(data):
        return array.astype(np.float32)
    return array


def _python_numbers(data: Any) -> bool:
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(data, (float, int, list, tuple)) and not isinstance(data, np.generic)


def cotangent(grad: Any, like: np.ndarray) -> np.ndarray:
    """The gradient that a backward pass starts from: one for a single number, else given."""
    if grad is None:
        if like.size != 1:
            raise ValueError(
                f"backward: expected a single number, got shape {like.shape}. Reduce it first "
                "(loss.mean()), or pass the gradient: t.backward(np.ones(t.shape))."
            )
        return np.array(1, like.dtype).reshape(like.shape)
    grad = np.array(grad)
    if grad.dtype.kind not in "fiub":
        raise TypeError(f"backward: expected a gradient of real numbers, got {grad.dtype}.")
    grad = grad.astype(like.dtype, copy=False)
    if grad.shape != like.shape:
        raise ValueError(f"backward: expected a gradient of shape {like.shape}, got {grad.shape}.")
    return grad
