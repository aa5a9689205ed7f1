"""What the scripts of this folder share: runs of dragoman train that are kept and not made twice, a table, figures as
JSON, and a picture.

    scripts/articles/NAME.py [--folder DIR] [--full] [--seeds N] [--threads N]

    --folder   where runs and results are kept              default: build/articles/NAME; a run that was stopped goes on
    --full     the figures of README.md: more seeds and larger settings, hours instead of minutes
    --seeds    of every run that is compared                default: as the script says, 1 or with --full 3
"""
import argparse
import json
import math
import os
import pathlib
import random
import statistics
import subprocess
import sys

import picture

HERE = pathlib.Path(__file__).resolve().parents[2]


class Run:
    """A model folder and what its train.jsonl says."""

    def __init__(self, folder):
        self.folder = folder
        self.events = [json.loads(line) for line in (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()]

    def of(self, kind):
        return [event for event in self.events if event["event"] == kind]

    @property
    def diverged(self):
        return (self.folder / "outcome").read_text(encoding="utf-8").startswith("diverged")

    @property
    def seconds(self):
        return max((event.get("seconds", 0) for event in self.events), default=0)

    def best(self, metric="ce-mean-words"):
        """The best validation; of one that diverged, nothing."""
        values = [event[metric] for event in self.of("valid") if metric in event]
        if self.diverged or not values:
            return math.nan
        return min(values) if metric.startswith(("ce", "wer", "cer", "perplexity")) else max(values)


class Article:
    """more: what adds the options of a script's own to the parser; they are found in `options`."""

    def __init__(self, doc, claim, more=None):
        self.name = pathlib.Path(sys.argv[0]).stem
        parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--folder", type=pathlib.Path, default=HERE / "build" / "articles" / self.name)
        parser.add_argument("--full", action="store_true", help="the figures of README.md: hours instead of minutes")
        parser.add_argument("--seeds", type=int, help="of every run that is compared; default 1, with --full 3")
        parser.add_argument("--threads", type=int, default=os.cpu_count())
        if more:
            more(parser)
        options = self.options = parser.parse_args()
        self.folder, self.full, self.threads = options.folder, options.full, options.threads
        self.runs = self.folder  # where they are kept; a script that needs those of another one says otherwise
        self.seeds = range(1, 1 + (options.seeds or (3 if self.full else 1)))
        self.claim, self.seconds, self.results = claim, 0.0, {}
        self.folder.mkdir(parents=True, exist_ok=True)
        self.dragoman = HERE / "build" / "dragoman"
        if not self.dragoman.exists():
            subprocess.run([HERE / "scripts" / "setup.sh"], check=True, stdout=sys.stderr)
        print(f"“{claim}”\n")

    def text(self, script, *arguments):
        """A folder of text that another script of this project makes, once."""
        folder = self.folder.parent / "text" / "-".join([pathlib.Path(script).stem, *arguments])
        if not (folder / "made").exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            self.say(script, *arguments, folder)
            subprocess.run([HERE / script, *arguments, folder], check=True, stdout=sys.stderr)
            (folder / "made").touch()
        return folder

    def some(self, pairs, count, stem):
        """So many of the pairs of two files, the same ones every time, in files called after how many they are."""
        lines = [path.read_text(encoding="utf-8").splitlines() for path in pairs]
        chosen = random.Random(1).sample(range(len(lines[0])), min(count, len(lines[0])))
        stem.parent.mkdir(parents=True, exist_ok=True)
        made = [stem.with_name(f"{stem.name}-{count}{path.suffix}") for path in pairs]
        for path, side in zip(made, lines):
            path.write_text("".join(f"{side[i]}\n" for i in chosen), encoding="utf-8")
        return made

    def say(self, *command):
        print("$", *(str(word).replace(f"{HERE}/", "") for word in command), file=sys.stderr, flush=True)

    def train(self, name, pairs, validation, **options):
        """Trains into runs/name what is not there yet. A run that diverges is a result, too."""
        folder = self.runs / name
        self.check_settings(folder, {"pairs": [pathlib.Path(path).name for path in pairs], **options})
        if not (folder / "outcome").exists():
            command = [self.dragoman, "train", "--model", folder, "--train-sets", *pairs, "--valid-sets", *validation,
                       "--cpu-threads", str(self.threads), "--quiet"]
            command += words(options)
            self.say(*command)
            status = subprocess.run(command, check=False, capture_output=True, text=True)
            if status.returncode == 1 and "diverged" in status.stderr:  # it left the numbers, and says where
                print(status.stderr.strip(), file=sys.stderr)
                (folder / "outcome").write_text("diverged\n", encoding="utf-8")
            elif status.returncode:
                sys.exit(status.stderr)
            else:
                (folder / "outcome").write_text("complete\n", encoding="utf-8")
        run = Run(folder)
        self.seconds += run.seconds
        return run

    def shape(self, name, config):
        """A model folder without weights, for dragoman bench and info."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
        return folder

    def bench(self, what, folder=None, **options):
        """What dragoman bench says of such a folder, or by options alone; it is kept there. Seconds only mean something on
        a machine that does nothing else."""
        command = [self.dragoman, "bench", what, "--json", *(["--model", folder] if folder else []), *words(options)]
        said = (folder or self.folder) / ("-".join([what, *(f"{option}={getattr(value, 'name', value)}"
                                                              for option, value in options.items())]) + ".json")
        if not said.exists():
            self.say(*command)
            said.write_text(subprocess.run(command, check=True, capture_output=True, text=True).stdout, encoding="utf-8")
        return json.loads(said.read_text(encoding="utf-8"))

    def check_settings(self, folder, settings):
        """What is kept was made as it is asked for now: small settings are not taken for the full ones."""
        asked = folder.with_name(folder.name + ".asked.json")
        text = json.dumps(settings, indent=1, sort_keys=True, default=lambda path: path.name) + "\n"
        if not (folder / "outcome").exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            asked.write_text(text, encoding="utf-8")
        elif asked.exists() and asked.read_text(encoding="utf-8") != text:
            sys.exit(f"{self.name}.py: {folder} was trained with other settings ({asked.name}): take another --folder, or "
                     "remove that run")

    def describe(self, run, length=20):
        described = subprocess.run([self.dragoman, "info", "--model", run.folder, "--json", "--length", str(length)],
                                   check=True, capture_output=True, text=True)
        return json.loads(described.stdout)

    def score(self, run, source, references, *metrics, tok=None, **options):
        """{metric: score} of the translation of a file, which is kept in the run's folder. References: one or several."""
        output = run.folder / f"{pathlib.Path(source).name}.out"
        if not output.exists():
            command = [self.dragoman, "translate", "--model", run.folder, "--input", source, "--output", output,
                       "--cpu-threads", str(self.threads), *words(options)]
            self.say(*command)
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        command = [self.dragoman, "score", "--json", *(["--tok", tok] if tok else []), "--metrics", *metrics]
        for reference in listed(references):
            command += ["--ref", reference]
        scored = subprocess.run([*command, "--", output], check=True, capture_output=True, text=True)
        return {entry["name"].lower(): entry["score"] for entry in listed(json.loads(scored.stdout))}

    def table(self, header, rows):
        """In Markdown, as README.md has it."""
        lines = ["| " + " | ".join(map(str, row)) + " |" for row in (header, ["---"] * len(header), *rows)]
        print("\n".join(lines) + "\n")

    def end(self, results, curves=None, **axes):
        """Writes results.json and a picture: of {name: [(x, y), ...]}, or one that is drawn already."""
        self.results = results
        (self.folder / "results.json").write_text(json.dumps({"claim": self.claim, "minutes": round(self.seconds / 60, 1),
                                                              "results": results}, indent=1) + "\n", encoding="utf-8")
        if curves:
            drawn = curves if isinstance(curves, str) else picture.lines(curves, **axes)
            (self.folder / "picture.svg").write_text(drawn, encoding="utf-8")
        print(f"{self.seconds / 60:.0f} minutes of training. Figures and picture: {self.folder}")


def words(options):
    """Options on the command line; a flag is one whose value is True."""
    for option, value in options.items():
        yield "--" + option.replace("_", "-")
        yield from map(str, [] if value is True else listed(list(value) if isinstance(value, tuple) else value))


def listed(one_or_several):
    return one_or_several if isinstance(one_or_several, list) else [one_or_several]


def spread(values, digits=2):
    """Mean and the farthest from it: "31.20 ± 0.15"; a value that is no number has failed and is counted."""
    good = [value for value in values if not math.isnan(value)]
    failed = len(values) - len(good)
    if not good:
        return "failed" if failed == 1 else f"failed ({failed} of {failed})"
    mean = statistics.fmean(good)
    text = f"{mean:.{digits}f}"
    if len(good) > 1:
        text += f" ± {max(abs(value - mean) for value in good):.{digits}f}"
    return text + (f", {failed} of {len(values)} failed" if failed else "")
