"""A terminal's screen: what stands where after what a program has written. It knows wide characters, the margin as xterm
has it (a row that is full is left by the next character, not by the last), and the sequences that the conversation uses;
it fails on others."""
import re, unicodedata

SEQUENCE = re.compile(r"\x1b\[([?0-9;]*)([@A-Za-z])|\x1b[=>]")


def width(c):
    return 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1


class Screen:
    def __init__(self, rows, columns):
        self.rows, self.columns, self.row, self.column, self.waiting = rows, columns, 0, 0, ""
        self.cells = [[" "] * columns for _ in range(rows)]

    def resize(self, rows, columns):  # as xterm does: nothing is broken into lines anew
        cut = max(0, self.row + 1 - rows)
        self.cells = [(row + [" "] * columns)[:columns] for row in self.cells[cut:cut + rows]]
        self.cells += [[" "] * columns for _ in range(rows - len(self.cells))]
        self.rows, self.columns, self.row, self.column = rows, columns, self.row - cut, min(self.column, columns)

    def lines(self):
        """Its rows as text, without blanks and empty rows at the ends."""
        return "\n".join("".join(row).rstrip() for row in self.cells).rstrip("\n").split("\n")

    def feed(self, text):
        self.waiting += text
        while self.waiting:
            if self.waiting[0] == "\x1b":
                found = SEQUENCE.match(self.waiting)
                if not found:
                    if len(self.waiting) > 20:
                        raise AssertionError(f"a sequence that the screen does not know: {self.waiting[:20]!r}")
                    return  # the rest of it is to come
                self.waiting = self.waiting[found.end():]
                if found.group(2):
                    self._obey(found.group(2), found.group(1))
            else:
                self._write(self.waiting[0])
                self.waiting = self.waiting[1:]

    def _down(self):
        if self.row + 1 < self.rows:
            self.row += 1
        else:
            self.cells = self.cells[1:] + [[" "] * self.columns]

    def _write(self, c):
        if c == "\r":
            self.column = 0
        elif c == "\n":
            self._down()
        elif c == "\b":
            self.column = max(0, min(self.column, self.columns - 1) - 1)
        elif c != "\a":
            if self.column + width(c) > self.columns:
                self.column = 0
                self._down()
            if width(c):
                self._break(self.column), self._break(self.column + width(c) - 1)
                self.cells[self.row][self.column:self.column + width(c)] = [c, ""][:width(c)]
            else:
                self.cells[self.row][self.column - 1] += c
            self.column += width(c)

    def _break(self, column):  # half of a wide character takes the other half with it
        row = self.cells[self.row]
        if row[column] == "":
            row[column - 1] = " "
        elif column + 1 < self.columns and row[column + 1] == "":
            row[column + 1] = " "

    def _obey(self, what, numbers):
        number = int(numbers) if numbers.isdigit() else 0
        if what in "ABCD":
            step = max(number, 1)
            self.row = {"A": max(0, self.row - step), "B": min(self.rows - 1, self.row + step)}.get(what, self.row)
            column = min(self.column, self.columns - 1)
            self.column = {"C": min(self.columns - 1, column + step), "D": max(0, column - step)}.get(what, column)
        elif what == "G":
            self.column = max(number, 1) - 1
        elif what == "H" and not numbers:
            self.row = self.column = 0
        elif what == "J" and number in (0, 2):
            if number == 0:
                self._erase_to_end_of_row()
            for row in range(self.row + 1 if number == 0 else 0, self.rows):
                self.cells[row] = [" "] * self.columns
        elif what == "K" and not numbers:
            self._erase_to_end_of_row()
        elif what == "P":  # characters are deleted
            row, column = self.cells[self.row], min(self.column, self.columns - 1)
            self.cells[self.row] = (row[:column] + row[column + max(number, 1):] + [" "] * max(number, 1))[:self.columns]
        elif what == "@":  # room is made for some
            row, column = self.cells[self.row], min(self.column, self.columns - 1)
            self.cells[self.row] = (row[:column] + [" "] * max(number, 1) + row[column:])[:self.columns]
        elif what not in "mhl":
            raise AssertionError(f"a sequence that the screen does not know: ESC [ {numbers} {what}")

    def _erase_to_end_of_row(self):
        column = min(self.column, self.columns - 1)  # also where the row is full
        self._break(column)
        self.cells[self.row][column:] = [" "] * (self.columns - column)
