// What keys do in a conversation beyond what libedit knows.
#pragma once
#include <histedit.h>
#include <stdbool.h>

#include "talk.h"

typedef struct Keys {
    Completer *complete;
    Keyboard *keyboard;
    bool tabs;     // a tab is a character to type
    bool pasting;  // a paste has begun, and its end has not been read
    bool pasted;   // it was a paste that ended the line
    bool drop;     // the rest of the paste is not wanted
} Keys;

void keys_bind(EditLine *editor, Keys *keys);
void keys_before_line(EditLine *editor, Keys *keys);  // the next line begins with what is left of a paste
