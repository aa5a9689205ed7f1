#!/usr/bin/env python3
"""The parts of scripts/prepared.sh: making much text of little, looking at a command's memory while it runs, the table."""
import os
import random
import re
import resource
import subprocess
import sys
import threading
import time

PAUSE = 0.05  # seconds between two looks at a process


def make(pairs, source, target, name, how):
    """Two pairs behind one another; or each again and again, where a word is left out here and there."""
    dice = random.Random(1)
    texts = [[line.rstrip('\n') for line in open(path, encoding='utf-8')] for path in (source, target)]
    count = len(texts[0])

    def without_a_word(line):
        words = line.split(' ') if ' ' in line else list(line)
        if len(words) > 1 and dice.random() < 0.7:
            del words[dice.randrange(len(words))]
        return (' ' if ' ' in line else '').join(words)

    with open(name + '.src', 'w', encoding='utf-8') as first, open(name + '.trg', 'w', encoding='utf-8') as second:
        for i in range(int(pairs)):
            if how == 'repeated':
                one = [text[i % count] for text in texts]
                one = one if i < count else [without_a_word(line) for line in one]
            else:
                a, b = dice.randrange(count), dice.randrange(count)
                one = [texts[0][a] + texts[0][b], texts[1][a] + ' ' + texts[1][b]]
            first.write(one[0] + '\n')
            second.write(one[1] + '\n')


# ---------------------------------------------------------------- memory


def family(pid):
    """A process and its children, who are learning a segmenter."""
    found = [pid]
    for one in found:
        try:
            found += [int(child) for child in open(f'/proc/{one}/task/{one}/children').read().split()]
        except OSError:
            pass
    return found


def figures(pid):
    """Of a process: what it has resident and anonymous, KiB, now."""
    try:
        text = open(f'/proc/{pid}/status').read()
    except OSError:
        return 0, 0
    return tuple(int((re.search(rf'^{key}:\s+(\d+)', text, re.M) or [0, 0])[1]) for key in ('VmRSS', 'RssAnon'))


class Watch(threading.Thread):
    """The most that any process of a family has had."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.resident, self.anonymous, self.done = pid, 0, 0, False
        self.start()

    def run(self):
        while not self.done:
            for pid in family(self.pid):
                resident, anonymous = figures(pid)
                self.resident, self.anonymous = max(self.resident, resident), max(self.anonymous, anonymous)
            time.sleep(PAUSE)


def run(arguments):
    until = arguments[1] if arguments[0] == '--until' else None
    command = arguments[arguments.index('--') + 1:]
    begun = time.monotonic()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors='replace')
    watch, seconds = Watch(process.pid), None
    for line in process.stderr:
        sys.stderr.write(line)
        if until and seconds is None and until in line:
            seconds = time.monotonic() - begun
    status = process.wait()
    if seconds is None:
        seconds = time.monotonic() - begun
    watch.done = True
    resident = max(watch.resident, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    print(seconds, resident / 1024, watch.anonymous / 1024)
    return status


def translate(lines, source, command):
    """Short lines into a pipe, and what the process has had when a tenth of them, and all, have come back."""
    short = [line for line in open(source, encoding='utf-8') if len(line) < 12]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    watch = Watch(process.pid)

    def feed():
        for i in range(lines):
            process.stdin.write(short[i % len(short)].encode())
        process.stdin.close()

    threading.Thread(target=feed, daemon=True).start()
    for i, _ in enumerate(process.stdout, 1):
        if i in (max(lines // 10, 1), lines):
            time.sleep(2 * PAUSE)
            print(f'{i:12,} lines: at most {watch.resident / 1024:.1f} MiB resident, {watch.anonymous / 1024:.1f} MiB anonymous',
                  flush=True)
    return process.wait()


# ---------------------------------------------------------------- the table

ROWS = (('plain', 'plain-given', '`train --train-sets`'),
        ('prepare', 'prepare-given', '`prepare`'),
        ('prepared', None, '`train --prepared`'),
        ('plain-given', None, '`train --train-sets --sentencepiece`, which learns no segmenter'),
        ('prepare-given', None, '`prepare --sentencepiece`'))


def table(pairs, folder):
    def measured(name, count):
        return [float(word) for word in open(os.path.join(folder, f'{name}.{count}')).read().split()]

    def line(name):
        """Through both figures, at ten times the pairs."""
        return [max(0, many + 10 * (many - few)) for few, many in zip(measured(name, pairs // 10), measured(name, pairs))]

    def shown(figures):
        return f'{figures[0]:.1f} s | {figures[1]:,.0f} MiB | {figures[2]:,.0f} MiB'

    print(f'| {pairs:,} pairs | seconds (of train: to the first update) | resident | anonymous |'
          f' {10 * pairs:,}: seconds | resident | anonymous |')
    print('| --- ' * 7 + '|')
    for name, given, words in ROWS:
        now, then = measured(name, pairs), line(given or name)
        if given:  # and the segmenter, from as much text as before
            alone = measured(given, pairs)
            then = [then[0] + now[0] - alone[0], *(max(a, b) for a, b in zip(then[1:], now[1:]))]
        print(f'| {words} | {shown(now)} | {shown(then)} |')


def main(arguments):
    what, rest = (arguments or [''])[0], arguments[1:]
    if what == 'make':
        return make(*rest)
    if what == 'run':
        return run(rest)
    if what == 'translate':
        return translate(int(rest[0]), rest[1], rest[rest.index('--') + 1:])
    if what == 'table':
        return table(int(rest[0]), rest[1])
    raise SystemExit(__doc__)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
