#!/usr/bin/env python3
"""Makes a parallel corpus of LibreOffice's help and the strings of its windows, as Debian's packages hold them.

  scripts/handbook.py ROOT LANGUAGE FOLDER [--lines N]

ROOT is where the packages are unpacked, LANGUAGE the end of their names (zh-cn, de, pt-br), FOLDER where to write
train.LANGUAGE, train.en and likewise dev and test, N lines each of these two (default: 1000). scripts/handbook.sh calls it.

A page of the help has the same paragraphs under the same ids in every language. Pages, not lines, are divided: in the
order of the hashes of their names, the first are for test, the next for dev. What stands there in either language, as a
whole paragraph and whatever its case and signs, stands in no other part; pages come in the order of those hashes, then
strings in the order of theirs in the catalogues, so that the same packages give the same bytes everywhere.
"""
import argparse
import collections
import gettext
import hashlib
import html.parser
import pathlib
import re
import statistics
import sys

MOST_WORDS = 100
FARTHEST = 2.5  # times what is the usual ratio of lengths in this language, for lines of some length
VOID = {"br", "img", "input", "meta", "link", "hr", "wbr", "col"}
# Scripts without spaces: Thai to Burmese, Khmer, kana, ideographs. Two signs are about a word.
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


# ---- Reading ---------------------------------------------------------------------------------------------------------

class Page(html.parser.HTMLParser):
    """Collects the paragraphs and headings that have an id: {(id, which of that id): text}. Of what differs between
    systems or programs (<span class="switchinline"> around hidden spans), the default is read, or else the first."""

    def __init__(self, text):
        super().__init__()
        self.paragraphs, self.seen = {}, collections.Counter()
        self.id = None
        self.open = []      # since the paragraph began: (tag, "switch", "variant", "default" or "")
        self.texts = []     # of the paragraph, then of each variant that is open
        self.switches = []  # of each switch that is open: [(is the default, text), ...]
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        kinds, name = (attributes.get("class") or "").split(), attributes.get("id") or ""
        if tag == "br" and self.id:
            self.texts[-1] += " "
        if tag in VOID:
            return
        if re.fullmatch("p|h[1-6]", tag) and name and not name.startswith("bm_"):
            code = any("code" in kind for kind in kinds)
            self.id, self.open, self.texts, self.switches = None if code else name, [(tag, "")], [""], []
        elif self.id:
            kind = ""
            if "switch" in kinds or "switchinline" in kinds:
                kind = "switch"
                self.switches.append([])
            elif "hidden" in attributes and self.open[-1][1] == "switch":
                kind = "default" if name.startswith("default") else "variant"
                self.texts.append("")
            self.open.append((tag, kind))

    def handle_endtag(self, tag):
        if not self.id or tag in VOID or tag not in [opened for opened, _ in self.open]:
            return
        while True:  # what was never closed ends with what is around it
            opened, kind = self.open.pop()
            if kind == "switch":
                variants = self.switches.pop()
                self.texts[-1] += next((text for default, text in variants if default), variants[0][1] if variants else "")
            elif kind:
                self.switches[-1].append((kind == "default", self.texts.pop()))
            if opened == tag:
                break
        if not self.open:
            self.paragraphs[self.id, self.seen[self.id]] = tidy(self.texts[0])
            self.seen[self.id] += 1
            self.id = None

    def handle_data(self, data):
        if self.id and self.open[-1][1] != "switch":
            self.texts[-1] += data


def tidy(text):
    return " ".join(re.sub("[\u00ad\u200b\u200e\u200f\ufeff]", "", text).split())  # nor what nobody sees


def label(text):
    """A string of a window without the sign before the key that chooses it: ~File, _File, 文件(~F)."""
    text = re.sub(r"~(?=\w)", "", re.sub(r"\s*\([~_]\w\)", "", text))
    at = text.find("_")
    if text.count("_") == 1 and text[at + 1:at + 2].isalnum():
        if not text[:at][-1:].isalnum() or text[at + 1].islower():  # but not in FILE_NAME
            text = text[:at] + text[at + 1:]
    return tidy(text.replace("%PRODUCTNAME", "LibreOffice").replace("%PRODUCTVERSION", "7"))


def folder_of(parent, language):
    """The folder of a language, whose name has other letters and signs than its packages: zh-CN, zh_CN."""
    for folder in sorted(parent.iterdir()) if parent.is_dir() else []:
        if folder.name.lower().replace("_", "-") == language:
            return folder
    sys.exit(f"handbook.py: there is nothing of {language} in {parent}: are its packages unpacked there?")


def read_pages(root, language):
    """{name of the page: its paragraphs}, both languages: [(foreign, English), ...]."""
    helps = root / "usr/share/libreoffice/help"
    there, here = (folder_of(helps, one) / "text" for one in (language, "en-us"))
    pages = {}
    for path in here.rglob("*.html"):
        name, other = path.relative_to(here).as_posix(), there / path.relative_to(here)
        if other.exists():
            foreign = Page(other.read_text(encoding="utf-8")).paragraphs
            english = Page(path.read_text(encoding="utf-8")).paragraphs
            pages[name] = [(foreign[key], text) for key, text in english.items() if key in foreign]
            if foreign.keys() != english.keys():
                print(f"{name}: {len(foreign.keys() ^ english.keys())} paragraphs stand in one language only")
    return pages


def read_strings(root, language):
    strings = []
    catalogues = folder_of(root / "usr/lib/libreoffice/program/resource", language) / "LC_MESSAGES"
    for path in sorted(catalogues.glob("*.mo"), key=lambda path: path.name):
        with path.open("rb") as file:
            messages = gettext.GNUTranslations(file)._catalog  # it has no public way to list them
        for key, text in sorted((key if isinstance(key, str) else key[0], text) for key, text in messages.items()
                                if isinstance(key, str) or key[1] == 0):
            if key:  # the empty one is the head of the catalogue
                strings.append((label(text), label(key.rsplit("\4", 1)[-1])))  # without its context
    return strings


# ---- Choosing --------------------------------------------------------------------------------------------------------

def core(text):
    """Two texts that differ in case, signs and spaces only are the same."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def words(text):
    unspaced = len(UNSPACED.findall(text))
    return len(UNSPACED.sub(" ", text).split()) + unspaced / 2


class Sieve:
    def __init__(self, pairs):
        self.ratio = statistics.median([len(f) / len(e) for f, e in pairs if len(e) > 20 and f and f != e] or [1])
        self.dropped = collections.Counter()

    def keeps(self, foreign, english):
        why = self.against(foreign, english)
        self.dropped[why] += 1
        return why is None

    def against(self, foreign, english):
        if not any(map(str.isalpha, foreign)) or not any(map(str.isalpha, english)):
            return "without a letter"
        if core(foreign) == core(english):
            return "the same in both languages"
        if words(foreign) > MOST_WORDS or words(english) > MOST_WORDS:
            return f"longer than {MOST_WORDS} words"
        if not 1 / FARTHEST < (len(foreign) + 10) / (len(english) * self.ratio + 10) < FARTHEST:
            return "of lengths that are no translation's"
        return None


def divide(pages, strings, lines):
    """{part: [(foreign, English), ...]}, and what was dropped."""
    order = sorted(pages, key=lambda name: hashlib.sha256(name.encode()).digest())
    sieve = Sieve([pair for name in order for pair in pages[name]])
    parts, taken, seen = {}, set(), set()  # taken: what stands on a page of test or dev; seen: pairs
    left = collections.Counter()

    def pick(pairs):
        for foreign, english in pairs:
            if sieve.keeps(foreign, english):
                pair = core(foreign), core(english)
                if pair in seen:
                    left["seen before"] += 1
                elif taken.isdisjoint((("foreign", pair[0]), ("english", pair[1]))):
                    seen.add(pair)
                    yield foreign, english
                else:
                    left["that stand on a page of dev or test"] += 1

    rest = iter(order)
    for part in "test", "dev":
        parts[part], own = [], []
        for name in rest:
            parts[part] += pick(pages[name])
            own += pages[name]
            if len(parts[part]) >= lines:
                break
        else:
            sys.exit(f"handbook.py: there are too few pages for {lines} lines of test and of dev")
        parts[part] = parts[part][:lines]
        for foreign, english in own:  # all that stands there, chosen or not
            taken |= {("foreign", core(foreign)), ("english", core(english))}
    parts["train"] = [pair for name in rest for pair in pick(pages[name])]
    of_pages = len(parts["train"])
    parts["train"] += pick(strings)
    return parts, of_pages, {**{why: n for why, n in sieve.dropped.items() if why}, **left}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("language", type=str.lower)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--lines", type=int, default=1000)
    given = parser.parse_args()
    pages, strings = read_pages(given.root, given.language), read_strings(given.root, given.language)
    print(f"{len(pages)} pages with {sum(map(len, pages.values())):,} paragraphs, and {len(strings):,} strings")
    parts, of_pages, dropped = divide(pages, strings, given.lines)
    for why, count in sorted(dropped.items()):
        print(f"left out, {why}: {count:,}")
    given.folder.mkdir(parents=True, exist_ok=True)
    for part, pairs in parts.items():  # train.en is the last: where it is, all are, and whole
        for side, language in enumerate((given.language, "en")):
            path = given.folder / f"{part}.{language}"
            new = path.with_name(path.name + ".new")
            with new.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(pair[side] + "\n" for pair in pairs)
            new.replace(path)
    print(f"{len(parts['train']):,} pairs to train on ({of_pages:,} of pages, the rest strings),",
          f"{len(parts['dev']):,} for dev, {len(parts['test']):,} for test")


if __name__ == "__main__":
    main()
