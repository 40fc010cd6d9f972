"""PyTorch's names of layers and of their options, and what to write here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable

LAYERS = {
    "Linear": "tg.nn.Dense",
    "BatchNorm1d": "tg.nn.BatchNorm",
    "BatchNorm2d": "tg.nn.BatchNorm",
    "InstanceNorm1d": "tg.nn.InstanceNorm",
    "InstanceNorm2d": "tg.nn.InstanceNorm",
    "Dropout1d": "tg.nn.ChannelDropout",
    "Dropout2d": "tg.nn.ChannelDropout",
    "Upsample": "tg.nn.Upsample2D",
    "AdaptiveAvgPool1d": "x.mean(axis=1) for one value per channel",
    "TransformerEncoderLayer": "tg.nn.TransformerBlock",
    "ModuleList": "a list: modules are found in it",
    "ModuleDict": "a dict: modules are found in it",
    "ParameterList": "a list: parameters are found in it",
    "Parameter": "tg.Parameter",
    "functional": "tg.functional",
    "init": "tg.nn.initialisers",
    "CrossEntropyLoss": "tg.functional.cross_entropy",
    "NLLLoss": "tg.functional.nll_loss",
    "KLDivLoss": "tg.functional.kl_div",
    "MSELoss": "tg.functional.mse_loss",
    "L1Loss": "tg.functional.l1_loss",
    "HuberLoss": "tg.functional.huber_loss",
    "SmoothL1Loss": "tg.functional.smooth_l1_loss",
    "BCELoss": "tg.functional.binary_cross_entropy",
    "BCEWithLogitsLoss": "tg.functional.binary_cross_entropy_with_logits",
}
OPTIONS = {
    "lr": "learning_rate",
    "params": "parameters",
    "in_features": "n_in",
    "out_features": "n_out",
    "input_size": "n_in",
    "hidden_size": "hidden",
    "num_layers": "layers",
    "in_channels": "c_in",
    "out_channels": "c_out",
    "num_channels": "c",
    "num_features": "c",
    "num_parameters": "c",
    "num_groups": "groups",
    "num_embeddings": "n",
    "normalized_shape": "n",
    "elementwise_affine": "affine",
    "embedding_dim": "size",
    "embed_dim": "size",
    "d_model": "size",
    "num_heads": "heads",
    "nhead": "heads",
    "dim_feedforward": "hidden",
    "padding_idx": "padding_index",
    "p": "rate",
    "dim": "axis",
    "kernel_size": "pool_size",
    "negative_slope": "slope",
    "min_val": "low",
    "max_val": "high",
    "scale_factor": "scale",
    "line_search_fn": "line_search",
    "max_eval": "max_evaluations",
    "lr_decay": "learning_rate_decay",
    "initial_accumulator_value": "initial_accumulator",
}
NEEDLESS = {
    "batch_first": "Leave it out: sequences are (n, length, features) everywhere",
    "inplace": "Leave it out: results are new",
    "device": "Leave it out: there is only the CPU",
}


def unknown_layer(name: str, known: Iterable[str]) -> str:
    """The sentence about a name that `tg.nn` does not have."""
    same = {each.lower(): f"tg.nn.{each}" for each in known}
    instead = LAYERS.get(name) or same.get(name.lower())
    hint = f"Write {instead}." if instead else "dir(tg.nn) lists the layers."
    return f"module 'tinygrad_ml.nn' has no attribute {name!r}. {hint}"


def check_options(owner: str, function: Callable, options: Iterable[str]) -> None:
    """Refuse keyword arguments that a constructor does not have, naming those it has."""
    inherited = function is object.__init__  # whose signature admits anything
    parameters = {} if inherited else inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    known = [name for name in parameters if name not in ("self", "args")]
    for option in options:
        if option in known:
            continue
        hint = NEEDLESS.get(option, "Leave it out")
        if OPTIONS.get(option) in known:
            hint = f"Write {OPTIONS[option]}="
        raise TypeError(
            f"{owner}: expected the options {', '.join(known) or '(there are none)'}, got "
            f"{option}=. {hint}."
        )
