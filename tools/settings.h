// What the options of translate and generate come to, for lines as for a conversation.
#pragma once
#include "print.h"

typedef dm_status Answer(dm_model *model, const char *const *lines, size_t count, const dm_translate_options *options,
                         dm_translation *translations, dm_error *error);

typedef struct Settings {
    bool goes_on;    // with lines: generate; else they are translated
    Answer *answer;  // the library's
    dm_translate_options search;
    Format format;
    bool stream;      // pieces are shown as greedy search finds them
    bool prefix_tab;  // what stands behind a tab in a line is what its translation has to begin with
} Settings;

const char *prefix_of(const dm_options *options);  // --prefix, where the command has it; NULL: nothing is said
// DM_USAGE where options do not go together.
dm_status read_settings(Settings *settings, const dm_options *options, dm_error *error);
// DM_USAGE where the models cannot do what is asked of them.
dm_status fit_settings(const Settings *settings, dm_model *model, dm_error *error);
// Cuts the line at its tab, if that is where prefixes are; returns the prefix, "" for none.
const char *cut_prefix(const Settings *settings, char *line);
// The models of --model as one. The caller closes it.
dm_status open_models(dm_model **model, const dm_options *options, dm_error *error);
