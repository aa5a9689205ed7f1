// dragoman bench: measures, and prints the result as JSON or as tables. The tables read the JSON alone, so that what
// people see and what programs get is the same.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json_values.h"
#include "numbers.h"
#include "tools.h"

static bool is(const cJSON *object, const char *name, const char *text)
{
    return strcmp(json_string(object, name), text) == 0;
}

// ---- What was measured --------------------------------------------------------------------------------------------

enum { LABEL = 28 };  // width of the first column

// The library whose products these are, or our own kernels.
static const char *multiplier(const cJSON *json)
{
    return json_string(json, json_find(json, "packed_by") ? "packed_by" : "gemm");
}

static void print_machine(const cJSON *json)
{
    const cJSON *processor = json_find(json, "processor"), *flag;
    printf("dragoman %s, bench %s\n", json_string(json, "version"), json_string(json, "bench"));
    printf("%-*s%s", LABEL, "processor", json_string(processor, "name"));
    cJSON_ArrayForEach(flag, json_find(processor, "flags"))
    {
        printf("%s%s", flag == json_find(processor, "flags")->child ? ": " : " ", flag->valuestring);
    }
    printf("\n%-*s%.0f of %.0f processors", LABEL, "threads", json_number(json, "threads"),
           json_number(processor, "count"));
    if (json_find(json, "gemm")) printf(", matrix products by %s", multiplier(json));
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
    int column = printf("%-*s%s:", LABEL, "shape", json_string(shape, "name"));
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
    const double rounds = json_number(json, "rounds"), seconds = json_number(json, "seconds");
    if (is(json, "bench", "train"))
        printf("%-*s%s target pieces each, in shards of up to %s, %.0f lanes; %s of them\n", LABEL, "updates",
               grouped_of(json, "update_words").text, grouped_of(json, "shard_words").text, json_number(json, "lanes"),
               grouped_of(json, "updates").text);
    if (is(json, "bench", "translate"))
        printf("%-*s%s sentences, beam size %.0f, mini-batch %.0f\n", LABEL, "text", grouped_of(json, "sentences").text,
               json_number(json, "beam_size"), json_number(json, "mini_batch"));
    if (is(json, "bench", "layer"))
        printf("%-*sone sentence of %s pieces; what a second layer adds to an encoder of one\n", LABEL, "text",
               grouped_of(json, "length").text);
    printf("%-*s%.0f of %.3g s, after one to warm up\n\n", LABEL, "rounds", rounds, seconds);
}

// By the library's names. Reference code is plain loops, a thousand times slower than its kernels.
static void print_code(const cJSON *names)
{
    const cJSON *name;
    if (!names) return;
    printf("%-*s", LABEL, "the library's code");
    cJSON_ArrayForEach(name, names)
    {
        const bool slow = strncmp(name->valuestring, "ref", 3) == 0;
        printf("%s%s%s", name->valuestring, slow ? " (reference code, very slow)" : "", name->next ? ", " : "\n");
    }
}

// ---- Tokens a second ----------------------------------------------------------------------------------------------

static void print_figure(const cJSON *json, const char *label, const char *name, int decimals)
{
    const cJSON *figure = json_find(json, name);
    printf("%-*s%12s [%s ... %s]\n", LABEL, label, grouped(json_number(figure, "median"), decimals).text,
           grouped(json_number(figure, "min"), decimals).text, grouped(json_number(figure, "max"), decimals).text);
}

static void print_latency(const cJSON *latency)
{
    if (!latency) return;
    printf("%-*s%12.2f median\n", LABEL, "ms a sentence", json_number(latency, "median"));
    printf("%-*s%12.2f 99th percentile; %s translated\n", LABEL, "", json_number(latency, "p99"),
           grouped_of(latency, "sentences").text);
}

static void print_speed(const cJSON *json)
{
    char alone[64];
    snprintf(alone, sizeof alone, "GFLOP/s of %s alone", multiplier(json));
    printf("%-*s%12s [min ... max]\n", LABEL, "", "median");
    print_latency(json_find(json, "latency_ms"));
    print_figure(json, "target tokens/s", "target_tokens_per_second", 0);
    if (json_find(json, "uneven_target_tokens_per_second"))
        print_figure(json, "  ending one by one", "uneven_target_tokens_per_second", 0);
    print_figure(json, "source tokens/s", "source_tokens_per_second", 0);
    print_figure(json, "GFLOP/s", "gflops", 1);
    print_figure(json, alone, "gemm_gflops", 1);
    print_figure(json, "percent of it", "percent_of_gemm", 1);
    printf("%-*s%12.3g\n", LABEL, "GFLOP a target token", json_number(json, "gflop_per_target_token"));
    printf("%-*s%12s at most\n", LABEL, "MiB of memory",
           grouped(json_number(json, "peak_memory_bytes") / 1048576, 0).text);
}

// ---- The profile --------------------------------------------------------------------------------------------------

// 1,234 calls, 1.2% of the time, 56.7 GFLOP/s; where it has no way back, nothing
static void print_account(const cJSON *account, double whole)
{
    const double calls = json_number(account, "calls"), share = 100 * json_number(account, "seconds") / whole;
    if (calls == 0)
        printf("  %11s%8s%9s", "", "", "");
    else
        printf("  %11s%7.1f%%%9s", grouped(calls, 0).text, share, grouped(json_number(account, "gflops"), 1).text);
}

static void print_other(const cJSON *profile, const char *label, const char *name, double whole)
{
    printf("%-22s%7.1f%%\n", label, 100 * json_number(profile, name) / whole);
}

static void print_profile(const cJSON *profile)
{
    const double whole = json_number(profile, "seconds");
    const cJSON *op;
    printf("\nWhere the time of the threads goes (%.3g s in all). GFLOP/s: if all threads did only this.\n\n", whole);
    printf("%-20s%9s  %28s  %28s\n", "", "", "forward", "backward");
    printf("%-20s%9s", "op", "share");
    for (int pass = 0; pass < 2; pass++) printf("  %11s%8s%9s", "calls", "share", "GFLOP/s");
    putchar('\n');
    cJSON_ArrayForEach(op, json_find(profile, "ops"))
    {
        const cJSON *forward = json_find(op, "forward"), *backward = json_find(op, "backward");
        const double seconds = json_number(forward, "seconds") + json_number(backward, "seconds");
        printf("%-20s%8.1f%%", json_string(op, "op"), 100 * seconds / whole);
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

// ---- Ranks --------------------------------------------------------------------------------------------------------

static void print_ranks(const cJSON *json)
{
    const double updates = json_number(json, "updates");
    const cJSON *rank;
    printf("\n%-*s%12s%12s%12s%16s\n", LABEL, "seconds of an update", "computing", "waiting", "exchange", "MB sent");
    cJSON_ArrayForEach(rank, json_find(json, "ranks"))
    {
        printf("%-*s%12.4f%12.4f%12.4f%16s\n", LABEL, json_string(rank, "name"),
               json_number(rank, "computing_seconds") / updates, json_number(rank, "waiting_seconds") / updates,
               json_number(rank, "exchange_seconds") / updates,
               grouped(1e-6 * json_number(rank, "sent_bytes") / updates, 3).text);
    }
}

// ---- The matrix products ------------------------------------------------------------------------------------------

static void print_rates(const cJSON *libraries)
{
    const cJSON *figure;
    cJSON_ArrayForEach(figure, libraries)
    {
        char range[64];
        snprintf(range, sizeof range, "[%.1f ... %.1f]", json_number(figure, "min"), json_number(figure, "max"));
        printf("%10.1f %-20s", json_number(figure, "median"), range);
    }
    putchar('\n');
}

static void print_use(const cJSON *use)
{
    const cJSON *product, *library;
    int wide = 0;
    cJSON_ArrayForEach(product, json_find(use, "products"))
    {
        const int length = (int)strlen(json_string(product, "layer"));
        if (length > wide) wide = length;
    }
    printf("%s, %s row%s: GFLOP/s\n", json_string(use, "use"), grouped_of(use, "rows").text,
           json_number(use, "rows") == 1 ? "" : "s");
    printf("%-*s  %-16s%7s%7s%7s%8s", wide, "layer", "pass", "m", "n", "k", "share");
    cJSON_ArrayForEach(library, json_find(use, "gflops"))
    {
        printf("%10s %-20s", library->string, "[min ... max]");
    }
    putchar('\n');
    cJSON_ArrayForEach(product, json_find(use, "products"))
    {
        printf("%-*s  %-16s%7.0f%7.0f%7.0f%7.1f%%", wide, json_string(product, "layer"), json_string(product, "pass"),
               json_number(product, "m"), json_number(product, "n"), json_number(product, "k"),
               100 * json_number(product, "share"));
        print_rates(json_find(product, "gflops"));
    }
    printf("%-*s%7.1f%%", wide + 39, "together", 100.0);
    print_rates(json_find(use, "gflops"));
    if (use->next) putchar('\n');
}

// ---- A layer ------------------------------------------------------------------------------------------------------

static void print_operations(const cJSON *json, const char *label, const char *pass)
{
    const cJSON *operations = json_find(json_find(json, "operations"), pass);
    printf("%-*s%16s, %s of them between pieces\n", LABEL, label, grouped_of(operations, "total").text,
           grouped_of(operations, "attention").text);
}

static void print_seconds(const cJSON *json, const char *label, const char *name)
{
    const cJSON *figure = json_find(json, name);
    printf("%-*s%16.4g [%.4g ... %.4g]\n", LABEL, label, 1e3 * json_number(figure, "median"),
           1e3 * json_number(figure, "min"), 1e3 * json_number(figure, "max"));
}

static void print_path(const cJSON *path)
{
    const double layers = json_number(path, "layers");
    printf("%-*s", LABEL, "path");
    if (cJSON_IsNull(json_find(path, "layers")))
        printf("%16s through up to %s layers the last state does not feel the first piece\n",
               "none:", grouped_of(path, "tried").text);
    else
        printf("%16s layer%s from the first piece to the last state; its share beside all others %.2g\n",
               grouped(layers, 0).text, layers == 1 ? "" : "s", json_number(path, "share"));
}

static void print_layer(const cJSON *json)
{
    print_operations(json, "operations forward", "forward");
    print_operations(json, "operations backward", "backward");
    printf("%-*s%16s ops, forward, of which each waits for the one before\n", LABEL, "chain",
           grouped_of(json, "chain").text);
    if (json_find(json, "path")) print_path(json_find(json, "path"));
    print_seconds(json, "ms forward", "forward_seconds");
    print_seconds(json, "ms backward", "backward_seconds");
}

// ---- The command --------------------------------------------------------------------------------------------------

static void draw(const cJSON *json)
{
    const cJSON *use;
    print_machine(json);
    print_shape(json_find(json, "shape"));
    print_code(json_find(json, "code"));
    print_work(json);
    if (json_find(json, "target_tokens_per_second")) print_speed(json);
    if (is(json, "bench", "layer")) print_layer(json);
    if (cJSON_GetArraySize(json_find(json, "ranks")) > 1) print_ranks(json);
    if (json_find(json, "profile")) print_profile(json_find(json, "profile"));
    cJSON_ArrayForEach(use, json_find(json, "uses"))
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
    char *text;  // NULL: rank 0 has it
    dm_status status = dm_bench(options, terminal ? &observer : NULL, &text, &error);
    if (terminal) fputs("\r\033[K", stderr);
    if (status) return complain(status, &error);
    if (!text) return 0;
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
