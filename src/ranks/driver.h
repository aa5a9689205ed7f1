// What a plug-in that moves memory between ranks hands over: a table of functions, and no more. It stands by itself: it
// calls nothing of the library and asks for no memory of a scope.
#pragma once
#include <stddef.h>

#define DM_EXCHANGE_DRIVER "dm_exchange_driver"  // the function that a plug-in exports: const ExchangeDriver *(void)
enum { DM_EXCHANGE_VERSION = 2 };

typedef struct ExchangeDriver {
    int version;
    // Joins the other ranks. A rank of which nothing was heard for `patience` seconds is taken for lost. NULL, or why it
    // could not be done.
    const char *(*begin)(double patience, int *rank, int *ranks);
    // Asked for, and done when `wait` has returned: the memory stays where it is until then. Between two ranks, what is
    // sent first is received first.
    void (*send)(int to, const void *bytes, size_t size);
    void (*receive)(int from, void *bytes, size_t size);
    // NULL, or the sentence for people why it will never be done: a rank is gone. "": another rank says it.
    const char *(*wait)(void);
    const char *(*name)(int rank);  // "rank 2 (node7)"
    // why: NULL where all ranks have come to their end; else the reason for which this one leaves, which rank 0 is told.
    // What it says then, or "" where another rank has something to say. status: that of this process, which becomes that
    // of the rank whose reason it has heard of, so that all end with one.
    const char *(*end)(const char *why, int *status);
} ExchangeDriver;
