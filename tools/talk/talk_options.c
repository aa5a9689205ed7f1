// Options that change while a conversation lasts.
#include <stdarg.h>
#include <string.h>

#include "talk.h"
#include "tools.h"

void talk_refuse(const char *format, ...)
{
    dm_error error;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error.message, sizeof error.message, format, arguments);
    va_end(arguments);
    complain(DM_USAGE, &error);
}

// Those that may change from one sentence to the next, in the order of the help; a command has some of them.
// clang-format off
static const char *const settable[] = {
    "beam-size",   "normalize",   "max-length-factor", "max-length",
    "min-length",  "length",      "iterations",        "length-beam",
    "stop",        "coverage-penalty", "no-repeat-ngram", "diversity",
    "temperature", "output-sampling",  "seed",         "prefix",
    "n-best",      "alignment",   "unk-replace",       "json",
    "stream",      "word-scores", "cpu-threads",
};
// clang-format on
enum { SETTABLE = sizeof settable / sizeof settable[0] };

static bool is_settable(const dm_options *options, const char *name)
{
    for (int i = 0; i < SETTABLE; i++)
        if (strcmp(settable[i], name) == 0) return dm_options_has(options, name);
    return false;
}

void talk_show_option(const Talk *talk, const char *name)
{
    const int count = dm_options_count(talk->options, name);
    const bool given = dm_options_given(talk->options, name);
    FILE *stream = talk->screen.stream;
    fprintf(stream, "%s  %-17s", given ? "" : talk_style(&talk->screen, talk_dim), name);
    for (int i = 0; i < count; i++) fprintf(stream, " %s", dm_options_text(talk->options, name, i));
    fprintf(stream, "%s%s\n", count ? "" : " -", talk_style(&talk->screen, talk_plain));
}

// Nothing changes where the change is refused. Takes `changed`.
static void take_options(Talk *talk, dm_options *changed, const char *name)
{
    dm_error error = {.message = ""};
    Settings settings;
    dm_status status = talk_settings(&settings, changed, &error);
    if (!status) status = fit_settings(&settings, talk->model, &error);
    if (status) {
        complain(status, &error);
        dm_options_free(changed);
        return;
    }
    dm_options_free(talk->options);
    talk->options = changed;
    talk->settings = settings;
    talk_show_option(talk, name);
}

static bool may_change(const dm_options *options, const char *name)
{
    if (is_settable(options, name)) return true;
    dm_error error = {.message = ""};
    dm_options *trial = copy_options(options);
    if (dm_options_unset(trial, name, &error))
        complain(DM_USAGE, &error);
    else
        talk_refuse("--%s stays what it is while the conversation lasts (:set lists what can change%s)", name,
                    strcmp(name, "model") == 0 ? ", :model opens another model" : "");
    dm_options_free(trial);
    return false;
}

// A list of one is a translation: it is shown as it is, and what goes with a translation alone goes with it.
static void drop_list_of_one(dm_options *options, const char *name)
{
    dm_error error;
    if (strcmp(name, "n-best") == 0 && dm_options_number(options, name) < 2) dm_options_unset(options, name, &error);
}

// Without values a flag is set, and any other option is shown.
void talk_set_option(Talk *talk, const char *name, int count, const char *const *values)
{
    if (!may_change(talk->options, name)) return;
    dm_error error = {.message = ""};
    dm_options *changed = copy_options(talk->options);
    dm_status status = dm_options_set(changed, name, count, values, &error);
    if (!status) {
        drop_list_of_one(changed, name);
        take_options(talk, changed, name);
        return;
    }
    dm_options_free(changed);
    if (count)
        complain(status, &error);
    else
        talk_show_option(talk, name);
}

void talk_unset_option(Talk *talk, const char *name)
{
    if (!may_change(talk->options, name)) return;
    dm_error error = {.message = ""};
    dm_options *changed = copy_options(talk->options);
    dm_options_unset(changed, name, &error);
    take_options(talk, changed, name);
}

void talk_show_options(const Talk *talk)
{
    for (int i = 0; i < SETTABLE; i++)
        if (dm_options_has(talk->options, settable[i])) talk_show_option(talk, settable[i]);
}
