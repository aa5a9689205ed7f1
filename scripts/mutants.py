#!/usr/bin/env python3
"""What do the tests not notice? Changes the program by one thing at a time and sees whether a test fails.

    scripts/mutants.py [--count N] [--seed N] [--again]

Draws mutations (mutations.py) evenly over the rooms of src and tools, and builds each, two at a time, each in a copy of
the tree as it stands, under build-mutants. One that does not compile is drawn again. Those that do meet the tests that
are named as its file is, the others of its room, those of the command that reach it (REACHED_BY), the same under
AddressSanitizer, as scripts/test.sh has them, and then all others, quickest first, until one fails. A test that takes
many times as long as without the mutation has noticed an endless loop.

What is found is kept in build-mutants/results.jsonl, from which the same command goes on after a stop; --again forgets
the survivors, for when the tests have become better. scripts/mutants.txt argues why some cannot be noticed. Ends with a
table; exit status 1: fewer than 95 of 100 that can be noticed are. 100 mutations take one to three hours on two
cores."""
import argparse
import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

import mutations

ROOT = pathlib.Path(__file__).resolve().parent.parent
HERE = ROOT / "build-mutants"
RESULTS = HERE / "results.jsonl"
ARGUED = ROOT / "scripts" / "mutants.txt"
WORKERS = 2
GOAL = 0.95

# The tests of the command (tests/tools) that reach a room, besides the mirror of the room under tests. The longest
# beginning of a file's path counts.
REACHED_BY = {
    "src/core/": "compressed command_line translate",
    "src/options/": "command_line docs",
    "src/catalogue/": "command_line docs",
    "src/text/": "training_text train",
    "src/data/": "tsv training_text shortlist",
    "src/tensor/": "precision bench train",
    "src/model/": "rnn info bench",
    "src/search/": "translate translate_formats shortlist",
    "src/folder/": "average quantize shortlist info trust",
    "src/translate/": "translate translate_formats rescore",
    "src/train/": "train trust training_text",
    "src/score/": "score",
    "src/bench/": "bench",
    "tools/": "command_line translate translate_formats compressed tsv info report",
    "tools/serve/": "serve",
    "tools/talk/": "conversation",
    "tools/page/": "serve report",
}
SIBLINGS = {"src/options/": "catalogue", "src/catalogue/": "options", "src/model/": "folder search",
            "src/search/": "translate", "src/tensor/": "model"}
LEFT_OUT = {"rooms"}  # it looks at names of functions, not at what they do


def say(*words):
    print(*words, flush=True)


# ---- A tree of one's own --------------------------------------------------------------------------------------------


class Tree:
    """A copy of the sources, and builds of it: plain, and with AddressSanitizer."""

    def __init__(self, number):
        self.path = HERE / str(number)
        self.copy_sources()
        self.tests = []
        self.build("build")

    def copy_sources(self):
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True,
                                capture_output=True, text=True).stdout.split("\0")
        wanted = {name for name in listed if name and (ROOT / name).is_file()}
        for name in wanted:
            source, target = ROOT / name, self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists() or target.read_bytes() != source.read_bytes():
                shutil.copy(source, target)  # with the time of now, so that it is built
        for folder in ("src", "tools", "tests", "scripts"):
            for old in (self.path / folder).rglob("*"):
                if old.is_file() and old.relative_to(self.path).as_posix() not in wanted:
                    old.unlink()

    def cmake(self, *arguments):
        return subprocess.run(["nice", "cmake", *arguments], cwd=self.path, capture_output=True, text=True)

    def build(self, folder, targets=None):
        """Whether it can be built. No targets: all, once."""
        if not (self.path / folder / "CMakeCache.txt").exists():
            kind = "asan" if folder == "build-asan" else "Release"
            if self.cmake("-B", folder, f"-DCMAKE_BUILD_TYPE={kind}").returncode:
                sys.exit(f"mutants.py: cmake does not go through in {self.path}")
        done = self.cmake("--build", folder, "--parallel", "2", *(["--target", *targets] if targets else []))
        if not targets and done.returncode:
            sys.exit(f"mutants.py: this tree cannot be built: {done.stdout[-1000:]}")
        return done.returncode == 0

    def list_tests(self):
        listed = json.loads(subprocess.run(["ctest", "--test-dir", "build", "--show-only=json-v1"], cwd=self.path,
                                           check=True, capture_output=True, text=True).stdout)
        return [Test(test["name"], [word.replace(str(self.path), "ROOT") for word in test["command"]])
                for test in listed["tests"] if test["name"] not in LEFT_OUT]


class Test:
    def __init__(self, name, command):
        self.name, self.command, self.seconds = name, command, 0

    @property
    def repeats(self):
        """The same facts as another test's, on the other matrix library."""
        return self.name.endswith(".onednn")

    @property
    def target(self):
        name = pathlib.Path(self.command[0]).name
        return name if name.startswith("test_") else "dragoman"

    def run(self, tree, folder, limit):
        """Exit status (None: the limit), and how long it took."""
        command = [word.replace("ROOT/build/", f"ROOT/{folder}/").replace("ROOT", str(tree.path))
                   for word in self.command]
        environment = dict(os.environ, OMP_WAIT_POLICY="passive", ASAN_OPTIONS="detect_leaks=1")
        begin = time.monotonic()
        with (tree.path / "output").open("wb") as output:
            child = subprocess.Popen(["nice", *command], cwd=tree.path / "build" / "tests", stdin=subprocess.DEVNULL,
                                     stdout=output, stderr=output, env=environment, start_new_session=True,
                                     preexec_fn=bound(folder))
        running.add(child.pid)
        ended = None
        while not ended and time.monotonic() - begin < limit:
            ended = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            time.sleep(0 if ended else 0.01)
        running.discard(child.pid)
        os.killpg(child.pid, signal.SIGKILL)  # it, or what it has left running; not yet waited for, it keeps its number
        status = child.wait()
        return status if ended else None, time.monotonic() - begin


running = set()  # leaders of the groups of tests that run


def stop(number, _):
    """No test outlives this program: a mutant may never end."""
    for pid in list(running):
        os.killpg(pid, signal.SIGKILL)
    os._exit(128 + number)


def bound(folder):
    """What a mutant must not do to the machine: fill its disk or its memory."""
    def limits():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if folder != "build-asan":  # which reserves terabytes
            resource.setrlimit(resource.RLIMIT_DATA, (16 << 30, 16 << 30))
    return limits


# ---- Which tests ----------------------------------------------------------------------------------------------------


def longest(table, path):
    return table[max((key for key in table if path.startswith(key)), key=len)].split() if any(
        path.startswith(key) for key in table) else []


def near(path, tests):
    """The tests that are meant for a file, those first that decide soonest; quickest first among equals."""
    parts = pathlib.PurePath(path).parts
    stem, room = pathlib.PurePath(path).stem, parts[1] if len(parts) > 2 else ""
    reached = longest(REACHED_BY, path)
    if parts[0] == "tools":
        reached = [name for name in (room, stem, stem.split("_")[0]) if name] + reached

    def rank(test):
        place, _, name = test.name.rpartition("/")
        name = name.split(".")[0].removesuffix("_test")
        if place == "tools":
            return 2 + reached.index(name) if name in reached else None
        if parts[0] == "tools":
            return None
        if place == room:
            return 0 if name in stem or stem in name else 1
        return 1.5 if place in longest(SIBLINGS, path) else None

    ranked = [(rank(test), test) for test in tests]
    return [test for _, test in sorted((r for r in ranked if r[0] is not None),
                                       key=lambda r: (r[1].repeats, r[0], r[1].seconds))]


# ---- A mutation -----------------------------------------------------------------------------------------------------


def first_to_fail(tree, folder, tests):
    """The name of the test that notices. Built as far as it is needed: one test, then the others."""
    for part in (tests[:1], tests[1:]):
        if part and not tree.build(folder, sorted({test.target for test in part})):
            return "" if folder == "build" else None
        for test in part:
            slower = 1 if folder == "build" else 6
            status, _ = test.run(tree, folder, slower * (30 + 15 * test.seconds))
            if status != 0:
                how = " (endless)" if status is None else " (asan)" if folder == "build-asan" else ""
                return test.name + how
    return None


def judge(tree, mutation, tests):
    """noticed by which test; "": it does not compile; None: survived."""
    file = tree.path / mutation.path
    source = file.read_text()
    meant = near(mutation.path, tests)
    others = sorted((test for test in tests if test not in meant), key=lambda test: (test.repeats, test.seconds))
    try:
        file.write_text(mutation.apply(source))
        once = [test for test in meant if not test.repeats]
        for folder, some in (("build", meant), ("build-asan", once), ("build", others)):
            noticed = first_to_fail(tree, folder, some)
            if noticed is not None:
                return noticed
        return None
    finally:
        file.write_text(source)


def entry_of(mutation, noticed):
    line, before, after = mutation.lines((ROOT / mutation.path).read_text())
    return {"file": mutation.path, "line": line, "kind": mutation.kind, "before": before, "after": after,
            "at": mutation.at, "noticed": noticed}


def key_of(entry):
    return entry["file"], entry["before"], entry["after"], entry["at"]


# ---- All of them ----------------------------------------------------------------------------------------------------


def time_tests(tree):
    """All tests, which have to go through without any mutation; how long they take is kept."""
    tests = tree.list_tests()
    kept = HERE / "seconds.json"
    known = json.loads(kept.read_text()) if kept.exists() else {}
    for test in tests:
        if test.name not in known:
            status, known[test.name] = test.run(tree, "build", 600)
            if status != 0:
                sys.exit(f"mutants.py: {test.name} fails without any mutation: see {tree.path}/output")
            kept.write_text(json.dumps(known, indent=1))
        test.seconds = known[test.name]
    return tests


def read_results(again):
    entries = [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []
    return {key_of(e): e for e in entries if not (again and e["noticed"] is None)}


def work(count, seed, done):
    """count entries of mutations that compile."""
    trees = [Tree(number) for number in range(WORKERS)]
    tests = time_tests(trees[0])
    lock, row, entries = threading.Lock(), mutations.draw(ROOT, seed), []

    def take_next():
        with lock:
            return next(row)

    def one(index):
        """The index-th that compiles, in the order of the drawing as far as the workers keep it."""
        with lock:
            tree = trees.pop()
        try:
            while True:
                mutation = take_next()
                entry = done.get(key_of(entry_of(mutation, None)))
                if not entry:
                    entry = entry_of(mutation, judge(tree, mutation, tests))
                    with lock, RESULTS.open("a") as file:
                        file.write(json.dumps(entry, ensure_ascii=False) + "\n")
                if entry["noticed"] != "":
                    with lock:
                        entries.append(entry)
                        say(f"{len(entries):3d} of {count}  {entry['noticed'] or 'SURVIVED':32}  "
                            f"{entry['file']}:{entry['line']}")
                    return
        finally:
            with lock:
                trees.append(tree)

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for future in [pool.submit(one, i) for i in range(count)]:
            future.result()
    return entries


def read_argued():
    """Blocks of four lines: the file, '- ' and the line before, '+ ' and the line after, and the reason."""
    argued = {}
    for block in re.split(r"\n\n+", ARGUED.read_text()) if ARGUED.exists() else []:
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        if len(lines) > 3:
            argued[lines[0].strip(), lines[1].strip()[2:], lines[2].strip()[2:]] = " ".join(lines[3:])
    return argued


def print_table(entries):
    argued = read_argued()
    entries.sort(key=lambda e: (e["file"], e["line"]))
    survivors = [e for e in entries if not e["noticed"]]
    equal = [e for e in survivors if (e["file"], e["before"], e["after"]) in argued]
    say("\nNoticed by")
    for e in entries:
        if e["noticed"]:
            change = e["after"] if e["after"] != ";" else f"without {e['before']}"
            say(f"  {e['noticed']:36} {e['file']}:{e['line']}  {e['kind']}: {change[:70]}")
    for title, some in (("Argued in scripts/mutants.txt", equal),
                        ("Survived", [e for e in survivors if e not in equal])):
        if some:
            say(f"\n{title}")
        for e in some:
            reason = argued.get((e["file"], e["before"], e["after"]), "")
            say(f"{e['file']}\n- {e['before']}\n+ {e['after']}\n{reason or '(line %d)' % e['line']}\n")
    noticed, possible = len(entries) - len(survivors), len(entries) - len(equal)
    say(f"{noticed} of {len(entries)} mutations were noticed, {len(equal)} are argued: "
        f"{100 * noticed / max(possible, 1):.1f}% of those that can be noticed")
    return noticed >= GOAL * possible


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100, help="mutations that compile (default: 100)")
    parser.add_argument("--seed", type=int, default=1, help="of the drawing (default: 1)")
    parser.add_argument("--again", action="store_true", help="try the survivors again")
    options = parser.parse_args()
    HERE.mkdir(exist_ok=True)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    entries = work(options.count, options.seed, read_results(options.again))
    sys.exit(not print_table(entries))


main()
