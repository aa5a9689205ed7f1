// Examples: what a shard of a corpus is to a model. A kind of example is a row of dm_example_kinds, and an architecture
// has a list of those that it learns from.
#pragma once
#include "data/corpus.h"
#include "tensor/tokens.h"

// Which pieces of its source each row comes from.
typedef struct RowLinks {
    const int *first;   // [rows + 1] where those of a row begin
    const int *source;  // places, counted from the first piece of the sentence
} RowLinks;

typedef struct Example {
    Tokens source;
    const int *copies;     // [source.n] what each piece is copied as; NULL: as itself
    Tokens read;           // what the decoder reads: start w1 ... w(n-1) of each sequence
    const int *written;    // [read.n] what it should have written: w1 ... wn; what can be copied alone, as that
    const float *weights;  // [read.n] how much a row counts, or NULL: 1 each
    RowLinks links;        // of each row; no `first`: nothing is known of any
} Example;

typedef struct ExampleKind {
    const char *name, *about;
    int sides;  // of the corpus: 1, then it is its target
    // The pairs order[0 ... count-1] of the corpus, in the arena. start: the id that a decoder begins with; -1: there is
    // none.
    Example (*make)(Arena *arena, const Corpus *corpus, const int *order, int count, int start);
} ExampleKind;

extern const ExampleKind dm_pairs;                   // a source and its translation
extern const ExampleKind dm_text;                    // text alone, whose source is empty
extern const ExampleKind dm_joined;                  // a source and its translation behind it as one text
extern const ExampleKind dm_labelled;                // a source and labels of places in it
extern const ExampleKind *const dm_example_kinds[];  // ends with NULL

// What should be written, without the ends.
Tokens dm_without_ends(Arena *arena, const Example *example);
// The same sentences once more behind themselves: rows n ... 2n - 1 are those of 0 ... n - 1.
Example dm_example_twice(Arena *arena, const Example *example);
