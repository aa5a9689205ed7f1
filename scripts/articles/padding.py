#!/usr/bin/env python3
"""What padding costs: of 50 positions 5 hold a word, and of the batches of real text some share does. Training and greedy
translating in batches of 32, target pieces a second that are words: as they are (spans), filled up on purpose
(dragoman bench --pad-to), and PyTorch's padded batches. The shape is bench's tiny, on one thread.

    scripts/articles/padding.py [--peer PYTHON]

    --peer     a Python that has PyTorch                    default: without PyTorch's columns
"""
import json
import pathlib
import random
import subprocess

from article import Article

PEER = pathlib.Path(__file__).resolve().parents[1] / "peers" / "torch_padding.py"
SENTENCES, SHORT, LONG = 2000, 5, 50
SECONDS = 4  # of a round, with --full


def options(parser):
    parser.add_argument("--peer", type=pathlib.Path)


def lengths_of_pages(article):
    """Of a handbook's pairs in pieces: those that rescore counts with a model of one update, trained for its segmenter."""
    text = article.text("scripts/handbook.sh", "--text-only", "de")
    pairs = article.some([text / "train.de", text / "train.en"], 10000, text / "train")
    folder = article.folder / "pieces"
    if not (folder / "model.safetensors").exists():
        command = [article.dragoman, "train", "--model", folder, "--train-sets", *pairs, "--after", "1u", "--quiet",
                   "--dim-emb", "16", "--dim-ffn", "16", "--enc-depth", "1", "--dec-depth", "1", "--heads", "1"]
        article.say(*command)
        subprocess.run(command, check=True)
    counted = []
    for path in pairs:
        out = subprocess.run([article.dragoman, "rescore", "--model", folder, "--word-scores", path, path], check=True,
                             capture_output=True, text=True)
        counted.append([len(line.split("|||")[1].split()) for line in out.stdout.splitlines()])
    return random.Random(1).sample(list(zip(*counted)), SENTENCES)


def write(path, lengths):
    path.write_text("".join(f"{source} {target}\n" for source, target in lengths), encoding="utf-8")
    return path


class Bench:
    def __init__(self, article):
        self.article, self.results = article, []

    def run(self, name, what, path, padding):
        """Ours: none, or up to so many pieces."""
        more = {} if padding is None else {"pad_to": padding}
        if what == "translate":
            more.update(beam_size=1, mini_batch=32)
        else:
            more.update(mini_batch_words=4096)
        said = self.article.bench(what, None, shape="tiny", lengths=path, cpu_threads=1, rounds=3,
                                  seconds=SECONDS if self.article.full else SECONDS / 4, **more)
        figures = said["uneven_target_tokens_per_second" if what == "translate" else "target_tokens_per_second"]
        return self.keep(name, what, "spans" if padding is None else f"filled up to {padding or 'the longest'}", figures)

    def peer(self, name, what, path, padding, batches):
        if not self.article.options.peer:
            return None
        command = [self.article.options.peer, PEER, what, "--lengths", path, "--pad-to", padding, "--batches", batches,
                   "--seconds", 3 * SECONDS if self.article.full else SECONDS]
        kept = self.article.folder / f"torch-{what}-{path.stem}-{padding}-{batches}.json"
        if not kept.exists():
            self.article.say(*command)
            kept.write_text(subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout,
                            encoding="utf-8")
        said = json.loads(kept.read_text(encoding="utf-8"))
        return self.keep(name, what, f"{said['peer']}, {batches}, filled up to {padding or 'the longest'}",
                         said["target_tokens_per_second"])

    def keep(self, name, what, how, figures):
        self.results.append({"text": name, "what": what, "how": how, "target_tokens_per_second": figures})
        return figures["median"]


def cell(value, of=None):
    if value is None:
        return "–"
    return f"{value:,.0f}" + (f" ({value / of:.2f})" if of else "")


def main():
    article = Article(__doc__, "Of 50 positions 5 are real: is that faster than 50 real ones?", options)
    bench = Bench(article)
    short = write(article.folder / "short.lengths", [(SHORT, SHORT)] * SENTENCES)
    long = write(article.folder / "long.lengths", [(LONG, LONG)] * SENTENCES)
    rows = []
    for what in ("train", "translate"):
        for name, path, padding in ((f"{SHORT} pieces", short, None), (f"{SHORT} of {LONG}", short, LONG),
                                    (f"{LONG} pieces", long, None)):
            ours = bench.run(name, what, path, padding)
            peer = bench.peer(name, what, path, padding or 0, "sorted")
            length = SHORT if path is short else LONG
            rows.append([what, name, cell(ours), cell(1e6 * length / ours), cell(peer),
                         cell(peer and 1e6 * length / peer)])
    article.table(["", "a sentence", "words a second", "μs a sentence", "PyTorch: words a second", "μs a sentence"], rows)

    rows = []
    dice = random.Random(1)
    drawn = [max(3, min(40, round(12.4 * 2.718281828 ** (0.3 * dice.gauss(0, 1))))) for _ in range(SENTENCES)]
    texts = {"Multi30k's": write(article.folder / "captions.lengths", [
                 (n + 1, max(3, min(40, round(n * 2.718281828 ** (0.15 * dice.gauss(0, 1))))) + 1) for n in drawn]),
             "the handbook's": write(article.folder / "pages.lengths", lengths_of_pages(article))}
    for name, path in texts.items():
        longest = max(max(map(int, line.split())) for line in path.read_text(encoding="utf-8").splitlines())
        for what in ("train", "translate"):
            packed = bench.run(name, what, path, None)
            rows.append([name, what, cell(packed), cell(bench.run(name, what, path, 0), packed),
                         cell(bench.run(name, what, path, longest), packed),
                         cell(bench.peer(name, what, path, 0, "sorted"), packed),
                         cell(bench.peer(name, what, path, 0, "random"), packed)])
    article.table(["lengths", "", "spans: words a second", "filled up to the longest of a shard (of spans' speed)",
                   "to the longest of all", "PyTorch, batches of like lengths", "PyTorch, random batches"], rows)
    article.end(bench.results)


if __name__ == "__main__":
    main()
