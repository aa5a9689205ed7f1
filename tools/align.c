// dragoman align: the word links of a text.
#include "output.h"
#include "tools.h"

static dm_status spare_texts(const dm_options *options, dm_error *error)
{
    static const char *const names[] = {"train-sets", "tsv"};
    const char *path = dm_options_text(options, "output", 0);
    dm_status status = DM_OK;
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < dm_options_count(options, names[k]) && !status; i++)
            status = output_spare_file(path, dm_options_text(options, names[k], i), error);
    return status;
}

int align_command(const dm_options *options)
{
    dm_error error = {.message = ""};
    dm_observer observer = {.line = say_line};
    dm_lines links = {0};
    Output output = {0};
    dm_status status = spare_texts(options, &error);
    if (!status) status = output_open(&output, dm_options_text(options, "output", 0), false, &error);
    if (!status) {
        status = dm_align(options, &observer, &links, &error);
        for (size_t i = 0; i < links.count; i++) fprintf(output.stream, "%s\n", links.line[i]);
        status = output_close(&output, status, &error);
    }
    dm_lines_free(&links);
    return status ? complain(status, &error) : 0;
}
