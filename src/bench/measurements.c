// dm_bench: reads what is to be measured, describes it and the machine, and hands over.
#include "bench/bench.h"
#include "folder/folder.h"

#include <string.h>

#include "core/memory.h"
#include "core/scope.h"
#include "core/threads.h"
#include "tensor/products/matmul_onednn.h"

static Status check_options(const dm_options *o, const char *what, Error *error)
{
    if (strcmp(what, "translate") != 0 && dm_precision(dm_options_text(o, "precision", 0)) == DM_PRECISION_INT8)
        return dm_misuse(error, "--precision int8 is for bench translate: take fp32 or bf16 for bench %s", what);
    return DM_OK;
}

static void describe_shape(const Bench *bench)
{
    const ModelConfig *c = &bench->config;
    Model declared = {.config = *c, .architecture = c->architecture};
    dm_model_declare(&declared);
    cJSON *shape = cJSON_AddObjectToObject(bench->result, "shape");
    cJSON_AddStringToObject(shape, "name", bench->shape);
    cJSON_AddStringToObject(shape, "type", c->architecture->name);
    for (const ShapeRow *row = c->architecture->shape; row->key; row++)
        if (dm_shape_counts(c, row)) dm_shape_json(shape, c, row);
    cJSON_AddNumberToObject(shape, "vocabulary", c->target_vocabulary);
    cJSON_AddNumberToObject(shape, "weights", (double)declared.parameters.size);
    dm_parameters_free(&declared.parameters);
}

static void describe(const Bench *bench)
{
    cJSON *result = bench->result;
    cJSON_AddStringToObject(result, "bench", bench->what);
    cJSON_AddStringToObject(result, "version", dm_version());
    cJSON_AddItemToObject(result, "processor", dm_describe_processor());
    cJSON_AddNumberToObject(result, "threads", bench->threads);
    cJSON_AddStringToObject(result, "precision", dm_options_text(bench->options, "precision", 0));
    describe_shape(bench);
    cJSON_AddNumberToObject(result, "rounds", bench->rounds);
    cJSON_AddNumberToObject(result, "seconds", bench->seconds);
}

// What the matrix library says that it ran.
static void describe_code(cJSON *result)
{
    const char *names[32];
    const int count = dm_matmul_codes(names, DM_COUNT(names));
    if (count) cJSON_AddItemToObject(result, "code", cJSON_CreateStringArray(names, count));
}

static const struct {
    const char *what;
    Status (*measure)(Bench *bench, Error *error);
    bool all_libraries;
} measurements[] = {
    {"train", dm_bench_train, false},
    {"translate", dm_bench_translate, false},
    {"gemm", dm_bench_gemm, true},
    {"layer", dm_bench_layer, false},
};

static Status measure(Bench *bench, Error *error)
{
    size_t i = 0;
    while (strcmp(measurements[i].what, bench->what) != 0) i++;
    if (!measurements[i].all_libraries) cJSON_AddStringToObject(bench->result, "gemm", bench->gemm->name);
    return measurements[i].measure(bench, error);
}

// *json stays NULL in ranks other than the first.
static Status measure_as_said(const dm_options *options, const dm_observer *observer, Exchange *exchange, char **json,
                              Error *error)
{
    const int threads = (int)dm_options_number(options, "cpu-threads");
    Bench bench = {.options = options,
                   .observer = dm_rank(exchange) ? NULL : observer,
                   .what = dm_options_text(options, "WHAT", 0),
                   .rounds = (int)dm_options_number(options, "rounds"),
                   .threads = threads ? threads : dm_processors(),
                   .seconds = dm_options_number(options, "seconds"),
                   .exchange = exchange,
                   .precision = dm_precision(dm_options_text(options, "precision", 0)),
                   .seed = (uint64_t)dm_options_number(options, "seed")};
    Status status = dm_options_complete(options, error);
    if (!status) status = dm_options_count_all(options, error);
    if (status) return status;
    if (dm_options_flag(options, "latency") || strcmp(bench.what, "layer") == 0) bench.threads = 1;
    status = check_options(options, bench.what, error);
    if (!status) status = dm_bench_shape(&bench, error);
    if (status) return status;
    bench.result = cJSON_CreateObject();
    describe(&bench);
    status = measure(&bench, error);
    describe_code(bench.result);
    if (!status && !dm_rank(exchange)) {
        char *printed = cJSON_Print(bench.result);
        *json = dm_copy_for_caller(printed);
        dm_free(printed);
    }
    cJSON_Delete(bench.result);
    return status;
}

static Status measure_in_scope(const dm_options *options, const dm_observer *observer, Exchange *exchange, char **json,
                               Error *error)
{
    Status status;
    DM_SCOPE(status, error, measure_as_said(options, observer, exchange, json, error));
    return status;
}

// Ranks make updates together; of all else each is measured by itself.
dm_status dm_bench(const dm_options *options, const dm_observer *observer, char **json, dm_error *error)
{
    Error why;
    Exchange *exchange = NULL;
    const char *what = dm_options_text(options, "WHAT", 0);
    Status status = DM_OK;
    *json = NULL;
    if (what && strcmp(what, "train") == 0)
        status = dm_exchange_open(&exchange, dm_options_number(options, "rank-timeout"), &why);
    if (!status) status = measure_in_scope(options, observer, exchange, json, &why);
    status = dm_exchange_close(exchange, status, &why);
    if (status && error) *error = why;
    return status;
}
