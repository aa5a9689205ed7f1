// Counting bad lines.
#include "bad_lines.h"

#include <string.h>

dm_on_bad_line on_bad_line(const dm_options *options)
{
    const char *wish = dm_options_text(options, "on-bad-line", 0);
    return strcmp(wish, "skip") == 0 ? DM_SKIP_LINE : strcmp(wish, "crop") == 0 ? DM_CROP_LINE : DM_STOP_THERE;
}

void count_bad_line(BadLines *bad, size_t line)
{
    if (!bad->count++ || line < bad->first - 1) bad->first = line + 1;
}

void note_bad_lines(const BadLines *bad, const char *name)
{
    if (!bad->count) return;
    fprintf(stderr, "dragoman: note: %zu bad line%s of %s %s %s; the first is line %zu\n", bad->count,
            bad->count == 1 ? "" : "s", name, bad->count == 1 ? "was" : "were",
            bad->on == DM_SKIP_LINE ? "skipped" : "cropped", bad->first);
}
