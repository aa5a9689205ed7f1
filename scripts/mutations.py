"""Single-point mutations of C: where a source could be changed by one thing, and how. See scripts/mutants.py.

Left alone: comments, texts, the preprocessor's lines, assertions, sizes of arrays where they are declared, and the
tables of help text and of Unicode."""
import dataclasses
import pathlib
import random
import re

ROOMS = ("src", "tools")
TABLES = re.compile(r"src/catalogue/(rows_\w+|commands|other_names)\.c|src/score/unicode_table\.c")

TOKEN = re.compile(r"""(?P<comment>//[^\n]*|/\*.*?\*/)
                     |(?P<line>^[ \t]*\#(?:\\\n|[^\n])*)
                     |(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
                     |(?P<number>\b\d(?:[eEpP][+-]|[\w.])*)
                     |(?P<name>[A-Za-z_]\w*)
                     |(?P<sign><<=|>>=|->|\+\+|--|<<|>>|[-+*/%&|^<>=!]=|&&|\|\||\S)""", re.X | re.S | re.M)
OTHER_SIGN = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&", "+": "-",
              "-": "+", "*": "/", "/": "*", "%": "/", "+=": "-=", "-=": "+=", "++": "--", "--": "++", "<<": ">>",
              ">>": "<<", "|": "&", "&": "|", "|=": "&="}
KIND_OF_SIGN = {"<": "boundary", "<=": "boundary", ">": "boundary", ">=": "boundary", "==": "comparison",
                "!=": "comparison", "&&": "junction", "||": "junction"}
OTHER_NAME = {"true": "false", "false": "true", "DM_OK": "DM_FAILURE"}
NOT_DELETED = {"if", "for", "while", "do", "switch", "return", "goto", "case", "default", "else", "enum", "static",
               "const", "struct", "typedef", "union", "extern", "assert", "va_start", "va_end"}
FUNCTION = re.compile(r"^(?:static |DM_API )*(?P<type>Status|dm_status|void) \w+\([^;{}]*\)\n\{", re.M)


@dataclasses.dataclass(frozen=True)
class Mutation:
    path: str  # from the root
    kind: str
    at: int  # in the file
    old: str
    new: str

    def apply(self, source):
        assert source.startswith(self.old, self.at)
        return source[:self.at] + self.new + source[self.at + len(self.old):]

    def lines(self, source):
        """Its line's number, and what it makes of that line (of several, joined; of an early end, the whole head)."""
        begin, end = source.rfind("\n", 0, self.at) + 1, source.index("\n", self.at + len(self.old))
        if self.kind == "end":
            begin = next(m.start() for m in FUNCTION.finditer(source) if m.end() == self.at)
        change = self.at - begin
        before = source[begin:end]
        after = before[:change] + self.new + before[change + len(self.old):]
        return source.count("\n", 0, self.at) + 1, " ".join(before.split()), " ".join(after.split())


@dataclasses.dataclass
class Token:
    kind: str
    text: str
    at: int

    @property
    def end(self):
        return self.at + len(self.text)


def tokens_of(source):
    return [Token(m.lastgroup, m.group(), m.start()) for m in TOKEN.finditer(source)
            if m.lastgroup not in ("comment", "line")]


def closing(tokens, opening):
    """The index of the parenthesis that closes this one."""
    depth = 0
    for i in range(opening, len(tokens)):
        depth += (tokens[i].text in "([{") - (tokens[i].text in ")]}") if tokens[i].kind == "sign" else 0
        if depth == 0:
            return i
    return len(tokens) - 1


def spaced(source, token):
    return source[token.at - 1] in " \n" and source[token.end] in " \n"


def is_size(tokens, i):
    """The number of `char name[32]`."""
    return (tokens[i - 1].text == "[" and tokens[i - 2].kind == "name" and
            (tokens[i - 3].kind == "name" or tokens[i - 3].text in ("*", ",")))


def numbers(token):
    text = token.text
    if text in "01":
        return [("swap", str(1 - int(text)))]
    if re.fullmatch(r"\d+", text):
        return [("constant", str(int(text) + 1)), ("constant", str(int(text) - 1))]
    if re.fullmatch(r"\d+\.\d*f?", text):
        return [("constant", f"{float(text.rstrip('f')) + 1}" + "f" * text.endswith("f"))]
    return []


def small_ones(source, tokens):
    """Of one token each."""
    skip = -1
    for i, t in enumerate(tokens):
        if t.kind == "name" and t.text in ("assert", "static_assert", "_Static_assert"):
            skip = closing(tokens, i + 1)
        if i <= skip or i < 3:
            continue
        if t.kind == "sign" and t.text in OTHER_SIGN and (t.text in ("++", "--") or spaced(source, t)):
            yield KIND_OF_SIGN.get(t.text, "arithmetic"), t.at, t.text, OTHER_SIGN[t.text]
        if t.kind == "name" and t.text in OTHER_NAME:
            yield "swap", t.at, t.text, OTHER_NAME[t.text]
        if t.kind == "number" and not is_size(tokens, i):
            for kind, new in numbers(t):
                yield kind, t.at, t.text, new


def conditions(source, tokens):
    for i, t in enumerate(tokens):
        if t.text in ("if", "while") and tokens[i + 1].text == "(":
            end = tokens[closing(tokens, i + 1)].end
            old = source[tokens[i + 1].at:end]
            yield "negation", tokens[i + 1].at, old, f"(!{old})"


def is_block(source, tokens, i):
    return spaced(source, tokens[i]) and tokens[i - 1].text in (")", "else", "do", ";", "{", "}", ":")


def statements(source, tokens):
    """Those that could be left out: assignments, calls, steps, break and continue. Declarations could not."""
    begins, heads = set(), set()
    for i, t in enumerate(tokens):
        if t.text in (";", "}", "else") or (t.text == "{" and is_block(source, tokens, i)):
            begins.add(i + 1)
        if t.text in ("if", "for", "while", "switch") and tokens[i + 1].text == "(":
            heads.update(range(i + 1, closing(tokens, i + 1)))  # the ; in a for
            begins.add(closing(tokens, i + 1) + 1)
    for i in sorted(begins):
        if i in heads or i + 1 >= len(tokens) or tokens[i].text in NOT_DELETED:
            continue
        if tokens[i].kind != "name" and tokens[i].text not in ("*", "++", "--", "("):
            continue
        if source.startswith("(void)", tokens[i].at):  # that something is not used
            continue
        end = i
        while end < len(tokens) and tokens[end].text not in (";", "}"):
            end = closing(tokens, end) + 1 if tokens[end].text in ("(", "[", "{") else end + 1
        if end >= len(tokens) or tokens[end].text != ";" or ":" in (t.text for t in tokens[i:i + 2]):
            continue
        second = tokens[i + 1]
        declares = tokens[i].kind == "name" and (second.kind == "name" or
                                                 (second.text == "*" and not spaced(source, second)))
        if not declares:
            call = second.text == "(" and closing(tokens, i + 1) == end - 1
            yield "call" if call else "statement", tokens[i].at, source[tokens[i].at:tokens[end].at], ""


def early_ends(source):
    for m in FUNCTION.finditer(source):
        yield "end", m.end(), "", " return;" if m["type"] == "void" else " return DM_OK;"


def mutations_of(path, source):
    tokens = tokens_of(source)
    found = [*small_ones(source, tokens), *conditions(source, tokens), *statements(source, tokens),
             *early_ends(source)]
    inside = source.find("\n{\n")  # before the first function: tables and constants, which count too
    return [Mutation(path, *m) for m in found if m[1] > inside or m[0] in ("constant", "swap")]


def draw(root, seed):
    """An endless row of mutations, evenly over the rooms; in a room over the lines of its files, in a file over the
    kinds of mutation. None comes twice."""
    rooms = {}
    for top in ROOMS:
        for path in sorted((root / top).rglob("*.c")):
            name = path.relative_to(root).as_posix()
            if not TABLES.fullmatch(name):
                rooms.setdefault(pathlib.PurePath(name).parent.as_posix(), []).append((name, path.read_text()))
    chance, seen, names = random.Random(seed), set(), sorted(rooms)
    while True:
        chance.shuffle(names)
        for room in names:
            files = rooms[room]
            path, source = chance.choices(files, [text.count("\n") for _, text in files])[0]
            kinds = {}
            for m in mutations_of(path, source):
                kinds.setdefault(m.kind, []).append(m)
            if not kinds:
                continue
            mutation = chance.choice(kinds[chance.choice(sorted(kinds))])
            if mutation not in seen:
                seen.add(mutation)
                yield mutation
