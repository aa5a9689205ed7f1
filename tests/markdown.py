"""What a forge shows of the project's pages: every link leads to a file or a heading that is there, every row of a table
has as many cells as its head (a | parts cells within code, too), every script and every test that is named exists.
Argument: the folder of the project."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
pages = [page for page in [*root.glob("*.md"), *root.glob("[.a-z]*/**/*.md")] if "build" not in page.parts[len(root.parts)]]
wrong = []


def anchors(text):
    """As GitHub makes them: lower case, no signs, hyphens for blanks."""
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, re.M)}


for page in pages:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)]*)\)", text):
        path, _, anchor = target.partition("#")
        other = page.parent / path if path else page
        if path.startswith(("http:", "https:")):
            continue
        if not other.exists():
            wrong.append(f"{page}: {target} is not there")
        elif anchor and anchor not in anchors(other.read_text(encoding="utf-8")):
            wrong.append(f"{page}: {target}: there is no such heading")
    head = None  # cells of the table that we are in
    for number, line in enumerate(text.splitlines(), 1):
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else None
        if cells and head and cells != head:
            wrong.append(f"{page}, {line[:60]}...: {cells - 1} cells, {head - 1} in the head of its table")
        head = (head or cells) if cells else None
    for script in set(re.findall(r"(?<![\w/.-])(?:scripts|tests|src|tools)/[\w./-]+\.(?:sh|py|c|h|json)\b", text)):
        if not (root / script).exists():
            wrong.append(f"{page}: there is no {script}")
    for test in set(re.findall(r"\b\w+_test\.(?:sh|c)\b", text)):
        if not list((root / "tests").rglob(test)):
            wrong.append(f"{page}: there is no {test}")

for sentence in wrong:
    print("FAILED:", sentence)
if len(pages) < 4:
    sys.exit(f"only {len(pages)} pages found in {root}")
sys.exit(1 if wrong else 0)
