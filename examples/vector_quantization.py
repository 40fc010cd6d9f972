"""Pictures and sounds in few bits: codebooks of blocks, and scalar quantizers beside them."""

import numpy as np

from tinygrad_ml import models
from tinygrad_ml.data import make_scene, make_voice
from tinygrad_ml.models import psnr, snr
from tinygrad_ml.plotting import plot_images, plot_signals, write_picture


def line(name, bits, quality, total=""):
    print(f"    {name:32}{bits:8.3f}{total:>10}{quality:10.2f}")


def scalars(signal, measure):
    for bits in (1, 2, 4):
        for method in ("uniform", "lloyd-max"):
            scalar = models.ScalarQuantizer(bits, method=method).fit(signal)
            line(f"{method}, {2**bits} levels", bits, measure(scalar.decode(scalar.encode(signal))))


scene = make_scene(random_state=0)  # computed, as the voice is
blocks = models.image_blocks(scene, (4, 4))
pictures = {"original": scene}
print(f"picture {scene.shape}: bits per pixel, the same with the codebook, PSNR in dB")
for n_codes in (4, 16, 64, 256):
    quantizer = models.VectorQuantizer(n_codes).fit(blocks)
    decoded = quantizer.decode(quantizer.encode(blocks))
    decoded = models.image_from_blocks(decoded, scene.shape, (4, 4))
    bits, total = (quantizer.bits(len(blocks), size) / scene.size for size in (0, 8))
    quality = psnr(scene, decoded, peak=1)
    pictures[f"{total:.2f} bits a pixel\n{quality:.1f} dB"] = decoded
    line(f"codebook of {n_codes} blocks of 4 x 4", bits, quality, f"{total:.3f}")
scalars(scene, lambda decoded: psnr(scene, decoded, peak=1))
images = np.repeat(np.stack(list(pictures.values()))[..., None], 3, axis=3).clip(0, 1)  # colours
print(write_picture("quantized_picture.png", plot_images, images, list(pictures), 5, size=2.6,
                    title="Vector quantization of blocks of 4 x 4 pixels"))  # fmt: skip

voice = make_voice(random_state=0)
pairs, versions = voice.reshape(-1, 2), {}
print(f"voice, {len(voice):,} samples: bits per sample, SNR in dB")
for bits in (1, 2, 4):
    quantizer = models.VectorQuantizer(4**bits).fit(pairs)
    decoded = quantizer.decode(quantizer.encode(pairs)).reshape(-1)
    line(f"codebook of {4**bits} pairs", bits, snr(voice, decoded))
    versions[f"{bits} bits a sample, {snr(voice, decoded):.1f} dB"] = decoded[6400:6800]
scalars(voice, lambda decoded: snr(voice, decoded))
print(write_picture("quantized_voice.png", plot_signals, voice[6400:6800], versions, 8000,
                    title="A voice as codes of pairs of samples"))  # fmt: skip
