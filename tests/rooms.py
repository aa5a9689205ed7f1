#!/usr/bin/env python3
"""Calls go down only: the symbols of the object files, file by file, against the order of the rooms.

    tests/rooms.py SOURCE_FOLDER NM OBJECT ...

Fails on a circle among files, on a call (or a use of data) from a room to a higher one, on a tool that uses what the
public headers do not declare, on a room that has no place in the order, on two files of one name,
and on memory that no scope knows of: the C library's, or cJSON's without core/cjson.h."""
import collections
import functools
import pathlib
import re
import subprocess
import sys

# From the ground up: a room may use itself and the rooms that stand before it here, and no other.
ROOMS = {
    "core": "errors, memory, files, threads: everything stands on them",
    "ranks": "memory that processes hand one another, whatever it is",
    "options": "what a user can say, before anything is done about it",
    "text": "sentences to pieces to ids, without a model",
    "score": "text against text, without a model",
    "tensor/products": "products of matrices that nobody has wrapped yet",
    "tensor": "tensors, and the tape that ops write on",
    "tensor/ops": "each op calls the products and writes on the tape",
    "data": "text to shards of ids, which is all that a network is given",
    "model/layers": "made of ops, and asked by architectures",
    "model/outputs": "from features to probabilities: may use layers",
    "model": "architectures, and the table that knows them",
    "search": "asks any model for the next piece",
    "folder/formats": "how other programs write the shape and weights of a model",
    "folder": "opens all that a model is: shape, weights, segmenter, shortlist",
    "translate": "text in, text out, with an open folder and a search",
    "train/terms": "what is added to a loss",
    "train/objectives": "how a shard is run: may add terms",
    "train": "the loop, which validates by translating and scoring",
    "bench": "measures all of them",
    "catalogue": "what there is of everything, for programs and help",
}
RANK = {room: at for at, room in enumerate(ROOMS)}
SOURCES = (".c", ".cc", ".h")
complaints = []


def complain(text, *details):
    complaints.append("\n".join([text, *[f"    {detail}" for detail in details]]))


def room(name):
    """src/tensor/ops/add.c -> tensor/ops"""
    return str(pathlib.PurePath(name).parent.relative_to("src"))


def source_of(path):
    """…/dragoman_objects.dir/src/core/error.c.o -> src/core/error.c; what is made while building counts as a tool."""
    inside = re.search(r"\.dir/((?:src|tools)/.*)\.o(?:bj)?$", path)
    return inside[1] if inside else "tools/" + pathlib.PurePath(path).stem


@functools.cache
def symbols(nm, path):
    """(what the object defines for others, what it needs)"""
    defined, needed = set(), set()
    for line in subprocess.run([nm, path], capture_output=True, text=True, check=True).stdout.splitlines():
        kind, symbol = line.split()[-2:]
        if kind == "U":
            needed.add(symbol)
        elif kind in "TDBRCVWi":
            defined.add(symbol)
    return defined, needed


def calls_among(objects, nm):
    """calls[file][other]: the symbols of the other that the file uses."""
    read = {source_of(path): symbols(nm, path) for path in objects}
    home = {symbol: name for name, (defined, _) in read.items() for symbol in defined}
    calls = {name: collections.defaultdict(list) for name in read}
    for name, (_, needed) in read.items():
        for symbol in sorted(needed):
            if home.get(symbol, name) != name:
                calls[name][home[symbol]].append(symbol)
    return calls


def reachable(calls, begin):
    found, waiting = set(), [begin]
    while waiting:
        for other in calls[waiting.pop()]:
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def check_circles(calls):
    reach = {name: reachable(calls, name) for name in calls}
    seen = set()
    for name in sorted(calls):
        circle = {other for other in reach[name] if name in reach[other]}
        if circle and name not in seen:
            seen |= circle
            complain(f"a circle of {len(circle)} files: what two of them need of each other goes into a third below both",
                     *[f"{one} -> {other}: {', '.join(calls[one][other])}"
                       for one in sorted(circle) for other in sorted(circle & calls[one].keys())])


def check_order(calls):
    for name, others in sorted(calls.items()):
        for other, used in sorted(others.items()):
            if not name.startswith("src/") or not other.startswith("src/"):
                continue
            if RANK.get(room(other), -1) > RANK.get(room(name), len(RANK)):
                complain(f"a call upward, from {room(name)} to {room(other)}", f"{name} -> {other}: {', '.join(used)}")


def check_tools(calls, headers):
    public = set(re.findall(r"\b(dm_\w+)\(", "".join(header.read_text() for header in headers)))
    for name, others in sorted(calls.items()):
        for other, used in sorted(others.items()):
            private = [symbol for symbol in used if symbol not in public]
            if name.startswith("tools/") and other.startswith("src/") and private:
                complain("a tool uses what dragoman.h does not declare", f"{name} -> {other}: {', '.join(private)}")


def check_names(source):
    folders = collections.defaultdict(set)
    for path in source.glob("src/**/*"):
        if path.suffix in SOURCES:
            folders[path.stem].add(str(path.parent.relative_to(source)))
    for stem, places in sorted(folders.items()):
        if len(places) > 1:
            complain(f"{len(places)} files are called {stem}: give each a name of its own", *sorted(places))
    for place in sorted(set().union(*folders.values()) - {f"src/{name}" for name in ROOMS}):
        complain(f"{place} is a room without a place in the order: add it to ROOMS in tests/rooms.py")


# Who may ask the C library or cJSON itself for memory, and what that looks like.
KEEPERS = {"src/core/memory.c", "src/core/scope.c", "src/core/cjson.c"}
MEMORY = re.compile(r"(malloc|calloc|realloc|aligned_alloc|free|strn?dup|v?asprintf|getline|realpath|open_memstream|"
                    r"cJSON_(Create|Parse|Print|Add|Duplicate|Replace|Insert|Detach|SetValuestring)\w*|"
                    r"cJSON_(Delete|free|malloc))$")


def check_memory(objects, nm):
    for path in objects:
        name = source_of(path)
        used = [symbol for symbol in sorted(symbols(nm, path)[1]) if MEMORY.match(symbol)]
        if name.startswith("src/") and name not in KEEPERS and used:
            complain(f"{name} uses memory that no scope knows of: {', '.join(used)}; core/memory.h and core/cjson.h have "
                     "what takes their place")


def main():
    source, nm, objects = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    calls = calls_among(objects, nm)
    if not any(name.startswith("src/") for name in calls) or not any(calls.values()):
        complain("no object file of src calls another: these are not the object files of this tree")
    check_circles(calls)
    check_order(calls)
    check_tools(calls, sorted(source.glob("include/dragoman/*.h")))
    check_names(source)
    check_memory(objects, nm)
    print("\n".join(complaints) or f"{len(calls)} files, and every call goes down")
    sys.exit(1 if complaints else 0)


main()
