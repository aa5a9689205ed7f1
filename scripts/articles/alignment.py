#!/usr/bin/env python3
"""Which words translate one another: dragoman align beside two other aligners, on text whose links are known.

The toy corpus has the links of its grammar (scripts/toy_links.py), letters and sounds of German words those of a lexicon
(scripts/links.sh). fast_align's model is in PyPI's systran-align (its own symmetrization), eflomal in PyPI's eflomal, whose two
directions become one by grow-diag-final-and; what is not installed in the Python that runs this, or found by --peers, is left
out:  python3 -m venv .venv && .venv/bin/pip install systran-align eflomal && scripts/articles/alignment.py --peers .venv
Seconds are of one processor, programs and libraries alone, and mean something on a machine that does nothing else.
"""
import json
import pathlib
import re
import resource
import subprocess
import sys

from article import Article

STEPS = [(-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)]

# Run by the other Python: source, target, output.
FAST_ALIGN = """
import sys, tempfile, time, systran_align
source, target = [[line.split() for line in open(path, encoding="utf-8")] for path in sys.argv[1:3]]
with tempfile.TemporaryDirectory() as folder:
    with open(folder + "/both", "w", encoding="utf-8") as both:
        both.writelines(" ".join(a) + " ||| " + " ".join(b) + "\\n" for a, b in zip(source, target))
    begin = time.process_time()
    systran_align.generate_alignment_probabilities(folder + "/both", folder + "/f", folder + "/b", favor_diagonal=True,
                                                   optimize_tension=True, variational_bayes=True)
    found = systran_align.Aligner(folder + "/f", folder + "/b").align_batch(source, target)
    print(time.process_time() - begin)
with open(sys.argv[3], "w", encoding="utf-8") as links:
    links.writelines(" ".join(f"{i}-{j}" for i, j in pair["alignments"]) + "\\n" for pair in found)
"""


def lines(path):
    return pathlib.Path(path).read_text(encoding="utf-8").splitlines()


def links(line):
    return {tuple(map(int, link.split("-"))) for link in line.split()}


def grow_diag_final_and(forward, backward):
    """Koehn, Och and Marcu 2003; links are (source, target)."""
    def in_order(pairs):
        return sorted(pairs, key=lambda link: link[::-1])

    taken, either = forward & backward, forward | backward
    linked = [{link[side] for link in taken} for side in (0, 1)]

    def take(link):
        taken.add(link)
        for side in (0, 1):
            linked[side].add(link[side])

    grown = True
    while grown:
        grown = False
        for i, j in in_order(either):
            for a, b in STEPS if (i, j) in taken else ():
                link = i + a, j + b
                if link in either - taken and (link[0] not in linked[0] or link[1] not in linked[1]):
                    take(link)
                    grown = True
    for way in (forward, backward):
        for link in in_order(way):
            if link not in taken and link[0] not in linked[0] and link[1] not in linked[1]:
                take(link)
    return taken


def children_seconds():
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


class Aligners:
    def __init__(self, article):
        self.article, peers = article, article.options.peers
        self.python = peers / "bin" / "python" if peers else pathlib.Path(sys.executable)

    def ours(self, source, target, output):
        begin = children_seconds()
        subprocess.run([self.article.dragoman, "align", "--train-sets", source, target, "--output", output, "--cpu-threads",
                        "1"], check=True)
        return children_seconds() - begin

    def fast_align(self, source, target, output):
        if not self.python.exists():
            return None
        done = subprocess.run([self.python, "-c", FAST_ALIGN, source, target, output], capture_output=True, text=True, check=False)
        return float(done.stdout.split()[-1]) if done.returncode == 0 else None

    def eflomal(self, source, target, output):
        program = self.python.with_name("eflomal-align")
        if not program.exists():
            return None
        ways = [output.with_suffix(way) for way in (".forward", ".backward")]
        begin = children_seconds()
        subprocess.run([program, "--overwrite", "-s", source, "-t", target, "-f", ways[0], "-r", ways[1]], check=True,
                       env={"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL)
        seconds = children_seconds() - begin
        both = [grow_diag_final_and(links(a), links(b)) for a, b in zip(*map(lines, ways))]
        output.write_text("".join(" ".join(f"{i}-{j}" for i, j in sorted(pair)) + "\n" for pair in both), encoding="utf-8")
        return seconds

    def error_rate(self, gold, found):
        scored = subprocess.run([self.article.dragoman, "score", "--json", "--metrics", "aer", "--ref", gold, "--", found],
                                check=True, capture_output=True, text=True)
        return json.loads(scored.stdout)


def main():
    article = Article(__doc__, "fast_align finds word links fast, eflomal finds better ones",
                      lambda parser: parser.add_argument("--peers", type=pathlib.Path, help="virtual environment with the others"))
    aligners = Aligners(article)
    texts = [("toy", article.text("scripts/toy_links.py"), ("zh", "en")),
             ("letters and sounds", article.text("scripts/links.sh"), ("letters", "sounds"))]
    rows, results = [], {}
    for text, folder, endings in texts:
        source, target, gold = (folder / f"train.{ending}" for ending in (*endings, "links"))
        for name, align in (("dragoman align", aligners.ours), ("fast_align (systran-align)", aligners.fast_align),
                            ("eflomal", aligners.eflomal)):
            output = article.folder / f"{text.split()[0]}.{align.__name__}"
            seconds = align(source, target, output)
            if seconds is None:
                print(f"{name} is not installed: left out", file=sys.stderr)
                continue
            scored = aligners.error_rate(gold, output)
            precision, recall = re.findall("(?:precision|recall) = ([0-9.]+)", scored["verbose_score"])
            rows.append([text, name, f"{scored['score']:.1f}", precision, recall, f"{seconds:.1f}"])
            results[f"{text}, {name}"] = {"aer": scored["score"], "seconds": seconds}
    article.table(["text", "aligner", "AER", "precision", "recall", "seconds"], rows)
    article.end(results)


if __name__ == "__main__":
    main()
