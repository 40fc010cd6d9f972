"""The life of a model, on breast tumours: train, tune, deploy, predict, log, watch, report.

python examples/life_cycle.py

A third of the patients come later, one batch after another, to a server process that loaded the
saved model. In the last batches a microscope is set wrong: lengths are 15 % too large, areas 32 %.
One split, drawn with seed 0, shows the stages; how good the model is, is not judged here.
"""

from pathlib import Path

import numpy as np

from tinygrad_ml.data import load_breast_cancer
from tinygrad_ml.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from tinygrad_ml.models import LogisticRegression
from tinygrad_ml.monitoring import Monitor
from tinygrad_ml.plotting import plot_monitor, write_picture
from tinygrad_ml.preprocessing import StandardScaler, make_pipeline
from tinygrad_ml.serving import Service, ServingError

data = load_breast_cancer()
X, later_X, y, later_y = train_test_split(*data, test_size=0.33, stratify=data.y, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# Train and tune: the scaler learns from the training rows of each fold alone.
search = GridSearchCV(
    make_pipeline(StandardScaler(), LogisticRegression()),
    {"logisticregression__C": [0.01, 0.1, 1.0, 10.0, 100.0]},
    cv=StratifiedKFold(5, shuffle=True, random_state=0),
).fit(X_train, y_train)
promised = search.score(X_test, y_test)
print(f"{search.best_params_}: {search.best_score_:.1%} in cross-validation, {promised:.1%} tested")

# Deploy: save, and start a server process that knows nothing but the file.
search.best_estimator_.save("tumours.safetensors")
Path("tumours.jsonl").unlink(missing_ok=True)  # or the log of an earlier run goes on
monitor = Monitor(X, accuracy=promised, path="tumours.jsonl", window=95, names=data.feature_names)
shift = np.array([1.15 if "radius" in n or "perimeter" in n else 1.32 if "area" in n else 1.0
                  for n in data.feature_names])  # fmt: skip
with Service("tumours.safetensors") as service:
    print(f"deployed: {service.health()['model']:.60}")
    for batch, rows in enumerate(np.array_split(np.arange(len(later_X)), 10)):
        wrong = batch >= 5
        came = later_X[rows] * (shift if wrong else 1.0)
        ids = monitor.log(came, service.predict(came))  # predict and log
        monitor.label(ids, later_y[rows])  # the truth, once it is known
        if batch in (4, 9):
            print(f"\nafter batch {batch + 1}" + (", microscope set wrong" if wrong else ""))
            print(monitor.report())
    try:
        service.predict(later_X[:1, :3])
    except ServingError as error:
        print(f"\na bad request is refused: {error}")
print(write_picture("life_cycle.png", plot_monitor, monitor, "Tumours, after the microscope moved"))
