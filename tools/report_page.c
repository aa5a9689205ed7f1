// The page of a report: what page/report.html and its style and scripts became when this was built, with the figures as
// JSON where they belong.
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "page/page.h"
#include "report.h"

// In JSON a < stands only in strings, where \u003c is the same. Without any, no text can end the element or begin one.
static void put_json(FILE *page, const char *json)
{
    for (const char *end; *json; json = end) {
        end = json + strcspn(json, "<");
        fwrite(json, 1, (size_t)(end - json), page);
        if (*end) fputs("\\u003c", page), end++;
    }
}

static dm_status make_page(char **text, size_t *size, const cJSON *figures, dm_error *error)
{
    char *json = cJSON_PrintUnformatted(figures);
    FILE *page = json ? open_memstream(text, size) : NULL;
    if (page) {
        fwrite(report_before.bytes, 1, report_before.size, page);
        put_json(page, json);
        fwrite(report_behind.bytes, 1, report_behind.size, page);
    }
    cJSON_free(json);
    bool good = page && !ferror(page);
    good = page && fclose(page) == 0 && good;
    return good ? DM_OK : failure(error, "out of memory");
}

dm_status report_write(const char *path, cJSON *figures, dm_error *error)
{
    char *text = NULL;
    size_t size = 0;
    dm_status status = make_page(&text, &size, figures, error);
    cJSON_Delete(figures);
    Output output = {.lock = -1};
    if (!status) status = output_open(&output, path, false, error);
    if (!status) fwrite(text, 1, size, output.stream);
    if (!status && !flush_output(output.stream, output.name, error)) status = DM_FAILURE;
    status = output_close(&output, status, error);
    free(text);
    return status;
}
