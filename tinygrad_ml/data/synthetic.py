"""A picture and a voice that are computed, for trying out what compresses pictures and sounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..generators import generator


def make_scene(height: int = 256, width: int = 256, random_state: Any = None) -> np.ndarray:
    """A grey picture (height, width) of float64 numbers in 0..1.

    A sky that grows lighter, hills, a shaded ball, a wall of bricks, and fine texture.
    """
    rng = generator(random_state, "make_scene", "random_state")
    y, x = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    scene = 0.45 + 0.4 * y
    for level, depth, shade in ((0.45, 0.08, 0.55), (0.6, 0.05, 0.38)):
        waves = sum(np.sin(2 * np.pi * (k * x + rng.random())) / k for k in (1, 2, 3, 5))
        texture = 0.06 * np.sin(2 * np.pi * (40 * x + 9 * y)) * np.sin(2 * np.pi * 31 * y)
        scene = np.where(y > level + depth * waves, shade + texture, scene)
    rows = np.floor(16 * y)
    mortar = ((16 * y) % 1 < 0.12) | ((10 * x + 0.5 * (rows % 2)) % 1 < 0.07)
    bricks = (
        0.3 + 0.25 * rng.random((17, 32))[rows.astype(int), (10 * x + rows % 2 / 2).astype(int)]
    )
    scene = np.where((y > 0.75) & (x < 0.6), np.where(mortar, 0.8, bricks), scene)
    u, v = (x - 0.72) / 0.2, (y - 0.32) / 0.2 * height / width
    inside = u**2 + v**2 < 1
    up = np.sqrt(np.maximum(0, 1 - u**2 - v**2))
    light = np.clip(0.5 * up - 0.45 * u - 0.45 * v, 0, 1)
    scene = np.where(inside, 0.1 + 0.75 * light + 0.4 * light**20, scene)
    return np.clip(scene + 0.01 * rng.normal(size=scene.shape), 0, 1)


def make_voice(seconds: float = 2.0, rate: int = 8000, random_state: Any = None) -> np.ndarray:
    """A voice-like waveform of `rate` samples a second, float64 within -1..1.

    Harmonics of a gliding pitch, made loud near three resonances that go from vowel to vowel, in
    syllables, with a little breath.
    """
    rng = generator(random_state, "make_voice", "random_state")
    t = np.arange(round(seconds * rate)) / rate
    pitch = 120 + 25 * np.sin(2 * np.pi * 0.7 * t) + 3 * np.sin(2 * np.pi * 5.5 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    vowels = np.array([[700, 1200, 2500], [300, 2200, 2900], [500, 900, 2400], [350, 700, 2300]])
    moments = np.linspace(0, t[-1], len(vowels))
    resonances = [np.interp(t, moments, vowels[:, i]) for i in range(3)]
    voice = np.zeros_like(t)
    for k in range(1, 40):
        frequency = k * pitch
        gain = sum(
            strength / (1 + ((frequency - centre) / breadth) ** 2)
            for centre, strength, breadth in zip(resonances, (1.0, 0.5, 0.25), (80, 110, 160))
        )
        voice += np.where(frequency < 0.45 * rate, gain, 0) * np.sin(k * phase)
    loudness = np.maximum(0, np.sin(2 * np.pi * 1.5 * t)) ** 0.5
    voice = (voice + 0.02 * rng.normal(size=t.shape)) * loudness
    return 0.95 * voice / np.abs(voice).max()
