// dragoman report: one or several training runs as a page for the browser, which needs no other file and no network.
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "report.h"

// Two folders of the same name are called by their paths.
static void tell_apart(Run *runs, int count)
{
    for (int i = 0; i < count; i++)
        for (int j = i + 1; j < count; j++) {
            if (strcmp(runs[i].name, runs[j].name) != 0) continue;
            for (int k = 0; k < count; k++) {
                free(runs[k].name);
                runs[k].name = format_text("%s", runs[k].folder);
            }
            return;
        }
}

static dm_status read_runs(Run *runs, int count, const dm_options *options, dm_error *error)
{
    for (int i = 0; i < count; i++) {
        dm_status status = report_read_run(&runs[i], dm_options_text(options, "model", i), error);
        if (status) return status;
    }
    tell_apart(runs, count);
    for (int i = 0; i < count; i++) report_measure(&runs[i], options);
    return DM_OK;
}

int report_command(const dm_options *options)
{
    const int count = dm_options_count(options, "model");
    const char *output = dm_options_text(options, "output", 0);
    char *path =
        output ? format_text("%s", output) : format_text("%s/report.html", dm_options_text(options, "model", 0));
    Run *runs = allocate((size_t)count, sizeof *runs);
    dm_error error = {.message = ""};
    dm_status status = output_spare_models(path, options, &error);
    if (!status) status = output_spare_file(path, dm_options_text(options, "config", 0), &error);
    if (!status) status = read_runs(runs, count, options, &error);
    if (!status) status = report_write(path, report_figures(runs, count), &error);
    if (!status && strcmp(path, "-") != 0) fprintf(stderr, "Wrote %s: open it in a browser\n", path);
    for (int i = 0; i < count; i++) report_free_run(&runs[i]);
    free(runs);
    free(path);
    return status ? complain(status, &error) : 0;
}
