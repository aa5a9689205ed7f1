// Texts that options name: read, or only looked at, so that what is missing is said before anything is made.
#include "data/inputs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"

static dm_on_bad_line wish_of(const dm_options *o)
{
    const char *wish = dm_options_text(o, "on-bad-line", 0);
    return strcmp(wish, "skip") == 0 ? DM_SKIP_LINE : strcmp(wish, "crop") == 0 ? DM_CROP_LINE : DM_STOP_THERE;
}

bool dm_is_text_alone(const dm_options *o, const char *sets, const char *tsv)
{
    return dm_options_count(o, dm_options_count(o, tsv) ? "tsv-columns" : sets) == 1;
}

BitextFiles dm_bitext_files_of_options(const dm_options *o, const char *sets, const char *tsv)
{
    BitextFiles files = {.tsv = dm_options_text(o, tsv, 0), .on = wish_of(o), .alone = dm_is_text_alone(o, sets, tsv)};
    for (int side = DM_SOURCE; side <= DM_TARGET; side++) {
        const int place = files.alone ? 0 : side;
        const char *column = dm_options_text(o, "tsv-columns", files.tsv ? place : 0);
        files.path[side] = dm_options_text(o, sets, place);
        files.columns[side] = (int)dm_option_number(column);
    }
    return files;
}

Status dm_bitext_of_options(Bitext *text, const dm_options *o, const char *sets, const char *tsv, Error *error)
{
    const BitextFiles files = dm_bitext_files_of_options(o, sets, tsv);
    return files.path[DM_TARGET] || files.tsv ? dm_bitext_read(text, &files, error) : DM_OK;
}

static Status check_readable(const char *path, Error *error)
{
    if (strcmp(path, "-") == 0) return DM_OK;
    if (dm_is_folder(path)) return dm_fail(error, "%s is a folder, but a file of text is needed", path);
    if (access(path, R_OK) != 0) return dm_fail(error, "cannot open %s: %s", path, strerror(errno));
    return DM_OK;
}

Status dm_inputs_check(const dm_options *options, const char *const *names, Error *error)
{
    int from_standard_input = 0;
    for (; *names; names++) {
        for (int j = 0; j < dm_options_count(options, *names); j++) {
            const char *path = dm_options_text(options, *names, j);
            Status status = check_readable(path, error);
            if (status) return status;
            from_standard_input += strcmp(path, "-") == 0;
        }
    }
    if (from_standard_input > 1)
        return dm_misuse(error, "standard input (-) can be read only once: name a file for every text but one");
    return DM_OK;
}
