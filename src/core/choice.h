// A row of a table of kinds, as options and help see it: what it is called, and what it means. A table has a function
// (int index) -> Choice, from 0 on; a name of NULL lies behind the last.
#pragma once
#include <string.h>

typedef struct Choice {
    const char *name, *about;  // about: NULL where the name says it
} Choice;

// Which row has this name, of those there are.
static inline int dm_chosen(Choice (*choice)(int index), const char *name)
{
    int index = 0;
    while (strcmp(choice(index).name, name) != 0) index++;
    return index;
}
