// dragoman report: one or several training runs as a page for the browser, which needs no other file and no network.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

// Two folders of the same name are called by their paths.
static void tell_apart(Run *runs, int count)
{
    for (int i = 0; i < count; i++)
        for (int j = i + 1; j < count; j++) {
            if (strcmp(runs[i].name, runs[j].name) != 0) continue;
            for (int k = 0; k < count; k++) {
                free(runs[k].name);
                runs[k].name = report_format("%s", runs[k].folder);
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

typedef void Draw(FILE *page, const Run *runs, int count);

static dm_status make_page(char **text, size_t *size, Draw *draw, const Run *runs, int count, dm_error *error)
{
    FILE *page = open_memstream(text, size);
    if (page) draw(page, runs, count);
    bool good = page && !ferror(page);
    good = page && fclose(page) == 0 && good;
    return good ? DM_OK : failure(error, "out of memory");
}

static dm_status write_page(const char *path, const char *text, size_t size, dm_error *error)
{
    const bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdout : fopen(path, "wb");
    bool good = file && fwrite(text, 1, size, file) == size && fflush(file) == 0;
    int reason = errno;
    if (file && fclose(file) != 0 && good) {
        good = false;
        reason = errno;
    }
    if (good) return DM_OK;
    return failure(error, "cannot write %s: %s", standard ? "the output" : path,
                   reason == EBADF ? "it is closed" : strerror(reason));
}

dm_status report_write(const char *path, Draw *draw, const Run *runs, int count, dm_error *error)
{
    char *text = NULL;
    size_t size = 0;
    dm_status status = make_page(&text, &size, draw, runs, count, error);
    if (!status) status = write_page(path, text, size, error);
    free(text);
    return status;
}

int report_command(const dm_options *options)
{
    const int count = dm_options_count(options, "model");
    const char *output = dm_options_text(options, "output", 0);
    char *path =
        output ? report_format("%s", output) : report_format("%s/report.html", dm_options_text(options, "model", 0));
    Run *runs = report_allocate((size_t)count, sizeof *runs);
    dm_error error = {.message = ""};
    dm_status status = read_runs(runs, count, options, &error);
    if (!status) status = report_write(path, report_page, runs, count, &error);
    if (!status && strcmp(path, "-") != 0) fprintf(stderr, "Wrote %s: open it in a browser\n", path);
    for (int i = 0; i < count; i++) report_free_run(&runs[i]);
    free(runs);
    free(path);
    return status ? complain(status, &error) : 0;
}
