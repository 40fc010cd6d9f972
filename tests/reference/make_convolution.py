"""Record PyTorch's convolutions, pools and normalisations, in float64.

    python tests/reference/make_convolution.py   # needs PyTorch; writes convolution.npz

The file holds all values one after the other, and the shapes by name as JSON: hundreds of small
arrays would take twice the space.

`<case>/...`: the input, the parameters, the result, the gradient that the result gets
(`upstream`), what arrives, and running statistics; a case with a number at its end is one of
several steps. Everything is stored in this project's layout: channels last, kernels
(kh, kw, c_in / groups, c_out).
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

RECORDS: dict[str, np.ndarray] = {}
rng = np.random.default_rng(20261124)
torch.set_default_dtype(torch.float64)


def array(tensor):
    return np.array(tensor.detach().numpy(), order="C")


def coarse(shape):
    """Random values with few digits, which compress."""
    return np.round(rng.standard_normal(shape) * 32) / 32


def channels_first(tensor):
    return tensor.movedim(-1, 1)


def kernel(layer, tensor):
    """(c_out, c_in / groups, ...), transposed (c_in, c_out / groups, ...), in our layout."""
    if isinstance(layer, (nn.ConvTranspose1d, nn.ConvTranspose2d)):
        c_in, c_out = tensor.shape[:2]
        groups = layer.groups
        parts = tensor.reshape(groups, c_in // groups, c_out, *tensor.shape[2:])
        tensor = parts.transpose(1, 2).reshape(groups * c_out, c_in // groups, *tensor.shape[2:])
    return array(tensor.movedim((0, 1), (-1, -2)))


def ours(layer, tensor):
    return kernel(layer, tensor) if tensor.ndim > 2 else array(tensor)


def record(case, layer, shape, draw=True, scale=1.0, shift=0.0):
    x = coarse(shape) * scale + shift
    tensor = torch.tensor(x, requires_grad=True)
    layer.zero_grad()
    if draw:
        with torch.no_grad():
            for p in layer.parameters():
                p.copy_(torch.tensor(coarse(p.shape)))
    for name, p in layer.named_parameters() if draw else ():
        RECORDS[f"{case}/{name}"] = ours(layer, p)
    out = layer(channels_first(tensor)).movedim(1, -1)
    upstream = torch.tensor(0.5 + coarse(tuple(out.shape)))
    out.backward(upstream)
    RECORDS.update({f"{case}/x": x, f"{case}/out": array(out), f"{case}/upstream": array(upstream),
                    f"{case}/grad_x": array(tensor.grad)})  # fmt: skip
    for name, p in layer.named_parameters():
        RECORDS[f"{case}/grad_{name}"] = ours(layer, p.grad)


IMAGE, SEQUENCE = (2, 7, 6, 4), (2, 9, 4)
for name, arguments in {
    "dilated": dict(out_channels=3, kernel_size=3, dilation=2),
    "dilated unevenly": dict(out_channels=3, kernel_size=(2, 3), dilation=(3, 2), padding=(1, 2)),
    "dilated stride": dict(out_channels=2, kernel_size=3, dilation=2, stride=(2, 1), padding=2),
    "dilated same": dict(out_channels=2, kernel_size=3, dilation=2, padding="same"),
    "grouped": dict(out_channels=6, kernel_size=3, groups=2, padding=1),
    "grouped dilated": dict(out_channels=4, kernel_size=2, groups=2, dilation=2, bias=False),
    "depthwise": dict(out_channels=4, kernel_size=3, groups=4, padding=1),
    "depthwise doubled": dict(out_channels=8, kernel_size=3, groups=4, stride=2, padding=(1, 0)),
    "depthwise dilated": dict(out_channels=4, kernel_size=(2, 3), groups=4, dilation=2, bias=False),
}.items():
    record(f"conv2d {name}", nn.Conv2d(4, **arguments), IMAGE)
for name, arguments in {
    "plain": dict(out_channels=3, kernel_size=3),
    "stride": dict(out_channels=3, kernel_size=2, stride=3, padding=1),
    "same": dict(out_channels=2, kernel_size=5, padding="same"),
    "dilated": dict(out_channels=2, kernel_size=3, dilation=3, bias=False),
    "grouped": dict(out_channels=6, kernel_size=3, groups=2, padding=2),
    "depthwise": dict(out_channels=8, kernel_size=3, groups=4, stride=2, dilation=2, padding=1),
}.items():
    record(f"conv1d {name}", nn.Conv1d(4, **arguments), SEQUENCE)
for name, arguments in {
    "plain": dict(out_channels=3, kernel_size=3),
    "stride": dict(out_channels=3, kernel_size=(4, 3), stride=(2, 3)),
    "padding": dict(out_channels=2, kernel_size=4, stride=2, padding=1),
    "output padding": dict(out_channels=2, kernel_size=3, stride=(2, 3), padding=(1, 0),
                           output_padding=(1, 2)),
    "dilated": dict(out_channels=2, kernel_size=3, dilation=(2, 1), padding=2, bias=False),
    "grouped": dict(out_channels=6, kernel_size=3, groups=2, stride=2, padding=1),
    "depthwise": dict(out_channels=8, kernel_size=3, groups=4, stride=2, dilation=2, padding=2),
    "much padding": dict(out_channels=2, kernel_size=2, padding=2),
}.items():  # fmt: skip
    record(f"conv_transpose2d {name}", nn.ConvTranspose2d(4, **arguments), (2, 5, 6, 4))
for name, arguments in {
    "plain": dict(out_channels=3, kernel_size=3),
    "stride": dict(out_channels=3, kernel_size=2, stride=3),
    "output padding": dict(out_channels=2, kernel_size=5, stride=2, padding=2, output_padding=1),
    "dilated": dict(out_channels=2, kernel_size=3, dilation=3, padding=1, bias=False),
    "grouped": dict(out_channels=4, kernel_size=4, stride=2, groups=2, padding=1),
}.items():
    record(f"conv_transpose1d {name}", nn.ConvTranspose1d(4, **arguments), SEQUENCE)

POOLS = {"halves": (2,), "overlap": (3, 1), "gaps": (2, 3), "padding": (3, 2, 1), "one": (1,)}
for name, arguments in POOLS.items():
    record(f"max_pool1d {name}", nn.MaxPool1d(*arguments), SEQUENCE)
    record(f"avg_pool1d {name}", nn.AvgPool1d(*arguments), SEQUENCE)
for name, (arguments, shape) in {
    "halves": (((2, 2),), IMAGE),
    "padding": ((3, 2, 1), IMAGE),
    "overlap": ((3, 1, 1), IMAGE),
    "uneven": (((3, 2), (2, 1), (1, 0)), IMAGE),
    "corners": ((2, 2, 1), (1, 4, 4, 2)),
}.items():
    record(f"avg_pool2d {name}", nn.AvgPool2d(*arguments, count_include_pad=False), shape)
for size in (1, 2, (3, 5), (7, 6), (9, 4)):
    record(f"adaptive {size}", nn.AdaptiveAvgPool2d(size), IMAGE)
for i, shape in enumerate([IMAGE, (1, 1, 1, 1), (3, 2, 5, 1), (2, 8, 8, 3), (1, 3, 1, 2)]):
    record(f"global {i}", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), shape)
for scale in (1, 2, 3, (2, 1), (1, 4)):
    record(f"upsample {scale}", nn.Upsample(scale_factor=scale), (2, 3, 4, 2))

for name, layer, shape in [
    ("group two", nn.GroupNorm(2, 6), (3, 4, 5, 6)),
    ("group one", nn.GroupNorm(1, 4), (3, 5, 4)),
    ("group each", nn.GroupNorm(4, 4), (2, 3, 3, 4)),
    ("group eps", nn.GroupNorm(3, 6, eps=0.1), (3, 2, 2, 6)),
    ("group no affine", nn.GroupNorm(2, 4, affine=False), (3, 3, 2, 4)),
    ("group rows", nn.GroupNorm(2, 8), (5, 8)),
    ("instance images", nn.InstanceNorm2d(3), (2, 4, 5, 3)),
    ("instance affine", nn.InstanceNorm2d(3, affine=True), (2, 4, 5, 3)),
    ("instance sequence", nn.InstanceNorm1d(3, eps=1e-2), (4, 6, 3)),
    ("instance large", nn.InstanceNorm2d(1, affine=True), (3, 7, 7, 1)),
]:
    record(name, layer, shape, scale=2, shift=3)
for name, layer, shape in [
    ("instance running", nn.InstanceNorm2d(3, track_running_stats=True), (3, 4, 2, 3)),
    ("instance running affine",
     nn.InstanceNorm1d(2, affine=True, track_running_stats=True, momentum=0.3), (3, 5, 2)),
    ("batch sequence", nn.BatchNorm1d(3), (4, 6, 3)),
    ("batch average", nn.BatchNorm2d(2, momentum=None), (3, 4, 3, 2)),
    ("batch no affine", nn.BatchNorm2d(3, affine=False), (3, 2, 3, 3)),
    ("batch eps", nn.BatchNorm1d(4, eps=0.5, momentum=0.7), (6, 4)),
    ("batch two values", nn.BatchNorm1d(3), (2, 3)),
]:  # fmt: skip
    for step in range(4):  # three times in training, then in prediction
        layer.train(step < 3)
        record(f"{name} {step}", layer, shape, step == 0, scale=1 + step, shift=step)
        RECORDS[f"{name} {step}/running_mean"] = array(layer.running_mean)
        RECORDS[f"{name} {step}/running_var"] = array(layer.running_var)

if __name__ == "__main__":
    target = Path(__file__).with_name("convolution.npz")
    shapes = json.dumps({name: values.shape for name, values in RECORDS.items()})
    values = np.concatenate([values.ravel() for values in RECORDS.values()])
    np.savez_compressed(
        target, values=values, shapes=shapes, made_with=f"PyTorch {torch.__version__}"
    )
    print(f"{len(RECORDS)} arrays, {target.stat().st_size} bytes")
