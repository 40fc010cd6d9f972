"""Record PyTorch's optimizers with all combinations of their options, schedules and clipping.

    python tests/reference/make_optim.py   # needs PyTorch; writes optim.npz

`steps/<class>` holds (case, step, number): the two parameters `start/a` and `start/b`, one behind
the other, after each of 20 steps with `gradients/a` and `gradients/b`; `steps/<class>/options` are
those of every case as JSON, with this project's names. In `groups/<class>` they are those of the
second group, of b, which has no gradient in every fifth step. `lbfgs/...` are the parameters after
every call of step, and at last the number of evaluations. `schedule/...` are learning rates of 30
epochs, from 1, `plateau/rates` those after every value of `plateau/metric`. All in float64.
"""

import json
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import optim
from torch.optim import lr_scheduler

RECORDS: dict[str, np.ndarray] = {}
rng = np.random.default_rng(20260303)
torch.set_default_dtype(torch.float64)
STEPS = 20
THEIRS = {
    "learning_rate": "lr", "learning_rate_decay": "lr_decay",
    "initial_accumulator": "initial_accumulator_value",
}  # fmt: skip
DECAY = {"weight_decay": [0.0, 0.2], "maximize": [False, True]}
OPTIONS = {
    "SGD": {"learning_rate": [0.05], "momentum": [0.0, 0.8], "dampening": [0.0, 0.3],
            "nesterov": [False, True], **DECAY},
    "Adam": {"learning_rate": [0.03], "amsgrad": [False, True],
             "betas": [(0.9, 0.999), (0.6, 0.8)], "eps": [1e-8], **DECAY},
    "AdamW": {"learning_rate": [0.03], "amsgrad": [False, True], "betas": [(0.6, 0.8)],
              "eps": [1e-3], **DECAY},
    "NAdam": {"learning_rate": [0.03], "betas": [(0.9, 0.99)], "momentum_decay": [0.004, 0.2],
              "decoupled_weight_decay": [False, True], **DECAY},
    "RAdam": {"learning_rate": [0.03], "betas": [(0.9, 0.999), (0.6, 0.8)],
              "decoupled_weight_decay": [False, True], **DECAY},
    "Adamax": {"learning_rate": [0.03], "betas": [(0.9, 0.999), (0.6, 0.8)], "eps": [1e-8, 1e-2],
               **DECAY},
    "RMSprop": {"learning_rate": [0.03], "alpha": [0.99, 0.7], "momentum": [0.0, 0.8],
                "centered": [False, True], "eps": [1e-6], **DECAY},
    "Adagrad": {"learning_rate": [0.1], "learning_rate_decay": [0.0, 0.1],
                "initial_accumulator": [0.0, 0.5], "eps": [1e-10, 1e-2], **DECAY},
    "Adadelta": {"learning_rate": [1.0, 0.3], "rho": [0.9, 0.6], **DECAY},
}  # fmt: skip


def combinations(options):
    for values in product(*options.values()):
        chosen = dict(zip(options, values))
        impossible = not chosen.get("momentum") or chosen.get("dampening")
        if not (chosen.get("nesterov") and impossible):
            yield chosen


def theirs(options):
    return {THEIRS.get(name, name): value for name, value in options.items()}


def record(name, arrays, options):
    """All cases of one kind as one array, with their options."""
    RECORDS[name] = np.stack(arrays)
    RECORDS[f"{name}/options"] = np.array([json.dumps(each) for each in options])


# ---- optimizers

start = {"a": rng.standard_normal((2, 2)), "b": rng.standard_normal(2)}
gradients = {k: rng.standard_normal((STEPS, *v.shape)) * 2 for k, v in start.items()}
gradients["a"][7:9] = 0
gradients["b"][12] *= 1e-6
for k in start:
    RECORDS[f"start/{k}"], RECORDS[f"gradients/{k}"] = start[k], gradients[k]


def walk(optimizer, parameters, resting=False):
    path = []
    for i in range(STEPS):
        for k, p in parameters.items():
            rests = resting and k == "b" and i % 5 == 2
            p.grad = None if rests else torch.tensor(gradients[k][i])
        optimizer.step()
        path.append(np.concatenate([p.detach().numpy().ravel() for p in parameters.values()]))
    return np.stack(path)


def tensors():
    return {k: torch.tensor(v, requires_grad=True) for k, v in start.items()}


for name, options in OPTIONS.items():
    every, paths = list(combinations(options)), []
    for chosen in every:
        parameters = tensors()
        optimizer = getattr(optim, name)(parameters.values(), **theirs(chosen))
        paths.append(walk(optimizer, parameters))
    record(f"steps/{name}", paths, every)
    owns, paths = [], []
    for chosen in (every[0], every[-1]):
        slower = {"learning_rate": chosen["learning_rate"] / 4, "weight_decay": 0.3}
        owns.append(chosen | slower)
        owns[-1].pop("initial_accumulator", None)  # PyTorch has one for all groups
    for own in owns:
        parameters = tensors()
        groups = [{"params": [parameters["a"]]}, {"params": [parameters["b"]], **theirs(own)}]
        optimizer = getattr(optim, name)(groups, lr=0.02)
        paths.append(walk(optimizer, parameters, resting=True))
    record(f"groups/{name}", paths, owns)

# ---- L-BFGS: named as in tests/optim/test_lbfgs.py

matrix, target = rng.standard_normal((8, 4)) * [1, 3, 0.3, 1], rng.standard_normal(8)
RECORDS["lbfgs/matrix"], RECORDS["lbfgs/target"] = matrix, target
matrix, target = torch.tensor(matrix), torch.tensor(target)
PROBLEMS = {
    "rosenbrock": (((-1.2,), (1.0,)), lambda a, b: (1 - a) ** 2 + 100 * (b - a**2) ** 2),
    "least squares": (
        ((0.5, -1.0, 2.0), (0.3,)),
        lambda a, b: ((matrix[:, :3] @ a + matrix[:, 3] * b - target) ** 2).sum(),
    ),
}
LBFGS = {
    "default": (12, dict(line_search_fn="strong_wolfe")),
    "one at a time": (25, dict(max_iter=1, line_search_fn="strong_wolfe")),
    "short memory": (12, dict(max_iter=4, history_size=2, line_search_fn="strong_wolfe")),
    "few evaluations": (12, dict(max_iter=6, max_eval=3, line_search_fn="strong_wolfe")),
    "tolerant": (6, dict(tolerance_grad=1e-2, tolerance_change=1e-3,
                         line_search_fn="strong_wolfe")),
    "fixed": (10, dict(lr=0.002, max_iter=5)),
}  # fmt: skip


def minimise(begin, loss_of, calls, options):
    parameters = [torch.tensor(v, requires_grad=True) for v in begin]
    optimizer = optim.LBFGS(parameters, **options)

    def closure():
        optimizer.zero_grad()
        loss = loss_of(*parameters).sum()
        loss.backward()
        return loss

    path = []
    for _ in range(calls):
        optimizer.step(closure)
        path.append(np.concatenate([p.detach().numpy().ravel() for p in parameters]))
    return np.stack(path), np.array(optimizer.state[parameters[0]]["func_evals"])


for (problem, (begin, loss_of)), (case, settings) in product(PROBLEMS.items(), LBFGS.items()):
    path, evaluations = minimise(begin, loss_of, *settings)
    RECORDS[f"lbfgs/{problem}/{case}"] = path
    RECORDS[f"lbfgs/{problem}/{case}/evaluations"] = evaluations

# ---- clipping

clipped = {"a": rng.standard_normal((3, 4)), "b": rng.standard_normal(5) * 3}
RECORDS |= {f"clip/{k}": v for k, v in clipped.items()}


def with_gradients():
    parameters = [torch.zeros(v.shape, requires_grad=True) for v in clipped.values()]
    for p, g in zip(parameters, clipped.values()):
        p.grad = torch.tensor(g)
    return parameters


for order in (0.5, 1.0, 2.0, 3.0, np.inf):
    norm = torch.nn.utils.clip_grad_norm_(with_gradients(), 1.0, norm_type=order)
    RECORDS[f"clip/norm {order}"] = norm.numpy()
parameters = with_gradients()
torch.nn.utils.clip_grad_value_(parameters, 0.7)
for k, p in zip(clipped, parameters):
    RECORDS[f"clip/value {k}"] = p.grad.numpy()

# ---- schedules: named as in tests/optim/test_schedules.py

EPOCHS = 30


def one_cycle(**options):
    return lambda o: lr_scheduler.OneCycleLR(o, 1.0, EPOCHS, cycle_momentum=False, **options)


SCHEDULES = {
    "step": lambda o: lr_scheduler.StepLR(o, 7, 0.3),
    "multi step": lambda o: lr_scheduler.MultiStepLR(o, [3, 4, 11], 0.3),
    "exponential": lambda o: lr_scheduler.ExponentialLR(o, 0.9),
    "linear": lambda o: lr_scheduler.LinearLR(o),
    "linear down": lambda o: lr_scheduler.LinearLR(o, 0.9, 0.2, 12),
    "polynomial": lambda o: lr_scheduler.PolynomialLR(o, 17, 2.5),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS, 0.1),
    "restarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 6, 1, 0.05),
    "longer restarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3, 2),
    "one cycle": one_cycle(),
    "one cycle linear": one_cycle(
        anneal_strategy="linear", pct_start=0.4, div_factor=10.0, final_div_factor=20.0
    ),
    "one cycle three": one_cycle(three_phase=True),
    "one cycle three linear": one_cycle(three_phase=True, anneal_strategy="linear", pct_start=0.2),
    "sequence": lambda o: lr_scheduler.SequentialLR(
        o,
        [
            lr_scheduler.LinearLR(o, 0.1, 1.0, 5),
            lr_scheduler.ExponentialLR(o, 0.8),
            lr_scheduler.StepLR(o, 4, 0.5),
        ],
        [5, 15],
    ),
    "product": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.LinearLR(o, 0.1, 1.0, 5), lr_scheduler.ExponentialLR(o, 0.9)]
    ),
}
for name, make in SCHEDULES.items():
    optimizer = optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
    scheduler = make(optimizer)
    rates = []
    for epoch in range(EPOCHS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if epoch < EPOCHS - 1:
            scheduler.step()
    RECORDS[f"schedule/{name}"] = np.array(rates)

metric = np.round(2 - np.log1p(np.arange(60)) / 4 + rng.standard_normal(60) * 0.2, 2)
RECORDS["plateau/metric"] = metric
cases, paths = [], []
for mode, relative, cooldown, minimum, patience in product(
    ("min", "max"), (True, False), (0, 3), (0.0, 0.2), (0, 2)
):
    optimizer = optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
    scheduler = lr_scheduler.ReduceLROnPlateau(
        optimizer, mode, 0.5, patience, 0.02, "rel" if relative else "abs", cooldown, minimum
    )
    rates = []
    for value in metric:
        scheduler.step(value)
        rates.append(optimizer.param_groups[0]["lr"])
    paths.append(np.array(rates))
    cases.append({
        "mode": mode, "relative": relative, "cooldown": cooldown, "minimum": minimum,
        "patience": patience,
    })  # fmt: skip
record("plateau/rates", paths, cases)

if __name__ == "__main__":
    target = Path(__file__).with_name("optim.npz")
    np.savez_compressed(target, **RECORDS, made_with=f"PyTorch {torch.__version__}")
    print(f"{len(RECORDS)} arrays, {target.stat().st_size} bytes")
