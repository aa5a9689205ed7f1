// What conversation and commands share: the last sentence, how it is searched for, and what is said where that fails.
#include <stdlib.h>
#include <string.h>

#include "talk.h"
#include "tools.h"

static bool stop(void *context)
{
    (void)context;
    return keyboard_interrupted();
}

dm_translate_options talk_search(Talk *talk)
{
    dm_translate_options search = talk->asked;
    if (!talk->settings.goes_on && *talk->prefix) search.prefixes = &talk->prefix;
    search.stop = stop;
    keyboard_forget_interrupt();
    return search;
}

void talk_forget(Talk *talk)
{
    free(talk->line);
    talk->line = NULL;
    dm_translations_free(&talk->translation, 1);
}

void talk_complain(const Talk *talk, dm_status status, const dm_error *error)
{
    if (status == DM_STOPPED)
        fprintf(talk->screen.stream, "%sstopped%s\n", talk_style(&talk->screen, talk_dim),
                talk_style(&talk->screen, talk_plain));
    else
        complain(status, error);
}

// A file of prefixes belongs to a file of lines.
static dm_status check_prefix(const dm_options *options, dm_error *error)
{
    const char *prefix = prefix_of(options);
    if (!prefix || strcmp(prefix, "tab") == 0) return DM_OK;
    return misuse(error,
                  "--prefix %s has a line for each line of a file or a pipe: on a terminal use --prefix tab, and type "
                  "a tab and the beginning of the translation behind a sentence",
                  prefix);
}

dm_status talk_settings(Settings *settings, const dm_options *options, dm_error *error)
{
    dm_status status = check_prefix(options, error);
    return status ? status : read_settings(settings, options, error);
}
