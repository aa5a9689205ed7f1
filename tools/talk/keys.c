// What keys do in a conversation beyond what libedit knows. It takes the sequences of the keys that it knows, and what
// follows their beginnings in the others, Ctrl-Left's for one, for text. So every sequence is read to its end here.
#include "keys.h"

#include <wchar.h>

#include "talk.h"

enum { ESCAPE = 0x1b, DELETE = 0x7f };
enum { PASTE_BEGINS = 200, PASTE_ENDS = 201 };

static Keys *keys_of(EditLine *editor)
{
    Keys *keys = NULL;
    el_wget(editor, EL_CLIENTDATA, &keys);
    return keys;
}

static void insert(EditLine *editor, wchar_t c)
{
    el_winsertstr(editor, (wchar_t[]){c, L'\0'});
}

// ---- Sequences ------------------------------------------------------------------------------------------------------

// ESC [ or ESC O, numbers with semicolons between them, and a last character: ECMA-48, 5.4.
typedef struct Sequence {
    int number, modifiers;  // 0: not there
    wchar_t last;           // 0: this is no key with a meaning here
} Sequence;

// What stands behind ESC [ or ESC O. False: nothing more can be read.
static bool read_sequence(EditLine *editor, Sequence *s)
{
    int numbers[2] = {0}, at = 0, read = 0;
    wchar_t c;
    for (*s = (Sequence){0}; el_wgetc(editor, &c) == 1; read++) {
        if (c == L';') {
            at++;
        } else if (c >= L'0' && c <= L'9') {
            if (at < 2 && numbers[at] < 1000) numbers[at] = 10 * numbers[at] + (int)(c - L'0');
        } else if (c < L' ' || c >= DELETE) {
            el_wpush(editor, (wchar_t[]){c, L'\0'});
            return true;
        } else if (c == L'[' && !read) {  // ESC [ [ A is F1 on the console of Linux
            return el_wgetc(editor, &c) == 1;
        } else if (c == L'$' && numbers[0]) {  // rxvt with Shift; elsewhere more would follow
            *s = (Sequence){.number = numbers[0], .last = L'~'};
            return true;
        } else if (c >= L'@') {
            *s = (Sequence){.number = numbers[0], .modifiers = numbers[1], .last = c};
            return true;
        }
    }
    return false;
}

// ---- Pastes ---------------------------------------------------------------------------------------------------------

static bool line_is_blank(EditLine *editor)
{
    const LineInfoW *line = el_wline(editor);
    for (const wchar_t *c = line->buffer; c < line->lastchar; c++)
        if (*c != L' ' && *c != L'\t' && *c != L'\u3000') return false;
    return true;
}

static void clear_line(EditLine *editor)
{
    const LineInfoW *line = el_wline(editor);
    const int length = (int)(line->lastchar - line->buffer);
    el_cursor(editor, (int)(line->lastchar - line->cursor));
    el_deletestr(editor, length);
}

// One character of a paste. True: it ends a line that has something in it.
static bool take_pasted(EditLine *editor, const Keys *keys, wchar_t c)
{
    if (keys->drop) return false;
    if (c == L'\n' || c == L'\r') {
        if (!line_is_blank(editor)) return true;
        clear_line(editor);
    } else if (c == L'\t') {
        insert(editor, keys->tabs ? L'\t' : L' ');
    } else if (c >= L' ' && c != DELETE) {
        insert(editor, c);
    }
    return false;
}

// Reads no further than to the end of a line: the terminal keeps the others until this one is answered.
static unsigned char paste(EditLine *editor, Keys *keys)
{
    Sequence s;
    wchar_t c;
    keys->pasting = true;
    while (el_wgetc(editor, &c) == 1) {
        if (c == ESCAPE) {
            if (el_wgetc(editor, &c) != 1 || (c == L'[' && !read_sequence(editor, &s))) break;
            if (c != L'[' || s.number != PASTE_ENDS || s.last != L'~') continue;
            keys->pasting = keys->drop = false;
            break;
        }
        if (take_pasted(editor, keys, c)) {
            keys->pasted = true;
            el_wpush(editor, L"\n");
            break;
        }
    }
    return CC_REFRESH;
}

void keys_before_line(EditLine *editor, Keys *keys)
{
    keys->pasted = false;
    if (keys->pasting) el_wpush(editor, L"\033[200~");
}

// ---- Keys -----------------------------------------------------------------------------------------------------------

static unsigned char delete_next(EditLine *editor)
{
    const LineInfoW *line = el_wline(editor);
    if (line->cursor == line->lastchar) return CC_NORM;
    el_cursor(editor, 1);
    el_deletestr(editor, 1);
    return CC_REFRESH;
}

// What libedit's Emacs keys have for it; NULL: this key does nothing.
static const wchar_t *emacs_key(const Sequence *s, bool words)
{
    switch (s->last) {
    case L'A': return L"\020";
    case L'B': return L"\016";
    case L'C': return words ? L"\033f" : L"\006";
    case L'D': return words ? L"\033b" : L"\002";
    case L'c': return L"\033f";  // rxvt, with Ctrl or Shift
    case L'd': return L"\033b";
    case L'H': return L"\001";
    case L'F': return L"\005";
    case L'~': return s->number == 1 || s->number == 7 ? L"\001" : s->number == 4 || s->number == 8 ? L"\005" : NULL;
    default: return NULL;
    }
}

static unsigned char press(EditLine *editor, bool alt)
{
    enum { ALT_OR_CTRL = 2 | 4 };  // of the modifiers, which are counted from 1
    Sequence s;
    if (!read_sequence(editor, &s)) return CC_NORM;
    if (s.last == L'~' && s.number == PASTE_BEGINS) return paste(editor, keys_of(editor));
    if (s.last == L'~' && s.number == 3) return delete_next(editor);
    const wchar_t *key = emacs_key(&s, alt || (s.modifiers && ((s.modifiers - 1) & ALT_OR_CTRL)));
    if (key) el_wpush(editor, key);
    return CC_NORM;
}

static unsigned char on_key(EditLine *editor, wint_t last)
{
    (void)last;
    return press(editor, false);
}

static unsigned char on_alt_key(EditLine *editor, wint_t last)
{
    (void)last;
    return press(editor, true);
}

// A command's name, where the cursor stands at its end.
static unsigned char on_tab(EditLine *editor, wint_t last)
{
    char name[32];
    int length = 0;
    const LineInfoW *line = el_wline(editor);
    (void)last;
    if (line->cursor == line->buffer || line->buffer[0] != L':') return CC_NORM;
    for (const wchar_t *c = line->buffer + 1; c < line->cursor; c++) {
        if (*c < L'a' || *c > L'z' || length + 1 == sizeof name) return CC_NORM;
        name[length++] = (char)*c;
    }
    name[length] = '\0';
    const Completion found = keys_of(editor)->complete(name);
    for (int i = 0; i < found.length; i++) insert(editor, (wchar_t)found.rest[i]);
    if (found.only) insert(editor, L' ');
    return found.only ? CC_REFRESH : CC_REFRESH_BEEP;
}

void keys_bind(EditLine *editor, Keys *keys)
{
    static const wchar_t *const bound[][2] = {
        {L"\\e[", L"key"}, {L"\\eO", L"key"}, {L"\\e\\e[", L"alt-key"}, {L"\\e\\eO", L"alt-key"}};
    el_wset(editor, EL_CLIENTDATA, keys);
    el_wset(editor, EL_ADDFN, L"key", L"a key that sends a sequence", on_key);
    el_wset(editor, EL_ADDFN, L"alt-key", L"the same with Alt", on_alt_key);
    el_wset(editor, EL_ADDFN, L"complete-command", L"complete the name of a command", on_tab);
    for (size_t i = 0; i < sizeof bound / sizeof bound[0]; i++)
        el_wset(editor, EL_BIND, bound[i][0], bound[i][1], NULL);
}
