"""A command on a pseudo-terminal, driven as by somebody who types. Waits for output, never for a time."""
import codecs, fcntl, os, pty, re, select, signal, struct, termios

from screen import Screen

LIMIT = 120  # seconds until something is taken for hanging: far more than anything here needs


class Terminal:
    def __init__(self, words, room, environment=None):
        self.text, self.read_so_far, self.screen = "", 0, Screen(24, 80)
        self.decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        settings = {k: v for k, v in os.environ.items() if k not in ("LANG", "LC_ALL", "LC_CTYPE", "NO_COLOR")}
        settings.update(TERM="xterm", XDG_STATE_HOME=os.path.join(room, "state"), **(environment or {}))
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.chdir(room)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # whatever ran the tests may ignore it
            os.execve(words[0], words, settings)

    def _more(self):
        if not select.select([self.file], [], [], LIMIT)[0]:
            raise AssertionError(f"nothing came; so far:\n{self.plain()}\nthe screen, with the cursor in row "
                                 f"{self.screen.row}, column {self.screen.column}:\n" + "\n".join(self.screen.lines()))
        try:
            part = os.read(self.file, 65536)
        except OSError:  # the other end was closed
            part = b""
        part_of_text = self.decode(part)
        self.text += part_of_text
        self.screen.feed(part_of_text)
        return bool(part)

    def resize(self, rows, columns):
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def wait_for_screen(self, *last, cursor=None):
        """Until its last rows are these, and the cursor stands there: rows above the lowest one, and column."""
        while True:
            seen = self.screen.lines()
            place = (len(seen) - 1 - self.screen.row, self.screen.column)
            if tuple(seen[-len(last):]) == last and cursor in (None, place):
                return
            if not self._more():
                raise AssertionError("ended; the screen:\n" + "\n".join(seen))

    def plain(self):  # without colours and moves of the cursor
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r", "", self.text)

    def wait(self, pattern):
        """Until the pattern stands in what has come since the last wait."""
        while True:
            found = re.compile(pattern).search(self.plain(), self.read_so_far)
            if found:
                self.read_so_far = found.end()
                return found
            if not self._more():
                raise AssertionError(f"ended without {pattern!r}; in all:\n{self.plain()}")

    def type(self, text):
        os.write(self.file, text if isinstance(text, bytes) else text.encode())

    def ask(self, text, pattern):
        self.wait(r"> ")
        self.type(text + "\n")
        return self.wait(pattern)

    def end(self):
        while self._more():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def ends(self, status):
        got = self.end()
        assert got == status, f"exit status {got} instead of {status}; at the end:\n{self.plain()[-2000:]}"
