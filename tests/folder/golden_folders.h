// What the tests against golden folders share: a folder opened, its corpus run, and what PyTorch says of it
// (tests/golden/README.md). A folder is named FORMAT/NAME; which architecture it holds nobody asks here.
#pragma once
#include "tensor/check.h"

#include <cjson/cJSON.h>

#include "core/files.h"
#include "core/memory.h"
#include "folder/layout.h"
#include "folder/folder.h"
#include "folder/safetensors.h"

// With gradients and the weights after ten updates.
static const char *const trained_folders[] = {
    "marian/shared-swish", "marian/shared-relu", "marian/separate", "marian/untied",    "pegasus/swish",
    "pegasus/relu",        "rnn/shared",         "rnn/deep",        "rnn/no-attention",
    "rnn/both-ends", "rnn/dot", "rnn/general", "rnn/feeding",
    "conv/plain",          "conv/separable",     "conv/light",       "conv/dynamic",
    "marian/learned",
    "pegasus/learned",     "positions/rotary",   "positions/alibi", "positions/none", "positions/average", "positions/ssru",
    "labels/sentences",    "megatron-bert/words", "megatron-bert/sentences",
    "gpt2/tied",           "gpt2/untied",        "llama/tied",      "llama/grouped", "llama/pairs",
    "mixtral/top2",        "glm4_moe/shared",
};
static const char *const all_folders[] = {
    "marian/shared-swish", "marian/shared-relu", "marian/separate",  "marian/untied",
    "marian/half",         "marian/bfloat",      "pegasus/swish",    "pegasus/relu",
    "rnn/shared",          "rnn/deep",           "rnn/no-attention", "rnn/both-ends", "rnn/dot", "rnn/general", "rnn/feeding", "conv/plain",
    "conv/separable",      "conv/light",         "conv/dynamic",
    "marian/learned",
    "pegasus/learned",     "positions/rotary",   "positions/alibi",  "positions/none",   "positions/average", "positions/ssru",
    "labels/sentences",    "megatron-bert/words", "megatron-bert/sentences",
    "gpt2/tied",           "gpt2/untied",        "llama/tied",       "llama/grouped", "llama/pairs",
    "mixtral/top2",        "glm4_moe/shared",    "glm4_moe/ahead",
};
static const char golden[] = TEST_DATA "/golden";

enum { MOST_PAIRS = 64, MOST_IDS = 1024 };

// The corpus of a folder, and what PyTorch says of it.
typedef struct Expected {
    cJSON *json;
    int pairs, source_count, target_count;
    int source_length[MOST_PAIRS], target_length[MOST_PAIRS];
    int source[MOST_IDS], inputs[MOST_IDS], outputs[MOST_IDS];
    double log_probabilities[MOST_IDS];
} Expected;

typedef struct Subject {  // a folder opened
    const char *folder;
    Model *model;
    Expected expected;
    Graph with;  // dropout, its streams and the tap of the runs; zero: none of them
    Arena arena;
    Graph graph;
    float *gradients;
} Subject;

static inline int copy_ids(int *to, const cJSON *array)
{
    int n = 0;
    const cJSON *id;
    cJSON_ArrayForEach(id, array) to[n++] = id->valueint;
    return n;
}

static inline cJSON *read_json(const char *folder, const char *name)
{
    char path[512], *text;
    Error error;
    snprintf(path, sizeof path, "%s/%s/%s", golden, folder, name);
    if (dm_read_file(path, &text, NULL, &error)) {
        expect(false, "%s", error.message);
        return NULL;
    }
    cJSON *json = cJSON_Parse(text);
    dm_free(text);
    return json;
}

static inline double number(const cJSON *json, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

static inline double figure(const Subject *s, const char *key)
{
    return number(s->expected.json, key);
}

static inline const cJSON *pair_at(const Subject *s, int index)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(s->expected.json, "pairs"), index);
}

static inline void read_expected(Expected *e, const char *folder, int decoder_start)
{
    *e = (Expected){.json = read_json(folder, "expected.json")};
    const cJSON *pair, *value;
    cJSON_ArrayForEach(pair, cJSON_GetObjectItemCaseSensitive(e->json, "pairs"))
    {
        const int i = e->pairs++;
        e->source_length[i] = copy_ids(e->source + e->source_count, cJSON_GetObjectItemCaseSensitive(pair, "source"));
        int *outputs = e->outputs + e->target_count, *inputs = e->inputs + e->target_count;
        e->target_length[i] = copy_ids(outputs, cJSON_GetObjectItemCaseSensitive(pair, "target"));
        for (int j = 0; j < e->target_length[i]; j++) inputs[j] = j ? outputs[j - 1] : decoder_start;
        copy_ids(inputs, cJSON_GetObjectItemCaseSensitive(pair, "places"));  // of labels
        double *log_probability = e->log_probabilities + e->target_count;
        cJSON_ArrayForEach(value, cJSON_GetObjectItemCaseSensitive(pair, "log_probabilities")) *log_probability++ =
            value->valuedouble;
        e->source_count += e->source_length[i];
        e->target_count += e->target_length[i];
    }
}

static inline bool open_subject(Subject *s, const char *folder)
{
    *s = (Subject){.folder = folder};
    char path[512];
    Error error;
    snprintf(path, sizeof path, "%s/%s", golden, folder);
    if (dm_model_read(&s->model, NULL, path, &error)) {
        expect(false, "%s", error.message);
        return false;
    }
    read_expected(&s->expected, folder, s->model->config.decoder_start);
    s->gradients = dm_allocate(s->model->parameters.size, sizeof(float));
    expect(s->expected.pairs > 0, "%s: no pairs", folder);
    return s->expected.pairs > 0;
}

static inline void close_subject(Subject *s)
{
    cJSON_Delete(s->expected.json);
    dm_arena_destroy(&s->arena);
    dm_free(s->gradients);
    dm_model_destroy(s->model);
}

static inline Graph *begin(Subject *s, float *gradients)
{
    dm_arena_reset(&s->arena);
    s->graph = s->with;
    s->graph.arena = &s->arena;
    s->graph.gemm = chosen_backend();
    s->graph.parameters = s->model->parameters.data;
    s->graph.gradients = gradients;
    s->graph.recording = gradients != NULL;
    return &s->graph;
}

// Loss of the pairs first ... last-1, and their gradients where they are wanted.
static inline Loss run_pairs(Subject *s, int first, int last, float smoothing, float *gradients,
                             float *log_probabilities)
{
    const Expected *e = &s->expected;
    int source = 0, target = 0;
    for (int i = 0; i < first; i++) source += e->source_length[i], target += e->target_length[i];
    Graph *g = begin(s, gradients);
    const Model *m = s->model;
    Memory memory =
        m->architecture->encode(g, m, dm_tokens(g->arena, last - first, e->source_length + first, e->source + source));
    Tokens inputs = dm_tokens(g->arena, last - first, e->target_length + first, e->inputs + target);
    Tensor *x = m->architecture->decode(g, m, memory, inputs);
    Loss loss = dm_cross_entropy(g, &(CrossEntropy){.x = x,
                                                    .weight = &m->output.weight,
                                                    .bias = &m->output.bias,
                                                    .targets = e->outputs + target,
                                                    .smoothing = smoothing,
                                                    .excluded = m->output.pad,
                                                    .log_probabilities = log_probabilities});
    if (gradients) dm_backward(g);
    return loss;
}

static inline Loss run_corpus(Subject *s, float *gradients, float *log_probabilities)
{
    return run_pairs(s, 0, s->expected.pairs, (float)figure(s, "label_smoothing"), gradients, log_probabilities);
}

static inline bool has_labels(const Subject *s)
{
    return s->model->architecture->labels(&s->model->config) != DM_NO_LABELS;
}

static inline double largest_of(const float *values, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabsf(values[i]));
    return largest;
}

static inline bool open_golden(SafeTensors *file, const char *folder, const char *name)
{
    char path[512];
    Error error;
    snprintf(path, sizeof path, "%s/%s/%s", golden, folder, name);
    if (!dm_safetensors_open(file, path, &error)) return true;
    expect(false, "%s", error.message);
    return false;
}

// The keys' bias adds the same to all scores of a query, which softmax takes away again: its gradient is zero, and what
// is computed for it is rounding, of which Adam makes steps of full length. Where keys turn by their places, it does not
// add the same.
static inline bool without_gradient(const Subject *s, const char *name)
{
    const ShapeRow *row = dm_shape_row(s->model->architecture, "positions");
    const bool turns = row && strcmp(row->choice(dm_shape_value(&s->model->config, row)).name, "rotary") == 0;
    return strstr(name, "k_proj.bias") && !(turns && strstr(name, "self_attn"));
}

// values [trained_size] against a stored tensor for every trained parameter, and none besides. Each within 1e-4 of the
// tensor's largest element, as the project asks. But where attention is sharp, the gradients of its queries and keys
// are small differences of large numbers (PyTorch in float32 is off by 9.9e-5 there, we by 5.3e-5), so a tensor whose
// largest is below a thousandth of the largest of all counts as having that.
static inline void compare_tensor(const Subject *s, const SafeTensors *file, const LaidOut *tensor, const float *values,
                                  double least)
{
    const Parameters *p = &s->model->parameters;
    const StoredTensor *stored = dm_safetensors_find(file, tensor->name.text);
    size_t size = 0;
    for (int i = 0; i < tensor->count; i++) size += dm_parameter_size(&p->list[tensor->first + i]);
    expect(stored && stored->elements == size, "%s: %s of %s is missing or misshapen", s->folder, tensor->name.text,
           file->path);
    if (!stored || stored->elements != size) return;
    float *want = dm_allocate(p->size, sizeof(float));
    dm_laid_out_read(tensor, p, stored, want);
    const double largest = largest_of(want + p->list[tensor->first].offset, size);
    for (int i = 0; i < tensor->count; i++) {
        const Parameter *at = &p->list[tensor->first + i];
        char what[512];
        snprintf(what, sizeof what, "%s: %s of %s", s->folder, at->name, file->path);
        if (!without_gradient(s, at->name))
            agree_floats(what, values + at->offset, want + at->offset, dm_parameter_size(at),
                         1e-4 * fmax(1, least / largest));
    }
    dm_free(want);
}

static inline void compare_tensors(const Subject *s, const char *file_name, const float *values)
{
    SafeTensors file;
    if (!open_golden(&file, s->folder, file_name)) return;
    int found = 0;
    const double least = 1e-3 * largest_of(values, s->model->parameters.trained_size);
    Layout layout = dm_layout_of(&s->model->config, &s->model->parameters);
    for (int i = 0; i < layout.count; i++) {
        if (s->model->parameters.list[layout.list[i].first].kind != DM_TRAINED) continue;
        compare_tensor(s, &file, &layout.list[i], values, least);
        found++;
    }
    expect(found == file.count, "%s: %s has %d tensors, the model %d trained ones", s->folder, file_name, file.count,
           found);
    dm_layout_free(&layout);
    dm_safetensors_close(&file);
}
