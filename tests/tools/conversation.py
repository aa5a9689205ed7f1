"""Drives `dragoman translate` on a pseudo-terminal, as somebody who types would, and checks what comes.
Arguments: the command, two model folders whose pieces are words, one of raw text, one of a model that looks at no source
pieces, a folder to work in. Waits for output, never for a time."""
import fcntl, json, os, random, re, shutil, signal, struct, subprocess, sys, termios

import terminal
from screen import Screen, width

command, model, other, raw, blind, room = sys.argv[1:7]


class Terminal(terminal.Terminal):
    def __init__(self, *options, environment=None, folder=model):
        super().__init__([command, "translate", "--model", folder, *options], room, environment)


def translation(*lines):
    out = subprocess.run([command, "translate", "--model", model], input="\n".join(lines) + "\n", capture_output=True,
                         text=True, check=True)
    return out.stdout.split("\n")[:-1]


chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
driver = os.path.join(os.path.dirname(os.path.abspath(__file__)), "report_page.py")
browser = chromium and [sys.executable, "-B", driver, chromium]  # and a page

first, second = translation("w5 w6 w7", "w9 w3")


def a_sentence_is_answered_and_quit_leaves():
    t = Terminal()
    t.wait("Type a sentence")
    t.ask("w5 w6 w7", re.escape(first))
    t.wait(r"score -[0-9.]+, [0-9]+ tokens/s")
    t.ask(":q", "")
    t.ends(0)


def an_empty_line_says_nothing_and_asks_again():
    t = Terminal()
    t.wait("> ")
    t.type("\n  \n\nw5 w6 w7\n")
    said = t.wait(re.escape(first)).string
    said = said[said.index("> "):said.index(first)]
    assert re.fullmatch(r"(> *\n){3}> w5 w6 w7\n", said), repr(said)
    t.ask(":quit", "")
    t.ends(0)


def pasted(text):  # as a terminal that was asked to mark it sends it
    return f"\x1b[200~{text}\x1b[201~".replace("\n", "\r")


def a_paste_is_translated_line_by_line_without_its_blank_lines():
    t = Terminal()
    t.wait("> ")
    assert "\x1b[?2004h" in t.text and "\x1b[?2004l" not in t.text
    t.type(pasted("w5 w6 w7\n\n \t\nw9\x1b[5C w3\n\nw5 w6") + " w7\n")
    for sentence, answer in ("w5 w6 w7", first), ("w9 w3", second), ("w5 w6 w7", first):
        t.wait(rf"(?<=> ){sentence}\n{re.escape(answer)}\nscore[^\n]*\n")
    t.type(pasted("\n\n"))  # nothing is asked twice for it
    t.type(":q\n")
    t.ends(0)
    assert "> \n" not in t.plain()
    assert t.text.count("\x1b[?2004l") == 1 and t.text.index("\x1b[?2004l") > t.text.rindex("score")


def a_paste_runs_no_command():
    t = Terminal()
    t.wait("> ")
    t.type(pasted(":quit\n:beam 3\n"))
    t.wait(r"(?<=> ):quit\n[^\n]*\nscore -")
    t.wait(r"(?<=> ):beam 3\n[^\n]*\nscore -")
    t.ask("\x10", r"(?<=> )::beam 3\n[^\n]*\nscore -")  # nor does the history then
    t.wait("> ")
    t.type(pasted(":beam 2") + "\n")  # it was shown, and Enter was pressed
    t.wait(r"beam-size +2")
    t.ask(":set", r"beam-size +2")
    t.ask(":q", "")
    t.ends(0)


def control_c_drops_the_rest_of_a_paste():
    t = Terminal("--stream", "--max-length-factor", "1000", "--min-length", "100000")
    t.wait("> ")
    t.type(pasted("w5 " * 300 + "\nw9 w3\nw9") + ":set min-length 0\n")
    t.wait(r"(w\d+ ){20}\s*(w\d+ ){300}")
    t.type("\x03")
    t.wait("stopped")
    t.wait(r"(?<=> ):set min-length 0\n +min-length +0")
    t.ask(":q", "")
    t.ends(0)
    assert "w9" not in t.plain()[t.plain().index("stopped"):]


def control_c_in_a_paste_that_has_not_ended_drops_what_is_to_come():
    t = Terminal()
    t.wait("> ")
    t.type("\x1b[200~w5 w6")
    t.wait("w6")
    t.type("\x03")
    t.wait(r"\^C\n> ")
    t.type(":beam 3\r:quit\r\x1b[201~w5 w6 w7\n")
    t.wait(re.escape(first))
    t.wait("> ")
    t.type("\x1b[200~w5 w6")  # whose end never comes
    t.wait("w6")
    t.type("\x03")
    t.wait(r"\^C\n> ")
    t.type("\x03")
    t.wait(r"\^C\n> ")
    t.type(":q\n")
    t.ends(0)
    assert "beam" not in t.plain()


def who_ends_the_program_finds_pastes_unmarked():
    t = Terminal()
    t.wait("> ")
    os.kill(t.pid, signal.SIGTERM)
    assert t.end() == -signal.SIGTERM
    assert t.text.count("\x1b[?2004l") == 1


def last_of_history():
    return open(os.path.join(room, "state", "dragoman", "history"), encoding="utf-8").read().split("\n")[-2]


def keys_move_or_do_nothing_and_leave_no_text():
    t = Terminal()
    nothing = ["\x1b[5~", "\x1b[6~", "\x1b[2~", "\x1b[15~", "\x1b[15;5~", "\x1bOP", "\x1b[1;2P", "\x1b[[A", "\x1b[1;5I",
               "\x1b[3~", "\x1b[5$", "\x1b[2$", "\x1b[5^", "\x1b[5@"]
    t.ask("w6" + "".join(nothing), "score")
    assert last_of_history() == "w6"
    words = [("\x1b[1;5D", "\x1b[1;5C"), ("\x1b[1;3D", "\x1b[1;3C"), ("\x1b\x1b[D", "\x1b\x1b[C"), ("\x1bOd", "\x1bOc"),
             ("\x1bb", "\x1bf")]
    for i, (left, right) in enumerate(words):
        t.ask(f"w5 w6{left}{left}{i} {right}{right} w7", "score")
        assert last_of_history() == f"{i} w5 w6 w7", (left, last_of_history())
    t.ask("6\x1b[Dw\x1b[H5 \x1bOHw\x1b[F x\x1b[D\x1b[3~w\x1b[1~8\x1b[4~7", "score")
    assert last_of_history() == "8w5 w6 w7", last_of_history()
    t.ask("\x1b[3~\x1bOA9", "score")  # Delete where there is nothing does not leave; up
    assert last_of_history() == "8w5 w6 w79", last_of_history()
    t.ask(":q", "")
    t.ends(0)


def tab_completes_commands():
    t = Terminal()
    t.ask("w5 w6 w7", "score")
    t.ask(":al\t", r"(?s):align \n.*w5")
    t.ask(":nb\t2", r"n-best +2")
    t.ask(":s\tet n-best\t 1", r"\n +n-best +1")  # :set or :score: there is no more to add
    t.ask(":xy\t", "no command :xy")
    t.ask("w5\t w6 w7", re.escape(first))
    t.ask(":q\t", "")
    t.ends(0)
    t = Terminal("--prefix", "tab", "--json")
    found = json.loads(t.ask("w5 w6 w7\tw9", r"\{.*\}").group(0))
    assert found["text"].startswith("w9"), found
    t.wait("> ")
    t.type(pasted("w5 w6 w7\tw9\n"))
    assert json.loads(t.wait(r"\{.*\}").group(0)) == found
    t.ask(":q", "")
    t.ends(0)


def control_d_leaves():
    t = Terminal()
    t.wait("> ")
    t.type("\x04")
    t.ends(0)


def a_line_can_be_edited_and_history_outlives_the_program():
    t = Terminal()
    t.wait("> ")
    t.type("w5 w6 xx\x7f\x7fw7\n")  # two characters are deleted
    t.wait(re.escape(first))
    t.ask(":quit", "")
    t.ends(0)
    history = os.path.join(room, "state", "dragoman", "history")
    assert "w5 w6 w7" in open(history, encoding="utf-8").read()
    assert os.stat(history).st_mode & 0o077 == 0, "others may read the history"
    t = Terminal()
    t.wait("> ")
    t.type("\x10\x10\n")  # up, past :quit
    t.wait(re.escape(first))
    t.ask(":q", "")
    t.ends(0)


def who_asks_for_a_format_gets_what_a_file_would():
    formats = {"alignment hard": r"\|\|\| \d+-\d+", "alignment soft": r"\|\|\| [-+e.\d]+,", "word-scores": "WordScores= -",
               "json": r'"text":'}
    for option, form in formats.items():
        t = Terminal()
        t.ask(f":set {option}", option.split()[0])
        t.ask("w5 w6 w7", form)
        t.ask(":q", "")
        t.ends(0)


def commands_do_what_help_says():
    t = Terminal()
    listing = t.ask(":help", r"(?s).*Ctrl-C stops").group(0)
    for name in ("beam", "nbest", "set", "unset", "align", "score", "attention", "model", "help", "quit"):
        assert f":{name}" in listing, name
    t.ask(":align", "type one first")
    t.ask(":beam 3", r"beam-size +3")
    t.ask(":nbest 2", r"n-best +2")
    t.ask("w5 w6 w7", r" 1  [^\n]*\n 2  ")
    t.ask(":align", r"(?s)w5.*w6.*w7")
    t.ask(":align 2", r"(?s)w5.*w6.*w7")
    t.ask(":align 3", "no translation 3")
    grid, links = r"\(end\)\n[^\n]*(█|▓|▒|░|·| [.#\d] )", r"w\d+ \d\.\d\d"
    for columns, drawn in (80, grid), (14, links), (0, grid):  # too narrow for a grid; a terminal that does not know
        fcntl.ioctl(t.file, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
        t.ask(":align", drawn)
    fcntl.ioctl(t.file, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    t.ask(":score", r"-[0-9.]+")
    t.ask(":attention page.html", "Wrote page.html")
    page = open(os.path.join(room, "page.html"), encoding="utf-8").read()
    [run] = json.loads(re.search('id="figures" type="application/json">(.*?)</script>', page, re.S).group(1))["runs"]
    [sentence] = run["attention"]["sentences"]
    assert sentence["line"] == "w5 w6 w7" and sentence["seen"]["source"] == ["w5", "w6", "w7", "</s>"]
    assert list(run) == ["name", "attention"], "figures that a conversation has none of"
    if browser:
        subprocess.run([*browser, os.path.join(room, "page.html")], check=True, text=True,
                       input="all('main section').length === 1 && all('nav a').length === 1\n"
                             "all('#attention article').length === 1 && all('#attention .large').length === 1\n")
    t.ask(":attention page.txt", "ends in .html")
    t.ask(":attention /no/such/folder/page.html", "cannot|no such|No such")
    t.ask(":set no-repeat-ngram 2", r"no-repeat-ngram +2")
    t.ask(":set", r"(?s)beam-size +3.*n-best +2")
    t.ask(":unset n-best", r"n-best +1")
    t.ask(":nbest 2", r"n-best +2")
    t.ask(":nbest 1", r"n-best +1")
    t.ask(":beam 1", r"beam-size +1")
    t.ask(":set stream", r"stream +true")  # which a list would not go with
    t.ask(":unset stream", r"stream +-")
    t.ask(":set beam-size x", "beam-size")
    t.ask(":set temperature 2", "--temperature has no effect without --output-sampling")
    t.ask(":nbest 6", "a beam of 1 finds no more than 1 translation of a line: 6 need a beam of 4 or more")
    t.ask(":set beam-sise 2", "did you mean")
    t.ask(":set model x", ":model opens another")
    t.ask(":bean 3", "did you mean :beam")
    t.ask(":b 4", r"beam-size +4")
    t.ask(":", "help")
    t.ask(":q", "")
    t.ends(0)


def another_model_is_opened_and_the_old_one_kept_where_that_fails():
    t = Terminal()
    t.ask(":model /no/such/model", "still")
    t.ask("w5 w6 w7", re.escape(first))
    t.ask(f":model {other}", r"model +" + re.escape(other))
    t.ask("w5 w6 w7", r"score")
    t.ask(":q", "")
    t.ends(0)


def a_sentence_may_begin_with_a_colon():
    t = Terminal()
    t.ask("::) w5", r"score -")
    t.ask(":q", "")
    t.ends(0)


def control_c_stops_the_sentence_and_what_is_typed_meanwhile_is_kept():
    # A translation of 300,000 pieces takes hours, if it is not stopped; its first pieces say that it is at work.
    t = Terminal("--stream", "--max-length-factor", "1000", "--min-length", "100000")
    t.wait("> ")
    t.type("w5 " * 300 + "\n")
    t.wait(r"(w\d+ ){20}\s*(w\d+ ){300}")
    t.type(":set min-length 0\n:set max-length-factor 1\nw5 w6 w7\n")
    os.kill(t.pid, signal.SIGINT)
    t.wait("stopped")
    t.wait(r"min-length +0")
    t.wait(r"max-length-factor +1")
    t.wait(r"score -")
    t.ask(":q", "")
    t.ends(0)


def control_c_at_the_prompt_clears_the_line():
    t = Terminal()
    t.wait("> ")
    for turn in range(50):  # at whatever moment it comes
        t.type(f"this is not wanted {turn}.")
        t.wait(rf"wanted {turn}\.")
        t.type("\x03")
        t.wait(r"\^C\n")
    t.ask("w5 w6 w7", re.escape(first))
    t.ask(":q", "")
    t.ends(0)


def chinese_is_typed_without_a_locale():
    t = Terminal()
    t.wait("> ")
    t.type("我爱w5\n")
    t.wait("我爱w5")
    t.wait("score")
    t.ask(":q", "")
    t.ends(0)


def rows_of(line, columns=80, prompt="> "):
    rows, column = [prompt], len(prompt)
    for c in line:
        if column + width(c) > columns:
            rows.append("")
            column = 0
        rows[-1] += c
        column += width(c)
    return [row.rstrip() for row in rows], (len(rows) - 1, column)


def wide_characters_meet_the_margin():
    t = Terminal()
    line = 12 * "我昨天买的书很有意思"
    t.wait("> ")
    t.type(line)
    t.wait_for_screen(*rows_of(line)[0])
    t.type("\x01")
    t.wait_for_screen(*rows_of(line)[0], cursor=(3, 2))
    t.type("他")
    t.wait_for_screen(*rows_of("他" + line)[0], cursor=(3, 4))
    t.type("x")
    t.wait_for_screen(*rows_of("他x" + line)[0], cursor=(3, 5))
    t.type("\x0b")
    t.wait_for_screen("> 他x", cursor=(0, 5))
    t.type("\x15e\u0301他\x02\x02")
    t.wait_for_screen("> e\u0301他", cursor=(0, 3))
    t.type("\x05\x15:q\n")
    t.ends(0)


def every_edit_is_shown_as_it_is():
    t = Terminal()
    t.wait("> ")
    chance, line, at, screen = random.Random(5), "", 0, t.screen
    t.resize(24, 20)
    for _ in range(300):
        key = chance.choice(["他", "我们", "a", "bc d", "é", "\x01", "\x05", "\x02", "\x06", "\x02\x02\x02", "\x7f", "\x04"])
        if key == "\x04" and at == len(line):
            continue
        t.type(key)
        if key[0] in "\x01\x05\x02\x06":
            at = {"\x01": 0, "\x05": len(line), "\x02": max(0, at - len(key)), "\x06": min(len(line), at + 1)}[key[0]]
        elif key == "\x7f" and at:
            line, at = line[:at - 1] + line[at:], at - 1
        elif key == "\x04":
            line = line[:at] + line[at + 1:]
        elif key != "\x7f":
            line, at = line[:at] + key + line[at:], at + len(key)
        rows, _ = rows_of(line, 20)
        row, column = rows_of(line[:at], 20)[1]
        if column + width((line + " ")[at]) > 20:  # of the row that follows
            row, column = row + 1, 0
        t.wait_for_screen(*rows, cursor=(len(rows) - 1 - row, column))
    t.type("\x15\x0b:q\n")
    t.ends(0)


def a_window_of_another_size_keeps_line_and_answer_apart():
    t = Terminal()
    line = "w5 w6 w7 " * 20
    [expected] = translation(line)
    t.wait("> ")
    for rows, columns in (24, 50), (24, 100), (10, 33), (24, 80):
        t.type(line)
        t.wait_for_screen(*rows_of(line, t.screen.columns)[0])
        t.resize(rows, columns)
        t.wait_for_screen(*rows_of(line, columns)[0])
        t.type("\n")
        t.wait("score -")
        t.wait("> $")
        seen = t.screen.lines()
        score = max(i for i, row in enumerate(seen) if row.startswith("score -"))
        both = rows_of(line, columns)[0] + rows_of(expected, columns, "")[0]
        assert seen[max(0, score - len(both)):score] == both[-score:], seen
    t.type(line)
    t.resize(24, 60)
    t.type("\x15:q\n")
    t.ends(0)


def a_line_longer_than_the_window_shows_where_the_cursor_is():
    t = Terminal()
    t.wait("> ")
    t.resize(5, 20)
    line = "".join(f"{i:03} " for i in range(60))
    rows = rows_of(line, 20)[0]
    t.type(line)
    t.wait_for_screen(*(rows[-5:] if rows[-1] else rows[-5:-1]))
    t.type("\x01")
    t.wait_for_screen(*rows[:5], cursor=(4, 2))
    t.type("\x05")
    t.wait_for_screen(*rows[-4:])
    t.type("\x15:q\n")
    t.ends(0)


def bytes_that_are_no_utf8_are_complained_about():
    t = Terminal()
    t.wait("> ")
    t.type(b"w5 \xff w6\n")
    t.wait(r"dragoman: that line is not valid UTF-8 \(it has a byte 0xff\)")
    t.wait("> ")
    t.type(b"w5 \xe4w6 w7\n")  # the beginning of one that does not go on
    t.wait(r"w5 \ufffdw6 w7\n*dragoman: that line is not valid UTF-8 \(it has a byte 0x77\)")
    t.wait("> ")
    t.type(b"w5 \xff\x7fw6 w7\n")  # it was seen and deleted
    t.wait(re.escape(first))
    t.wait("> ")
    t.type(b"\x1b[200~w9 w3\r\xb0\xa1\xb0\xa1\rw5 w6 w7\x1b[201~\n")
    t.wait(re.escape(second))
    t.wait("not valid UTF-8")
    t.wait(re.escape(first))
    t.ask("\ufffd", "score")  # which is a character
    t.ask(":q", "")
    t.ends(0)


def raw_text_is_cut_into_pieces_at_the_prompt_as_in_a_pipe():
    sentence = "他是第 3 个，她不是。"
    piped = subprocess.run([command, "translate", "--model", raw, "--json"], input=sentence + "\n", capture_output=True,
                           text=True, check=True)
    expected = json.loads(piped.stdout)
    assert "▁" in "".join(expected["pieces"]) and expected["text"].startswith("he is number "), expected
    t = Terminal("--json", folder=raw)
    found = json.loads(t.ask(sentence, r"\{.*\}").group(0))
    assert found == expected, found
    t.ask(":attention pieces.html", "Wrote pieces.html")
    if browser:  # what begins a word is shown by a dot, which is no part of a picture
        subprocess.run([*browser, os.path.join(room, "pieces.html")], check=True, text=True,
                       input="texts('.large th').some((piece) => piece.startsWith('·'))\n"
                             "!texts('.large th').some((piece) => piece.includes('▁')) && text.includes('A dot in a piece is a space.')\n")
    t.ask(":q", "")
    t.ends(0)


def pieces_appear_as_they_are_found():
    t = Terminal("--stream")
    t.ask("w5 w6 w7", r"score -")
    t.ask(":q", "")
    t.ends(0)


def wrong_settings_are_refused_before_the_first_prompt():
    t = Terminal("--stream", "--beam-size", "3")
    t.wait("--stream is for greedy search")
    t.ends(2)
    t = Terminal("--prefix", "some-file")
    t.wait("--prefix tab")
    t.ends(2)


def what_a_model_cannot_do_is_said_and_the_conversation_goes_on():
    t = Terminal(folder=blind)
    t.ask("red blue", "score -")
    t.ask(":align", "dragoman: --alignment asks which source pieces")
    t.ask(":attention page.html", "a picture of attention asks which source pieces")
    t.ask(":set alignment hard", "dragoman: --alignment asks which source pieces")
    t.ask(":set unk-replace", "dragoman: --unk-replace asks")
    t.ask("red blue", "score -")
    t.ask(":set", r"alignment +-")
    t.ask(":q", "")
    t.ends(0)
    t = Terminal("--alignment", "hard", folder=blind)
    t.wait("dragoman: --alignment asks which source pieces")
    t.ends(2)
    t = Terminal("--alignment", "hard")
    t.ask(f":model {blind}", "--alignment asks which source pieces")
    t.wait("The model is still " + re.escape(model))
    t.ask("w5 w6 w7", re.escape(first))
    t.ask(":q", "")
    t.ends(0)


failed = 0
helpers = (Terminal, Screen, width, translation, pasted, last_of_history, rows_of)
for name, fact in [(n, f) for n, f in list(globals().items()) if callable(f) and f not in helpers]:
    print(name)
    try:
        fact()
    except AssertionError as reason:
        failed += 1
        print(f"FAILED: {name}: {reason}")
sys.exit(failed != 0)
