// A row of a table of kinds, as options and help see it: what it is called, and what it means. A table has a function
// (int index) -> Choice, from 0 on; a name of NULL lies behind the last.
#pragma once

typedef struct Choice {
    const char *name, *about;  // about: NULL where the name says it
} Choice;
