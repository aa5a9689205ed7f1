"""Drives `dragoman generate` on a pseudo-terminal: the text grows from line to line. Arguments: the command, the folder
of a model that counts (one two three ...), a folder to work in, and options of every conversation."""
import sys

import terminal

command, model, room, *always = sys.argv[1:]


def begin(*options):
    t = terminal.Terminal([command, "generate", "--model", model, "--max-length", "2", "--min-length", "2", *always, *options], room)
    t.wait("Type how a text begins")
    return t


def a_text_grows_from_line_to_line():
    t = begin()
    t.ask("one two", r"\none two three four\n")
    t.wait(r"score -[0-9.]+, [0-9]+ tokens/s")
    t.ask("", r"\nfive six\n")  # Enter alone
    t.ask("seven", r"\nseven eight nine\n")
    t.ask(":new", "A new text")
    t.ask("four five", r"\nfour five six seven\n")
    t.ask("\x04", "")
    t.ends(0)


def what_a_text_cannot_be_asked_is_no_command():
    t = begin("--stream")
    t.ask(":align", "no command :align")
    t.ask(":he", r":new +another text")
    assert ":attention" not in t.plain()
    t.ask(":unset stream", "stream +-")
    t.ask(":score", "has not gone on with a text yet")
    t.ask("two", r"\ntwo three four\n")
    t.ask(":score", r"three +-0\.\d+")
    t.ask(":set", r"max-length +2")
    assert "max-length-factor" not in t.plain()
    t.ask(":set prefix tab", "--prefix is an option of translate, not of generate")
    t.ask(":set stop six", "stop +six")
    t.ask(":set max-length 9", "max-length +9")
    t.ask("", r"\nfive six\n")
    t.ask(f":model {model}", "model +")  # whose text is another one
    t.ask("eight", r"\neight nine ten one")
    t.ask(":q", "")
    t.ends(0)


for fact in a_text_grows_from_line_to_line, what_a_text_cannot_be_asked_is_no_command:
    try:
        fact()
    except AssertionError as broken:
        sys.exit(f"FAILED: {fact.__name__.replace('_', ' ')}: {broken}")
