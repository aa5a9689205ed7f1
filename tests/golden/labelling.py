#!/usr/bin/env python3
"""Writes tests/golden/labelling.json: what seqeval 1.2 and scikit-learn make of labels drawn at random.

    tests/golden/labelling.py > tests/golden/labelling.json        (needs seqeval, scikit-learn)
"""
import json
import random

from seqeval.metrics import f1_score as of_entities
from sklearn.metrics import accuracy_score, f1_score

SETS = {"bio": ["O", "O", "B-X", "I-X", "B-Y", "I-Y"],
        "bioes": ["O", "B-X", "I-X", "E-X", "S-X", "B-Y", "I-Y", "E-Y", "S-Y", "I-Z-Z"],
        "tags": ["NOUN", "VERB", "ADJ", "X", "PUNCT"]}


def draw(dice, labels):
    wanted = [[dice.choice(labels) for _ in range(dice.randint(0, 12))] for _ in range(dice.randint(1, 8))]
    right = dice.choice([0.3, 0.7, 0.95])
    return wanted, [[label if dice.random() < right else dice.choice(labels) for label in row] for row in wanted]


def main():
    cases = []
    for name, labels in SETS.items():
        dice = random.Random(name)
        while len(cases) < 40 * (1 + list(SETS).index(name)):
            wanted, said = draw(dice, labels)
            flat = [sum(rows, []) for rows in (wanted, said)]
            if not flat[0] or (name != "tags" and set(flat[0]) <= {"O"}):
                continue
            f1 = f1_score(*flat, average="macro", zero_division=0) if name == "tags" else of_entities(wanted, said)
            cases.append({"references": [" ".join(row) for row in wanted], "hypotheses": [" ".join(row) for row in said],
                          "accuracy": 100 * accuracy_score(*flat), "f1": 100 * float(f1)})
    print(json.dumps(cases, indent=1))


main()
