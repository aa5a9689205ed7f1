#!/usr/bin/env python3
"""The articles' Table 2 on small corpora: recurrent, convolutional and Transformer models of about as many parameters, on
the same text, pieces, epochs and schedule. Learning rate and dropout of each were chosen by the same trials (--tune).

handbook: German to English on 15,000 pairs of a handbook. BLEU.
sounds:   letters to sounds of English words. WER: of 100 words, those that are none of their pronunciations.
multi30k: captions, German to English, in the pieces of FOLDER/bpe (scripts/multi30k.sh says where they are from): four of
          the systems, one seed. BLEU of the tokens as they stand.
"""
import json
import math
import pathlib
import re
import subprocess
from dataclasses import dataclass

from article import Article, spread

SYSTEMS = {  # with 4,000 pieces, 1.8 to 2 million parameters each, and 10.5 to 12 million operations a piece
    "LSTM, no attention": {"type": "rnn", "rnn_cell": "lstm", "rnn_attention": "none", "enc_direction": "forward",
                           "enc_depth": 2, "dec_depth": 2, "dim_rnn": 224},
    "LSTM, attention": {"type": "rnn", "rnn_cell": "lstm", "enc_direction": "forward", "dim_rnn": 256},
    "LSTM, attention, bidirectional": {"type": "rnn", "rnn_cell": "lstm", "dim_rnn": 192},
    "LSTM, attention, bidirectional, input feeding": {"type": "rnn", "rnn_cell": "lstm", "rnn_attention": "general",
                                                      "input_feeding": True, "dim_rnn": 224},
    "GRU, attention, bidirectional": {"type": "rnn", "rnn_cell": "gru", "dim_rnn": 224},
    "convolutions": {"type": "conv", "conv": "plain", "enc_depth": 6, "dec_depth": 5},
    "separable convolutions": {"type": "conv", "conv": "separable", "dim_emb": 192, "enc_depth": 5, "dec_depth": 4,
                               "conv_largest": 15},
    "light convolutions": {"type": "conv", "conv": "light", "dim_ffn": 512, "enc_depth": 3, "dec_depth": 3, "heads": 4,
                           "conv_largest": 15},
    "Transformer, post-norm": {"dim_ffn": 512, "enc_depth": 3, "dec_depth": 3, "heads": 4, "norm_place": "post"},
    "Transformer, pre-norm": {"dim_ffn": 512, "enc_depth": 3, "dec_depth": 3, "heads": 4, "norm_place": "pre"},
}
FOUR = ["LSTM, no attention", "GRU, attention, bidirectional", "convolutions", "Transformer, pre-norm"]  # of multi30k

SIZES = {  # pairs, epochs, and pieces of a vocabulary that is to be made: small settings, and full ones
    "handbook": [(3000, 3, 2000), (15000, 24, 4000)],
    "sounds": [(6000, 2, None), (60000, 12, None)],
    "multi30k": [(3000, 1, None), (29000, 20, None)],
}
WORDS = 2048  # target pieces of an update
SECONDS = 1  # of a round of --speed

# Learning rate and dropout. The trials begin with those of the task: other rates first, and other dropouts with the best.
FIRST = {"handbook": (0.002, 0.3), "sounds": (0.002, 0.1), "multi30k": (0.002, 0.3)}
TRIED = {"handbook": ([0.001, 0.002, 0.004], [0.2, 0.3, 0.4]), "sounds": ([0.001, 0.002, 0.004], [0.1, 0.2])}
CHOSEN = {}  # (task, system): what the trials came to, where that is something else. multi30k takes the handbook's


@dataclass
class Task:
    name: str
    epochs: int
    train: list
    dev: list
    test: pathlib.Path
    references: list
    options: dict
    metric: str = "bleu"
    tok: str = None

    def score(self, article, run):
        """BLEU, or WER: less is better."""
        if run.diverged:
            return math.nan
        got = article.score(run, self.test, self.references, self.metric, tok=self.tok)[self.metric]
        return 100 - got if self.metric == "exact" else got


# ---- The tasks -------------------------------------------------------------------------------------------------------


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def read(path):
    return path.read_text(encoding="utf-8").splitlines()


def drawn(article, name, train):
    """What a task of this name has by its size."""
    count, epochs, pieces = SIZES[name][article.full]
    return {"name": name, "epochs": epochs, "train": article.some(train, count, article.runs / name),
            "options": {"vocab_size": pieces} if pieces else {"segmenter": "space"}}


def handbook(article):
    text = article.text("scripts/handbook.sh", "--text-only", "de")
    train, dev, test = [[text / f"{part}.{language}" for language in ("de", "en")] for part in ("train", "dev", "test")]
    return Task(**drawn(article, "handbook", train), dev=dev, test=test[0], references=test[1:])


def sounds(article):
    text = article.text("scripts/g2p.sh", "--text-only")
    train, dev = [[text / f"{part}.{side}" for side in ("letters", "sounds")] for part in ("train", "dev")]
    return Task(**drawn(article, "sounds", train), dev=dev, test=text / "test.letters",
                references=sorted(text.glob("test.sounds.*")), metric="exact")


def multi30k(article, languages=("de", "en")):
    text = article.options.multi30k / "bpe"
    train, dev, test = [[text / f"{part}.{language}" for language in languages] for part in ("train", "valid", "test.2016")]
    words = write(article.runs / f"multi30k.test.{languages[1]}", [line.replace("@@ ", "") for line in read(test[1])])
    return Task(**drawn(article, "multi30k", train), dev=dev, test=test[0], references=[words], tok="none")


TASKS = {"handbook": handbook, "sounds": sounds, "multi30k": multi30k}


# ---- A run -----------------------------------------------------------------------------------------------------------


def train(article, task, system, seed, chosen=None, epochs=None, called=(), **changes):
    """chosen: learning rate and dropout, where they are not those of the system; changes: to its options, and what they are
    called in the run's name, if not by these."""
    name = "-".join([task.name, *re.findall(r"\w+", system.lower()), *(called or changes), *map(str, chosen or ()), str(seed)])
    return article.train(name, task.train, task.dev, seed=seed,
                         **options_of(article, task, system, chosen or chosen_for(task.name, system), epochs, changes))


def options_of(article, task, system, chosen, epochs=None, changes=None):
    """The options of training."""
    rate, dropout = chosen
    return {"dim_emb": 128, **SYSTEMS[system], **task.options, **(changes or {}), "learn_rate": rate, "dropout": dropout,
            "lr_schedule": "cosine", "mini_batch_words": WORDS, "after": f"{epochs or task.epochs}e", "early_stopping": 0,
            "valid_metrics": "ce-mean-words", "disp_freq": "1e", "precision": article.options.precision}


def chosen_for(task, system):
    like = "handbook" if task.startswith("multi30k") else task
    return CHOSEN.get((like, system), FIRST[task])


def costs(article, run):
    """Parameters, operations of a target piece, and of all that the run has learnt from. An epoch is cut into updates that
    are of WORDS pieces on average, to half an update."""
    last = run.of("train")[-1]
    pieces = last["update"] * WORDS
    described = article.describe(run, round(pieces / last["sentences"]))
    piece = described["operations"]["train"]["total"]
    return described["parameters"]["total"]["count"], piece, piece * pieces


def measure(article, what, run, *arguments):
    """What dragoman bench says of the model on one thread: measured with --speed, and kept. None: it has not been yet."""
    kept = run.folder / f"bench-{what}.json"
    if article.options.speed:
        command = [article.dragoman, "bench", what, "--model", run.folder, "--cpu-threads", "1", "--json", "--precision",
                   article.options.precision, "--seconds", str(SECONDS), *map(str, arguments)]
        article.say(*command)
        kept.write_text(subprocess.run(command, check=True, capture_output=True, text=True).stdout, encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else None


def speeds(article, task, run):
    """As the table has them: pieces a second in training and in greedy search, memory of training."""
    training = measure(article, "train", run, "--mini-batch-words", WORDS)
    search = measure(article, "translate", run, "--input", task.test, "--mini-batch", 32)
    if not training or not search:
        return ["–"] * 3
    return [f"{figures['target_tokens_per_second']['median']:,.0f}" for figures in (training, search)] + [
        f"{training['peak_memory_bytes'] / 2 ** 20:,.0f}"]


# ---- The table -------------------------------------------------------------------------------------------------------


def compare(article, task, systems):
    """The table of these systems on a task, its figures, its curves, and the first runs."""
    rows, results, curves, first = [], [], {}, {}
    for system in systems:
        runs = [train(article, task, system, seed)
                for seed in (article.seeds[:1] if task.name == "multi30k" else article.seeds)]
        scores = [task.score(article, run) for run in runs]
        whole = next((run for run in runs if not run.diverged), None)
        if not whole:
            rows.append([system, spread(scores), *["–"] * 7])
            continue
        parameters, piece, all_pieces = costs(article, whole)
        rows.append([system, spread(scores, 1), f"{parameters / 1e6:.2f}", f"{piece / 1e6:.1f}",
                     f"{all_pieces / 1e12:,.0f}", spread([run.seconds / 60 for run in runs], 1),
                     *speeds(article, task, whole)])
        results.append({"task": task.name, "system": system, "scores": scores, "validation": [run.best() for run in runs],
                        "operations": all_pieces, "minutes": [run.seconds / 60 for run in runs]})
        curves[system] = [(event["update"] * WORDS * piece / 1e12, event["ce-mean-words"]) for event in whole.of("valid")]
        first[system] = whole
    measured = "WER" if task.metric == "exact" else "BLEU"
    article.table([f"{task.name}, {task.epochs} epochs", measured, "million parameters", "million operations a piece",
                   "10^12 operations in all", f"minutes, {article.threads} thread{'s' * (article.threads > 1)}",
                   "pieces a second, training", "pieces a second, greedy search", "MiB of memory, training"], rows)
    return results, curves, first


def draw_attention(article, runs):
    """What the first models look at in the same sentences, side by side in one page."""
    command = [article.dragoman, "report", "--model", *[run.folder for run in runs], "--output",
               article.folder / "report.html", "--cpu-threads", str(article.threads)]
    article.say(*command)
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


def try_settings(article, task, system, settings, tried):
    """Adds what each of them costs to those tried, and returns the best of these: by the validation cost after half as many
    epochs, seed 1."""
    for chosen in settings:
        if chosen not in tried:
            cost = train(article, task, system, 1, chosen, math.ceil(task.epochs / 2)).best()
            tried[chosen] = math.inf if math.isnan(cost) else cost
    return min(tried, key=tried.get)


def tune(article, task):
    rows = []
    rates, dropouts = TRIED[task.name]
    for system in asked_for(article, SYSTEMS):
        tried = {}
        best_rate, _ = try_settings(article, task, system, [(rate, FIRST[task.name][1]) for rate in rates], tried)
        best = try_settings(article, task, system, [(best_rate, dropout) for dropout in dropouts], tried)
        costs_of_all = ", ".join(f"{rate:g}, {dropout:g}: {cost:.3f}" for (rate, dropout), cost in tried.items())
        rows.append([system, *best, costs_of_all])
    article.table([f"{task.name}: system", "learning rate", "dropout", "all that were tried: validation cost"], rows)


def add_precision(parser):
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"], help="of the products, in training")


def add_comparison(parser, tasks=("handbook", "sounds")):
    add_precision(parser)
    parser.add_argument("--tasks", nargs="*", choices=tasks, default=tasks)
    parser.add_argument("--multi30k", type=pathlib.Path, metavar="FOLDER", help="compare on Multi30k, too")
    parser.add_argument("--speed", action="store_true", help="also measure speed and memory of each system, on one thread: "
                                                             "on a machine that does nothing else")


def add_only(parser, names):
    """For rows that are made on several days. asked_for leaves out the others."""
    parser.add_argument("--only", nargs="+", choices=list(names), metavar="ROW", help="these rows, or parts, alone")


def asked_for(article, names):
    return [name for name in names if not article.options.only or name in article.options.only]


def tasks_asked(article):
    return [TASKS[name](article) for name in [*article.options.tasks, *["multi30k"] * bool(article.options.multi30k)]]


def add_options(parser):
    add_comparison(parser)
    add_only(parser, SYSTEMS)
    parser.add_argument("--tune", action="store_true", help="instead: find learning rate and dropout for each system, by "
                                                            "the validation cost after half as many epochs")


def main():
    article = Article(__doc__, "The Transformer is better than recurrent and convolutional models, and costs less to train",
                      add_options)
    tasks = tasks_asked(article)
    if article.options.tune:
        for task in tasks:
            tune(article, task)
        return
    results, pictures = [], []
    for task in tasks:
        found, curves, first = compare(article, task, asked_for(article, FOUR if task.name == "multi30k" else SYSTEMS))
        results += found
        pictures.append(curves)
        if task is tasks[0]:
            draw_attention(article, first.values())
    article.end(results, pictures[0], x="10^12 operations", y="validation cost, nats a piece", log_y=True,
                title=tasks[0].name)


if __name__ == "__main__":
    main()
