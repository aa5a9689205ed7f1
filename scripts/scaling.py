#!/usr/bin/env python3
"""What several machines would give: checks the bytes that were counted in the measurements of scripts/scaling.sh against
what they should be, fits a model of time to the seconds, and predicts from it.

    scripts/scaling.py FOLDER [--threads T]

    --threads  of a machine in the prediction, which are taken to divide the computing   default: 16

An update on N ranks takes   computing / N + latency * messages + bytes * (1 / rate and handling)
where computing is what one rank measured, messages and bytes are what a rank sends and rate is the network's. Latency and
handling, the seconds that a byte costs in memory and in the network's software, are fitted; cable and handling either wait
for one another (sum) or do not (max), whichever fits better.
"""
import argparse
import json
import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "articles"))
import picture

BLOCK, FLOAT, DOUBLE, LOSS = 8192, 4, 8, 24  # floats of the optimizer's blocks; bytes of what is exchanged
RATES = (1, 10, 25)                          # Gb/s
MACHINES = (1, 2, 4, 8, 16, 32, 64)
ENOUGH = 0.8                                 # of N machines' computing: what a batch is to keep
LARGE = 16                                   # times the batch of the measurement: drawn beside it


# ---- What an update sends ----------------------------------------------------------------------------------------------

def lanes_of(lanes, rank, ranks):
    return lanes * rank // ranks, lanes * (rank + 1) // ranks


def subtrees(lanes, rank, ranks):
    """How many sums a rank makes of its lanes by itself: the largest nodes of the tree over all lanes that lie among them."""
    own = lanes_of(lanes, rank, ranks)

    def count(first, last):
        if last <= own[0] or first >= own[1]:
            return 0
        if own[0] <= first and last <= own[1]:
            return 1
        half = 1
        while 2 * half < last - first:
            half *= 2
        return count(first, first + half) + count(first + half, last)
    return count(0, lanes)


def slices(weights, ranks):
    """Where each rank's part of the weights begins, in whole blocks."""
    blocks = -(-weights // BLOCK)
    return [min(blocks * i // ranks * BLOCK, weights) for i in range(ranks + 1)]


def sent(weights, lanes, rank, ranks, shards=0):
    """(bytes, messages) that a rank sends in an update: sums of gradients to whoever has the slice, then squares of its
    own slice's blocks and its new weights to everybody, and the losses of its shards."""
    starts = slices(weights, ranks)
    own, others = starts[rank + 1] - starts[rank], ranks - 1
    roots = subtrees(lanes, rank, ranks)
    gradients = FLOAT * roots * (weights - own)
    return (gradients + others * (FLOAT * own + DOUBLE * -(-own // BLOCK) + LOSS * shards), others * (roots + 3))


def most_sent(weights, lanes, ranks):
    return max(sent(weights, lanes, rank, ranks) for rank in range(ranks))


# ---- What was measured -------------------------------------------------------------------------------------------------

class Measured:
    """A file NAME-RANKS-RATE.json, the result of bench train."""

    def __init__(self, path):
        self.name, ranks, rate = path.stem.rsplit("-", 2)
        self.rate = None if rate == "free" else float(rate)
        said = json.loads(path.read_text(encoding="utf-8"))
        self.updates, self.lanes, self.threads = said["updates"], said["lanes"], said["threads"]
        self.weights = said["trained_weights"]
        self.pieces = said["target_tokens"] / self.updates
        self.ranks = said["ranks"]
        if len(self.ranks) != int(ranks):
            sys.exit(f"scaling.py: {path} was measured on {len(self.ranks)} ranks")

    def mean(self, what):
        return sum(rank[f"{what}_seconds"] for rank in self.ranks) / len(self.ranks) / self.updates

    def bytes_counted(self):
        return [rank["sent_bytes"] for rank in self.ranks]

    def bytes_by_formula(self):
        count = len(self.ranks)
        return [self.updates * sent(self.weights, self.lanes, i, count)[0] + (count - 1) * LOSS * rank["shards"]
                for i, rank in enumerate(self.ranks)]


def measurements(folder):
    every = [Measured(path) for path in sorted(folder.glob("*-*-*.json"))]
    return sorted(every, key=lambda m: (m.weights, len(m.ranks), m.rate or math.inf))


# ---- The model of time -------------------------------------------------------------------------------------------------

BURST = 256000 / 8  # bytes that the limit of scaling.sh lets pass as fast as the cable is


class Model:
    """The fit with the least squares of relative errors."""

    def __init__(self, several):
        grid = [1e-11 * 1.01 ** i for i in range(1000)]  # seconds a byte
        self.error, self.form, self.handling, self.latency = min(
            (self.try_out(several, form, handling) for form in (sum, max) for handling in grid), key=lambda fit: fit[0])

    @staticmethod
    def of_bytes(size, form, handling, rate):
        return size * form((8e-9 / rate if rate and size > BURST else 0, handling))

    def try_out(self, several, form, handling):
        """With the latency that fits best then: what is left of x = latency * messages, in shares of what was measured."""
        rows = []
        for m in several:
            size, messages = most_sent(m.weights, m.lanes, len(m.ranks))
            seconds = m.mean("exchange")
            rows.append((messages / seconds, 1 - self.of_bytes(size, form, handling, m.rate) / seconds))
        latency = max(sum(x * y for x, y in rows) / sum(x * x for x, _ in rows), 0)
        return sum((y - latency * x) ** 2 for x, y in rows), form, handling, latency

    def exchange(self, weights, lanes, ranks, rate):
        size, messages = most_sent(weights, lanes, ranks)
        return self.latency * messages + self.of_bytes(size, self.form, self.handling, rate)


# ---- Tables ------------------------------------------------------------------------------------------------------------

def table(header, rows):
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in (header, ["---"] * len(header), *rows)]
    print("\n".join(lines) + "\n")


def speed(rate):
    return "as it is" if rate is None else f"{rate:g} Gb/s"


def print_measured(every, model):
    rows, wrong = [], 0
    for m in every:
        counted, formula = m.bytes_counted(), m.bytes_by_formula()
        wrong += counted != formula
        exchange, row = m.mean("exchange"), [m.name, len(m.ranks), speed(m.rate) if len(m.ranks) > 1 else "–"]
        row += [f"{m.mean('computing'):.4f}", f"{m.mean('waiting'):.4f}", f"{exchange:.4f}"]
        if len(m.ranks) > 1:
            fitted = model.exchange(m.weights, m.lanes, len(m.ranks), m.rate)
            row += [f"{fitted:.4f} ({100 * (fitted / exchange - 1):+.0f}%)"]
            row += [f"{counted[0] / m.updates / 1e6:.3f}", f"{formula[0] / m.updates / 1e6:.3f}"]
        rows.append(row + ["–"] * (9 - len(row)))
    table(["shape", "ranks", "cable", "computing", "waiting", "exchange", "by the model", "MB sent", "by formula"], rows)
    return wrong


class Prediction:
    def __init__(self, measured, model, threads):
        self.name, self.weights, self.pieces, self.model = measured.name, measured.weights, measured.pieces, model
        self.threads, self.lanes = threads, MACHINES[-1]
        self.seconds_of_piece = measured.mean("computing") / measured.pieces * measured.threads / threads

    def exchange(self, machines, rate):
        return self.model.exchange(self.weights, self.lanes, machines, rate) if machines > 1 else 0

    def seconds(self, machines, rate, batches=1):
        return self.seconds_of_piece * self.pieces * batches / machines + self.exchange(machines, rate)

    def efficiency(self, machines, rate, batches=1):
        return self.seconds(1, rate, batches) / machines / self.seconds(machines, rate, batches)

    def batch(self, machines, rate):
        """Target pieces of an update with which ENOUGH of the machines' computing is left."""
        return self.exchange(machines, rate) * ENOUGH / (1 - ENOUGH) * machines / self.seconds_of_piece

    def describe(self):
        return [{"shape": self.name, "machines": n, "gbit": rate, "seconds": self.seconds(n, rate),
                 "efficiency": self.efficiency(n, rate), "batch": self.batch(n, rate)} for n in MACHINES for rate in RATES]


def print_predicted(predictions):
    rows = [[p.name, n, *(f"{p.seconds(n, rate):.3f} ({100 * p.efficiency(n, rate):.0f}%)" for rate in RATES),
             *(f"{p.batch(n, rate):,.0f}" if n > 1 else "any" for rate in RATES)] for p in predictions for n in MACHINES]
    table(["shape", "machines", *(f"{speed(rate)}: seconds an update (efficiency)" for rate in RATES),
           *(f"batch for {100 * ENOUGH:.0f}% at {speed(rate)}" for rate in RATES)], rows)


def print_cores(several, one, model):
    """Measured on one machine with more cores: T threads in each of R ranks."""
    rows = []
    for m in several:
        ranks = len(m.ranks)
        took = m.mean("computing") + m.mean("waiting") + m.mean("exchange")
        said = one.mean("computing") * one.threads / (ranks * m.threads)
        said += model.exchange(m.weights, m.lanes, ranks, None) if ranks > 1 else 0
        rows.append([m.threads, ranks, f"{took:.4f}", f"{said:.4f}", f"{took / said:.2f}"])
    table(["threads of a rank", "ranks", "seconds an update", "predicted", "of it"], rows)


def print_translating(folder):
    """What a text takes on R ranks of T threads, which share its lines and exchange next to nothing."""
    took = {tuple(map(int, path.stem.split("-")[1:])): float(path.read_text(encoding="utf-8"))
            for path in folder.glob("translating-*-*.seconds")}
    rows = [[threads, ranks, f"{seconds:.2f}", f"{took[1, 1] / ranks / threads:.2f}",
             f"{seconds * ranks * threads / took[1, 1]:.2f}"] for (ranks, threads), seconds in sorted(took.items())]
    table(["threads of a rank", "ranks", "seconds of a text", "predicted", "of it"], rows)


def draw(predictions):
    def curves(p, batches):
        return {speed(rate): [(n, 100 * p.efficiency(n, rate, batches)) for n in MACHINES] for rate in RATES}
    return picture.panels([picture.lines(
        curves(p, 1), "machines", "efficiency, %", log_x=True, theory=curves(p, LARGE),
        title=f"{p.name}: {p.weights / 1e6:.1f} million weights, {p.pieces:,.0f} pieces an update; dashed: {LARGE} times as many")
        for p in predictions], 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=16)
    options = parser.parse_args()
    every = measurements(options.folder)
    alone, several = ([m for m in every if (len(m.ranks) > 1) == many] for many in (False, True))
    if not alone or not several:
        sys.exit(f"scaling.py: {options.folder} has no measurements on one rank and on several: scripts/scaling.sh makes them")
    model = Model(several)
    print("Seconds of an update, and what the first rank sends in it:\n")
    wrong = print_measured(every, model)
    print(f"Fitted: {1e6 * model.latency:.0f} μs a message, {1e9 * model.handling:.2f} ns a byte, which the cable's time is "
          f"{'added to' if model.form is sum else 'hidden behind, or hides'}.\n")
    predictions = [Prediction(m, model, options.threads) for m in alone if m.name != "least"]
    print(f"Predicted, for machines of {options.threads} threads such as this one's, {MACHINES[-1]} lanes and the batch of "
          "the measurement, if no rank waits for a slower one; the batch that would keep the efficiency is in target "
          "pieces an update:\n")
    print_predicted(predictions)
    cores = measurements(options.folder / "cores")
    if cores:
        print("On this machine, threads and ranks:\n")
        print_cores(cores, next(m for m in alone if m.name == "tiny"), model)
        print_translating(options.folder / "cores")
    (options.folder / "picture.svg").write_text(draw(predictions), encoding="utf-8")
    (options.folder / "results.json").write_text(json.dumps(
        {"latency": model.latency, "handling": model.handling, "form": model.form.__name__, "threads": options.threads,
         "predicted": [row for p in predictions for row in p.describe()]}, indent=1) + "\n", encoding="utf-8")
    print(f"Figures and picture: {options.folder}")
    if wrong:
        sys.exit(f"scaling.py: in {wrong} measurements other bytes were counted than the formula says")


if __name__ == "__main__":
    main()
