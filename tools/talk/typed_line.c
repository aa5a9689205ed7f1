// The line that is being typed, as the screen shows it. libedit knows what the line is, but loses count of the columns
// where wide characters meet the margin, and of the rows where the window changes; so it is drawn here.
#include "typed_line.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <wchar.h>

static const wchar_t prompt[] = L"> ";
enum { PROMPT = sizeof prompt / sizeof *prompt - 1, TAB = 8 };

typedef struct Place {
    int row, column;  // from where the prompt begins
} Place;

struct TypedLine {
    FILE *screen;
    int rows, columns;  // of the window when it was drawn
    // What stands there, the prompt in it, and where each of its characters and what comes behind the last one stand.
    wchar_t *text;
    Place *place;
    int length, room;
    int top, bottom;  // the first row that is shown (a line may have more of them than the window), and the last
    Place stand;      // of the cursor
};

// ---- Where it stands ------------------------------------------------------------------------------------------------

static bool is_control(wchar_t c)
{
    return c < L' ' || c == 0x7f;
}

static int width_of(wchar_t c, int column)
{
    if (c == L'\t') return TAB - column % TAB;
    if (is_control(c)) return 2;
    const int width = wcwidth(c);
    return width < 0 ? 1 : width;
}

// A character that does not fit into a row stands in the next one, whatever the terminal would do with it.
static Place fit(Place at, int width, int columns)
{
    return at.column + width > columns ? (Place){at.row + 1, 0} : at;
}

static Place past(Place at, wchar_t c, int columns)
{
    if (c == L'\n') return (Place){at.row + 1, 0};
    const int width = width_of(c, at.column);
    return (Place){at.row, at.column + width < columns ? at.column + width : columns};
}

static void lay_out(TypedLine *l)
{
    Place at = {0, 0};
    for (int i = 0; i < l->length; i++) {
        l->place[i] = l->text[i] == L'\n' ? at : fit(at, width_of(l->text[i], at.column), l->columns);
        at = past(l->place[i], l->text[i], l->columns);
    }
    l->place[l->length] = fit(at, 1, l->columns);
}

// ---- Drawing --------------------------------------------------------------------------------------------------------

static void put(FILE *screen, wchar_t c, int width)
{
    char bytes[MB_LEN_MAX];
    if (c == L'\t') {
        fprintf(screen, "%*s", width, "");
    } else if (is_control(c)) {
        fprintf(screen, "^%c", (char)(c ^ 0x40));
    } else {
        mbstate_t state = {0};
        const size_t size = wcwidth(c) < 0 ? (size_t)-1 : wcrtomb(bytes, c, &state);
        if (size == (size_t)-1)
            putc('?', screen);
        else
            fwrite(bytes, 1, size, screen);
    }
}

// A row that is not there yet is begun by a newline, which scrolls where it has to.
static void move(TypedLine *l, Place to)
{
    if (to.row < l->stand.row) fprintf(l->screen, "\033[%dA", l->stand.row - to.row);
    const int down = (to.row < l->bottom ? to.row : l->bottom) - l->stand.row;
    if (down > 0) fprintf(l->screen, "\033[%dB", down);
    putc('\r', l->screen);
    for (; l->bottom < to.row; l->bottom++) putc('\n', l->screen);
    if (to.column > 0) fprintf(l->screen, "\033[%dC", to.column);
    l->stand = to;
}

// From a character on, and nothing behind it.
static void draw_from(TypedLine *l, int from)
{
    move(l, l->place[from]);
    fputs("\033[J", l->screen);
    for (int i = from; i < l->length && l->place[i].row < l->top + l->rows; i++) {
        if (l->place[i].row != l->stand.row) move(l, l->place[i]);
        if (l->text[i] == L'\n') continue;
        put(l->screen, l->text[i], width_of(l->text[i], l->place[i].column));
        l->stand = past(l->place[i], l->text[i], l->columns);
    }
}

static bool measure(TypedLine *l)
{
    struct winsize size = {0};
    const int rows = l->rows, columns = l->columns;
    ioctl(fileno(l->screen), TIOCGWINSZ, &size);
    l->rows = size.ws_row ? size.ws_row : 24;
    l->columns = size.ws_col > 3 ? size.ws_col : 80;
    return l->rows != rows || l->columns != columns;
}

static bool make_room(TypedLine *l, int length)
{
    if (length < l->room) return true;
    const int room = 2 * length + 80;
    wchar_t *text = realloc(l->text, (size_t)room * sizeof *text);
    if (text) l->text = text;
    Place *place = realloc(l->place, (size_t)room * sizeof *place);
    if (place) l->place = place;
    if (text && place) l->room = room;
    return text && place;
}

// Takes the line, and returns up to where it is what was there before.
static int take(TypedLine *l, const wchar_t *line, int length)
{
    int same = 0;
    while (same < l->length && same < PROMPT + length &&
           l->text[same] == (same < PROMPT ? prompt[same] : line[same - PROMPT]))
        same++;
    wmemcpy(l->text, prompt, PROMPT);
    wmemmove(l->text + PROMPT, line, (size_t)length);
    l->length = PROMPT + length;
    while (same && same < l->length && width_of(l->text[same], 0) == 0) same--;  // an accent goes with its letter
    return same;
}

// The rows around the cursor are shown. True: they are others than before.
static bool scroll(TypedLine *l, int row)
{
    const int before = l->top;
    if (row < l->top) l->top = row;
    if (row >= l->top + l->rows) l->top = row - l->rows + 1;
    return l->top != before;
}

static int first_shown(const TypedLine *l)
{
    int i = 0;
    while (i < l->length && l->place[i].row < l->top) i++;
    return i;
}

// From the first row on that is shown, whatever stands there.
static void draw_all(TypedLine *l, int old_top)
{
    if (l->stand.row > old_top) fprintf(l->screen, "\033[%dA", l->stand.row - old_top);
    l->stand = (Place){l->top, 0};
    l->bottom = l->top;
    draw_from(l, first_shown(l));
}

void typed_line_draw(TypedLine *l, const wchar_t *line, int length, int cursor)
{
    if (!make_room(l, PROMPT + length + 1)) return;
    const bool resized = measure(l);
    const int old_length = l->length, old_top = l->top, same = take(l, line, length);
    lay_out(l);
    const Place to = l->place[PROMPT + cursor];
    if (scroll(l, to.row) || resized)
        draw_all(l, old_top);
    else if (same < l->length || same < old_length)
        draw_from(l, same > first_shown(l) ? same : first_shown(l));
    move(l, to);
    fflush(l->screen);
}

// ---- From beginning to end ------------------------------------------------------------------------------------------

TypedLine *typed_line_new(FILE *screen)
{
    TypedLine *l = calloc(1, sizeof *l);
    if (l) l->screen = screen;
    return l;
}

void typed_line_free(TypedLine *l)
{
    if (!l) return;
    free(l->text);
    free(l->place);
    free(l);
}

void typed_line_begin(TypedLine *l)
{
    l->length = l->top = l->bottom = 0;
    l->stand = (Place){0, 0};
    measure(l);
}

void typed_line_clear_screen(TypedLine *l)
{
    fputs("\033[H\033[2J", l->screen);
    typed_line_begin(l);
}

void typed_line_end(TypedLine *l, const wchar_t *line, int length)
{
    typed_line_draw(l, line, length, length);
    if (l->stand.column) fputs("\r\n", l->screen);
    fflush(l->screen);
}

void typed_line_break_off(TypedLine *l)
{
    const int length = l->length > PROMPT ? l->length - PROMPT : 0;
    typed_line_draw(l, length ? l->text + PROMPT : L"", length, length);
    fputs("^C\r\n", l->screen);
    fflush(l->screen);
}
