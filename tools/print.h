// How translations are written: plain, n-best lists, alignments, JSON.
#pragma once
#include <cjson/cJSON.h>
#include <stdio.h>

#include "dragoman/dragoman.h"

typedef struct Format {
    bool n_best, word_scores, json;
    bool hard, soft;  // alignment; neither: none
} Format;

Format format_of(const dm_options *options);  // of "translate" or "generate"
// number: of the line, from 0. False: out of memory (of JSON); whether the stream took it all, ferror tells.
bool print_translation(FILE *stream, const Format *format, size_t number, const dm_translation *translation);
// The object of --json, without a newline behind it. False: out of memory.
bool print_translation_json(FILE *stream, const Format *format, const dm_translation *translation);
// {text, source, target, encoder, decoder, cross}: pieces, and maps as [layers][heads][rows][columns]. The caller frees
// it.
cJSON *attention_json(const dm_attended *seen);
// 0-0 1-2: for each word of the translation the source word that it looks at most, in order of the source.
void print_hard_alignment(FILE *stream, const dm_translation *translation, const dm_hypothesis *hypothesis);
// The source word that `word` looks at most, end of sentence left out; -1: the source has none.
int aligned_word(const dm_translation *translation, const dm_hypothesis *hypothesis, int word);

// What a line has come to so far: only what is new of it is written. (Should what was written turn out to be no
// beginning of the whole, the whole goes on a line of its own.)
typedef struct Stream {
    FILE *file;
    char *shown;  // NULL: nothing yet. The caller frees it
} Stream;
void stream_text(Stream *stream, const char *text);
void stream_part(void *stream, size_t line, const char *text);  // the same, as dm_translate_options.partial
