"""Threads that train separate models do not disturb each other: serial runs, bit for bit."""

import threading

import numpy as np

import tinygrad_ml as tg
from tinygrad_ml.models import CNN


def train(seed, results):
    rng = np.random.default_rng(seed)
    images, classes = rng.random((96, 16, 16, 3)), rng.integers(0, 10, 96)
    model = CNN((16, 16, 3), 10, channels=(16, 16), dropout=0.3, batch_norm=True, rng=seed)
    optimizer = tg.optim.Adam(model.parameters(), learning_rate=0.01)
    trainer = tg.Trainer(model, tg.functional.cross_entropy, optimizer, rng=seed)
    trainer.fit((images, classes), epochs=2, progress=False)
    results[seed] = model.state_dict()


def test_eight_threads_train_networks_as_one_would():
    serial: dict = {}
    for seed in range(8):
        train(seed, serial)
    parallel: dict = {}
    threads = [threading.Thread(target=train, args=(seed, parallel)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(8):
        for name, array in serial[seed].items():
            np.testing.assert_array_equal(parallel[seed][name], array, err_msg=f"{seed} {name}")
    assert not np.array_equal(*(serial[seed]["layers.0.weight"] for seed in (0, 1)))


def train_recurrent(seed, results):
    x = np.random.default_rng(seed).standard_normal((32, 12, 64)).astype(np.float32)
    model = tg.nn.LSTM(64, 64, rng=seed)
    optimizer = tg.optim.SGD(model.parameters(), learning_rate=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        tg.functional.mse_loss(model(x)[0], x).backward()
        optimizer.step()
    results[f"recurrent {seed}"] = model.state_dict()


def test_other_layers_beside_them_change_nothing():
    """Products that need all of BLAS's threads beside layers that keep it to one."""
    jobs = [*((train, seed) for seed in range(3)), *((train_recurrent, seed) for seed in range(3))]
    serial: dict = {}
    parallel: dict = {}
    for job, seed in jobs:
        job(seed, serial)
    threads = [threading.Thread(target=job, args=(seed, parallel)) for job, seed in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert serial.keys() == parallel.keys()
    for key, states in serial.items():
        for name, array in states.items():
            np.testing.assert_array_equal(parallel[key][name], array, err_msg=f"{key} {name}")
