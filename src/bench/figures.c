// Figures: of several rounds, of the processor, of memory.
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/bench.h"
#include "core/files.h"
#include "core/memory.h"
#include "core/observer.h"
#include "core/threads.h"

// ---- Rounds -------------------------------------------------------------------------------------------------------

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Between two values in order, the share of the way from one to the other.
double dm_quantile(const double *values, int count, double share)
{
    double *sorted = dm_allocate((size_t)count, sizeof *sorted);
    memcpy(sorted, values, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, ascending);
    const double place = share * (count - 1);
    const int below = (int)place, above = below + 1 < count ? below + 1 : below;
    const double value = sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    dm_free(sorted);
    return value;
}

cJSON *dm_spread(const double *values, int count)
{
    cJSON *spread = cJSON_CreateObject();
    cJSON_AddNumberToObject(spread, "median", dm_quantile(values, count, 0.5));
    cJSON_AddNumberToObject(spread, "min", dm_quantile(values, count, 0));
    cJSON_AddNumberToObject(spread, "max", dm_quantile(values, count, 1));
    return spread;
}

void dm_bench_progress(const Bench *bench, int round, const char *format, ...)
{
    char figures[256], status[320];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(figures, sizeof figures, format, arguments);
    va_end(arguments);
    if (round)
        snprintf(status, sizeof status, "round %d of %d: %s", round, bench->rounds, figures);
    else
        snprintf(status, sizeof status, "warm-up: %s", figures);
    dm_observer_progress(bench->observer, status);
}

// ---- The machine --------------------------------------------------------------------------------------------------

// What stands behind a key of /proc/cpuinfo ("model name : AMD EPYC"), of the first processor; to be freed. NULL: there
// is no such key.
static char *processor_says(const char *text, const char *key)
{
    const size_t length = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) != 0 || !strchr("\t :", line[length])) continue;
        const char *value = strchr(line, ':');
        if (!value) return NULL;
        value += 1 + strspn(value + 1, " \t");
        return dm_format("%.*s", (int)strcspn(value, "\n"), value);
    }
    return NULL;
}

// Those of its features that decide about the speed of arithmetic, x86 and ARM.
static cJSON *flags_that_matter(const char *features)
{
    static const char *const wanted[] = {"avx2",     "fma",      "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile",
                                         "amx_int8", "amx_bf16", "asimd",   "sve",         "i8mm",        "bf16"};
    cJSON *flags = cJSON_CreateArray();
    for (size_t i = 0; i < DM_COUNT(wanted); i++) {
        const size_t length = strlen(wanted[i]);
        for (const char *at = features; *at; at += strspn(at, " ")) {
            const size_t word = strcspn(at, " ");
            if (word == length && strncmp(at, wanted[i], length) == 0)
                cJSON_AddItemToArray(flags, cJSON_CreateString(wanted[i]));
            at += word;
        }
    }
    return flags;
}

cJSON *dm_describe_processor(void)
{
    char *text = NULL, *name, *features;
    if (dm_read_file("/proc/cpuinfo", &text, NULL, NULL)) text = dm_copy_string("");
    name = processor_says(text, "model name");
    features = processor_says(text, "flags");
    if (!features) features = processor_says(text, "Features");
    cJSON *processor = cJSON_CreateObject();
    cJSON_AddStringToObject(processor, "name", name ? name : "unknown");
    cJSON_AddItemToObject(processor, "flags", flags_that_matter(features ? features : ""));
    cJSON_AddNumberToObject(processor, "count", dm_processors());
    dm_free(name);
    dm_free(features);
    dm_free(text);
    return processor;
}

double dm_peak_memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return 1024.0 * (double)usage.ru_maxrss;
}
