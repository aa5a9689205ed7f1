// The line that is being typed, as the screen shows it.
#pragma once
#include <stdio.h>
#include <wchar.h>

typedef struct TypedLine TypedLine;

TypedLine *typed_line_new(FILE *screen);  // NULL: out of memory
void typed_line_free(TypedLine *l);

void typed_line_begin(TypedLine *l);  // in the row where the cursor is, which has nothing in it
void typed_line_clear_screen(TypedLine *l);  // what is drawn next begins it
void typed_line_draw(TypedLine *l, const wchar_t *line, int length, int cursor);
void typed_line_end(TypedLine *l, const wchar_t *line, int length);  // the cursor stands in the row behind it
void typed_line_break_off(TypedLine *l);                             // the same, with a ^C behind what stood there
