#!/usr/bin/env python3
"""Writes src/score/unicode_table.c, what scoring has to know about Unicode, or src/core/invisible_table.c, what a reader
of a text does not see.

    scripts/unicode_table.py > src/score/unicode_table.c
    scripts/unicode_table.py invisible > src/core/invisible_table.c

The tables are not read from a copy of the standard: sacreBLEU asks Python's str.lower() and the `regex` module, so this
script asks them about every code point, and scores agree by construction. Run it again when either moves on.
"""
import sys
import unicodedata

import regex

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def general_category(c, patterns={k: regex.compile(r"\p{%s}" % k) for k in "PSN"}):
    """P, S or N, as tokenizer `intl` sees it."""
    for kind, pattern in patterns.items():
        if pattern.match(chr(c)):
            return kind
    return None


def sigma_context(c):
    """C (cased) or I (case-ignorable), as they decide whether a capital sigma ends a word.

    Between a cased letter and a sigma an ignorable character is looked through; at the start of a line it is nothing.
    """
    if (chr(c) + "\u03a3").lower().endswith("\u03c2"):
        return "C"
    if ("A" + chr(c) + "\u03a3").lower().endswith("\u03c2"):
        return "I"
    return None


def invisible(c, pattern=regex.compile(r"[\p{Z}\p{Cc}\p{Default_Ignorable_Code_Point}]")):
    """Blanks, control characters, what is ignored where it cannot be shown, and what stands for one of them: U+2581 and
    U+2585 mark blanks in SentencePiece, and U+FFFD is a character that was lost."""
    return "I" if pattern.match(chr(c)) or c in (0x2581, 0x2585, 0xFFFD) else None


def ranges(kind_of):
    found = []
    for c in CODE_POINTS:
        kind = kind_of(c)
        if kind is None:
            continue
        if found and found[-1][1] == c - 1 and found[-1][2] == kind:
            found[-1][1] = c
        else:
            found.append([c, c, kind])
    return found


def lower_ranges():
    """[first, last, step, delta]: every step-th code point of first ... last becomes itself plus delta."""
    pairs = []
    for c in CODE_POINTS:
        lower = chr(c).lower()
        if lower == chr(c):
            continue
        if len(lower) == 1:
            pairs.append((c, ord(lower) - c))
        elif c != 0x130:  # the one that becomes two code points; src/score/unicode.c knows it
            sys.exit(f"U+{c:04X} becomes {len(lower)} code points: teach src/score/unicode.c first")
    found = []
    for c, delta in pairs:
        if found:
            first, last, step, before = found[-1]
            gap = c - last
            if delta == before and (gap == step or (first == last and gap in (1, 2))):
                found[-1] = [first, c, gap, delta]
                continue
        found.append([c, c, 1, delta])
    return found


def cell(value):
    return f"'{value}'" if isinstance(value, str) else value


def table(declaration, rows):
    print(f"\n{declaration} = {{")
    texts = ["{" + ", ".join(f"0x{v:X}" if i < 2 else str(cell(v)) for i, v in enumerate(row)) + "}," for row in rows]
    line = "   "
    for text in texts:
        if len(line) + 1 + len(text) > 120:
            print(line)
            line = "   "
        line += " " + text
    print(line + "\n};")
    name = declaration.split()[-1].removesuffix("[]")
    print(f"const size_t {name}_count = DM_COUNT({name});")


if sys.argv[1:] == ["invisible"]:
    print("// What a reader of a text does not see. Written by scripts/unicode_table.py: do not edit.")
    print(f"// By the regex module {regex.__version__}.")
    print('#include "core/error.h"\n#include "core/utf8.h"\n\n// clang-format off')
    table("const CodePoints dm_invisible[]", [row[:2] for row in ranges(invisible)])
    sys.exit()
print("// What scoring has to know about Unicode. Written by scripts/unicode_table.py: do not edit.")
print(f"// Lower case and sigma contexts from Python's Unicode {unicodedata.unidata_version}, general categories from"
      f" the regex module {regex.__version__}.")
print('#include "score/unicode.h"\n\n#include "core/error.h"\n\n// clang-format off')
table("const CodeRange dm_general_category[]", ranges(general_category))
table("const CodeRange dm_sigma_context[]", ranges(sigma_context))
table("const LowerRange dm_lower_ranges[]", lower_ranges())
