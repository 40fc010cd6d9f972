"""Write text messages letter by letter, after reading some thousand of them, with a small GPT."""

import html
import os

import numpy as np

import tinygrad_ml as tg
from tinygrad_ml.data import load_sms_spam
from tinygrad_ml.models import GPT
from tinygrad_ml.plotting import plot_history, write_picture

quick = bool(os.environ.get("TINYGRAD_ML_QUICK"))
epochs, length = (1, 32) if quick else (12, 64)
alphabet = "\n !\"&'(),-./0123456789:;?abcdefghijklmnopqrstuvwxyz"

X, y = load_sms_spam()
messages = np.unique(X[y == 0].astype(str))  # no text twice, or held-out ones would be known
np.random.default_rng(0).shuffle(messages)
messages = messages[:300] if quick else messages


def pieces(messages):
    """(ids, next ids) of the messages, one per line, cut into pieces of `length` characters."""
    text = html.unescape("\n".join(messages)).lower()
    ids = np.array([alphabet.index(c) for c in text if c in alphabet])
    n = (len(ids) - 1) // length
    return ids[: n * length].reshape(n, length), ids[1 : n * length + 1].reshape(n, length)


def write(title, count):
    """What the model writes behind the end of a line."""
    written = model.generate([0], count, temperature=0.8, rng=0)
    print(f"{title}:\n{''.join(alphabet[i] for i in written).strip()}\n")


held_out = len(messages) // 10
train, test = pieces(messages[held_out:]), pieces(messages[:held_out])
model = GPT(len(alphabet), length, size=96, heads=4, layers=3, rng=0)
print(f"{train[0].size:,} characters to learn from, {model.n_parameters:,} parameters")
write("before training", 80)

optimizer = tg.optim.AdamW(model.parameters(), learning_rate=0.003, weight_decay=0.1)
schedule = tg.optim.OneCycleSchedule(epochs, peak=0.1 * epochs)  # warm-up, then a cosine down to 0
loss = tg.functional.cross_entropy
trainer = tg.Trainer(model, loss, optimizer, schedule, ["accuracy"], clip_norm=1.0, rng=0)
history = trainer.fit(train, epochs, validation=test)
bits = history["validation_loss"][-1] / np.log(2)
print(f"held-out: {bits:.3f} bits per character ({np.log2(len(alphabet)):.2f} know nothing), "
      f"{history['validation_accuracy'][-1]:.1%} of the characters foreseen")  # fmt: skip
write("after training", 60 if quick else 400)
print(write_picture("character_gpt.png", plot_history, history, title="A GPT learns to write"))
