"""Sort text messages into ham and spam by counting their words: naive Bayes.

python examples/spam_filter.py   5 folds, shuffled with the seeds 0, 1 and 2, so 15 parts in all
"""

import os

import numpy as np

from tinygrad_ml.data import load_sms_spam
from tinygrad_ml.model_selection import StratifiedKFold
from tinygrad_ml.models import CountVectorizer, MultinomialNB
from tinygrad_ml.plotting import plot_weights, write_picture

seeds = range(1 if os.environ.get("TINYGRAD_ML_QUICK") else 3)
X, y = load_sms_spam()


def learn(texts, labels):
    words = CountVectorizer(token_pattern=r"\w+")
    return words, MultinomialNB().fit(words.fit_transform(texts), labels)


first = np.sort(np.unique(X, return_index=True)[1])  # a repeated message would be known already
for name, texts, labels in (("all messages", X, y), ("each text once", X[first], y[first])):
    scores = []
    for seed in seeds:
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        for train, test in folds.split(texts, labels):
            words, model = learn(texts[train], labels[train])
            found, spam = model.predict(words.transform(texts[test])), labels[test]
            precision, recall = spam[found == 1].mean(), found[spam == 1].mean()
            f1 = 2 * precision * recall / (precision + recall)
            scores.append((np.mean(found == spam), f1, precision, recall))
    print(f"{name}: {len(texts)}, of {len(scores)} test parts (5 folds, seeds {list(seeds)})")
    for measure, values in zip(("accuracy", "F1", "precision", "recall"), np.transpose(scores)):
        print(f"  {measure:9}  mean {values.mean():.3f}  worst {values.min():.3f}")

words, model = learn(X, y)
terms = words.get_feature_names_out()
odds = model.feature_log_prob_[1] - model.feature_log_prob_[0]
print("most telling of ham: ", *terms[odds.argsort()[:10]])
print("most telling of spam:", *terms[odds.argsort()[:-11:-1]])
print("P(w | c) sums to", np.exp(model.feature_log_prob_).sum(axis=1))
mine = [
    "Lunch at twelve? I'll be at the station",
    "You won a free prize! Call now to claim your 500 pound reward",
    "Can you call me when you are free",
    "xyzzy",  # no known word: the prior decides
]
for text, (_, spam) in zip(mine, model.predict_proba(words.transform(mine))):
    print(f"P(spam) = {spam:.4f}  {text}")
label = "ham  <   log P(word | spam) - log P(word | ham)   >  spam"
print(write_picture("spam_filter.png", plot_weights, terms, odds, 15, label, "Telling words"))
