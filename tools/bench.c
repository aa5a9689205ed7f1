// dragoman bench: measures, and prints the result as JSON or as tables. The tables read the JSON alone, so that what
// people see and what programs get is the same.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "numbers.h"
#include "report.h"

static const cJSON *find(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool is(const cJSON *object, const char *name, const char *text)
{
    return strcmp(report_string(object, name), text) == 0;
}

// ---- What was measured --------------------------------------------------------------------------------------------

enum { LABEL = 28 };  // width of the first column

// The library whose products these are, or our own kernels.
static const char *multiplier(const cJSON *json)
{
    return report_string(json, find(json, "packed_by") ? "packed_by" : "gemm");
}

static void print_machine(const cJSON *json)
{
    const cJSON *processor = find(json, "processor"), *flag;
    printf("dragoman %s, bench %s\n", report_string(json, "version"), report_string(json, "bench"));
    printf("%-*s%s", LABEL, "processor", report_string(processor, "name"));
    cJSON_ArrayForEach(flag, find(processor, "flags"))
    {
        printf("%s%s", flag == find(processor, "flags")->child ? ": " : " ", flag->valuestring);
    }
    printf("\n%-*s%.0f of %.0f processors", LABEL, "threads", report_number(json, "threads"),
           report_number(processor, "count"));
    if (find(json, "gemm")) printf(", matrix products by %s", multiplier(json));
    putchar('\n');
}

static Text value_of(const cJSON *item)
{
    Text text;
    if (cJSON_IsNumber(item)) return grouped(item->valuedouble, 0);
    snprintf(text.text, sizeof text.text, "%s",
             cJSON_IsString(item) ? item->valuestring
             : cJSON_IsTrue(item) ? "true"
                                  : "false");
    return text;
}

// Its name, and all that makes it, a key of config.json each, in lines that are not too long.
static void print_shape(const cJSON *shape)
{
    enum { WIDTH = 110 };
    const cJSON *item;
    int column = printf("%-*s%s:", LABEL, "shape", report_string(shape, "name"));
    cJSON_ArrayForEach(item, shape)
    {
        const Text value = value_of(item);
        if (strcmp(item->string, "name") == 0) continue;
        if (column + strlen(item->string) + strlen(value.text) > WIDTH) column = printf("\n%*s", LABEL - 1, "") - 1;
        column += printf(" %s %s%s", item->string, value.text, item->next ? "," : "\n");
    }
}

static void print_work(const cJSON *json)
{
    const double rounds = report_number(json, "rounds"), seconds = report_number(json, "seconds");
    if (is(json, "bench", "train"))
        printf("%-*s%s target pieces each, in shards of up to %s, %.0f lanes; %s of them\n", LABEL, "updates",
               grouped_of(json, "update_words").text, grouped_of(json, "shard_words").text,
               report_number(json, "lanes"), grouped_of(json, "updates").text);
    if (is(json, "bench", "translate"))
        printf("%-*s%s sentences, beam size %.0f, mini-batch %.0f\n", LABEL, "text", grouped_of(json, "sentences").text,
               report_number(json, "beam_size"), report_number(json, "mini_batch"));
    printf("%-*s%.0f of %.3g s, after one to warm up\n\n", LABEL, "rounds", rounds, seconds);
}

// ---- Tokens a second ----------------------------------------------------------------------------------------------

static void print_figure(const cJSON *json, const char *label, const char *name, int decimals)
{
    const cJSON *figure = find(json, name);
    printf("%-*s%12s [%s ... %s]\n", LABEL, label, grouped(report_number(figure, "median"), decimals).text,
           grouped(report_number(figure, "min"), decimals).text, grouped(report_number(figure, "max"), decimals).text);
}

static void print_latency(const cJSON *latency)
{
    if (!latency) return;
    printf("%-*s%12.2f median\n", LABEL, "ms a sentence", report_number(latency, "median"));
    printf("%-*s%12.2f 99th percentile; %s translated\n", LABEL, "", report_number(latency, "p99"),
           grouped_of(latency, "sentences").text);
}

static void print_speed(const cJSON *json)
{
    char alone[64];
    snprintf(alone, sizeof alone, "GFLOP/s of %s alone", multiplier(json));
    printf("%-*s%12s [min ... max]\n", LABEL, "", "median");
    print_latency(find(json, "latency_ms"));
    print_figure(json, "target tokens/s", "target_tokens_per_second", 0);
    print_figure(json, "source tokens/s", "source_tokens_per_second", 0);
    print_figure(json, "GFLOP/s", "gflops", 1);
    print_figure(json, alone, "gemm_gflops", 1);
    print_figure(json, "percent of it", "percent_of_gemm", 1);
    printf("%-*s%12.3g\n", LABEL, "GFLOP a target token", report_number(json, "gflop_per_target_token"));
    printf("%-*s%12s at most\n", LABEL, "MiB of memory",
           grouped(report_number(json, "peak_memory_bytes") / 1048576, 0).text);
}

// ---- The profile --------------------------------------------------------------------------------------------------

// 1,234 calls, 1.2% of the time, 56.7 GFLOP/s; where it has no way back, nothing
static void print_account(const cJSON *account, double whole)
{
    const double calls = report_number(account, "calls"), share = 100 * report_number(account, "seconds") / whole;
    if (calls == 0)
        printf("  %11s%8s%9s", "", "", "");
    else
        printf("  %11s%7.1f%%%9s", grouped(calls, 0).text, share, grouped(report_number(account, "gflops"), 1).text);
}

static void print_other(const cJSON *profile, const char *label, const char *name, double whole)
{
    printf("%-22s%7.1f%%\n", label, 100 * report_number(profile, name) / whole);
}

static void print_profile(const cJSON *profile)
{
    const double whole = report_number(profile, "seconds");
    const cJSON *op;
    printf("\nWhere the time of the threads goes (%.3g s in all). GFLOP/s: if all threads did only this.\n\n", whole);
    printf("%-20s%9s  %28s  %28s\n", "", "", "forward", "backward");
    printf("%-20s%9s", "op", "share");
    for (int pass = 0; pass < 2; pass++) printf("  %11s%8s%9s", "calls", "share", "GFLOP/s");
    putchar('\n');
    cJSON_ArrayForEach(op, find(profile, "ops"))
    {
        const cJSON *forward = find(op, "forward"), *backward = find(op, "backward");
        const double seconds = report_number(forward, "seconds") + report_number(backward, "seconds");
        printf("%-20s%8.1f%%", report_string(op, "op"), 100 * seconds / whole);
        print_account(forward, whole);
        print_account(backward, whole);
        putchar('\n');
    }
    print_other(profile, "making batches", "batches", whole);
    print_other(profile, "sums of lanes", "lane_sums", whole);
    print_other(profile, "optimizer", "optimizer", whole);
    print_other(profile, "waiting for a lane", "waiting_for_lane", whole);
    print_other(profile, "waiting for the end", "waiting_for_end", whole);
}

// ---- The matrix products ------------------------------------------------------------------------------------------

static void print_rates(const cJSON *libraries)
{
    const cJSON *figure;
    cJSON_ArrayForEach(figure, libraries)
    {
        char range[64];
        snprintf(range, sizeof range, "[%.1f ... %.1f]", report_number(figure, "min"), report_number(figure, "max"));
        printf("%10.1f %-20s", report_number(figure, "median"), range);
    }
    putchar('\n');
}

static void print_use(const cJSON *use)
{
    const cJSON *product, *library;
    int wide = 0;
    cJSON_ArrayForEach(product, find(use, "products"))
    {
        const int length = (int)strlen(report_string(product, "layer"));
        if (length > wide) wide = length;
    }
    printf("%s, %s row%s: GFLOP/s\n", report_string(use, "use"), grouped_of(use, "rows").text,
           report_number(use, "rows") == 1 ? "" : "s");
    printf("%-*s  %-16s%7s%7s%7s%8s", wide, "layer", "pass", "m", "n", "k", "share");
    cJSON_ArrayForEach(library, find(use, "gflops"))
    {
        printf("%10s %-20s", library->string, "[min ... max]");
    }
    putchar('\n');
    cJSON_ArrayForEach(product, find(use, "products"))
    {
        printf("%-*s  %-16s%7.0f%7.0f%7.0f%7.1f%%", wide, report_string(product, "layer"),
               report_string(product, "pass"), report_number(product, "m"), report_number(product, "n"),
               report_number(product, "k"), 100 * report_number(product, "share"));
        print_rates(find(product, "gflops"));
    }
    printf("%-*s%7.1f%%", wide + 39, "together", 100.0);
    print_rates(find(use, "gflops"));
    if (use->next) putchar('\n');
}

// ---- The command --------------------------------------------------------------------------------------------------

static void draw(const cJSON *json)
{
    const cJSON *use;
    print_machine(json);
    print_shape(find(json, "shape"));
    print_work(json);
    if (find(json, "target_tokens_per_second")) print_speed(json);
    if (find(json, "profile")) print_profile(find(json, "profile"));
    cJSON_ArrayForEach(use, find(json, "uses"))
    {
        print_use(use);
    }
}

static void show_progress(void *context, const char *status)
{
    (void)context;
    fprintf(stderr, "\r%s\033[K", status);
    fflush(stderr);
}

int bench_command(const dm_options *options)
{
    const bool terminal = isatty(STDERR_FILENO);
    const dm_observer observer = {.progress = show_progress};
    dm_error error;
    char *text;
    dm_status status = dm_bench(options, terminal ? &observer : NULL, &text, &error);
    if (terminal) fputs("\r\033[K", stderr);
    if (status) return complain(status, &error);
    if (dm_options_flag(options, "json")) {
        puts(text);
    } else {
        cJSON *json = cJSON_Parse(text);
        draw(json);
        cJSON_Delete(json);
    }
    free(text);
    return close_output(stdout);
}
