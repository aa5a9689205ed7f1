// Operations of a model: it is run on a backend that counts (model/operations.h), and each product is charged to the
// part of the model that its weight belongs to.
#include "folder/costs.h"

#include <string.h>

#include "core/memory.h"
#include "model/operations.h"

// ---- Parts ----------------------------------------------------------------------------------------------------------

// By what the name of a parameter says; the first that fits. What is between computed sides is a part of its own.
static const struct {
    const char *within, *part;
} parts[] = {
    {"model.ahead.", "heads that look ahead"},
    {"final_logits_bias", "output"},
    {"lm_head.", "output"},
    {"pointer.", "output"},
    {"classifier.", "output"},
    {"pooler.", "output"},
    {".shared.", "embeddings and output"},
    {".embed_tokens.", "embeddings and output"},
    {".embed_positions.", "positions"},
    {"norm", "norms"},
    {".self_attn.", "self-attention"},
    {".encoder_attn.", "attention to the encoder"},
    {".fc1.", "feed-forward"},
    {".fc2.", "feed-forward"},
    {".gate_proj.", "feed-forward"},
    {".up_proj.", "feed-forward"},
    {".down_proj.", "feed-forward"},
    {".encoder.", "other layers of the encoder"},
    {".decoder.", "other layers of the decoder"},
    {"", "other"},
};
static const char scores[] = "scores and mixing";

static const char *part_of(const char *name)
{
    size_t i = 0;
    while (!strstr(name, parts[i].within)) i++;
    return parts[i].part;
}

typedef struct Costs {
    cJSON *parts;  // [{"name", "parameters", "encode", "decode", "train"}]
    const Parameters *parameters;
} Costs;

static cJSON *entry_of(const Costs *costs, const char *part)
{
    cJSON *entry;
    cJSON_ArrayForEach(entry, costs->parts)
    {
        if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "name")), part) == 0) return entry;
    }
    entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "name", part);
    static const char *const figures[] = {"parameters", "encode", "decode", "train"};
    for (size_t i = 0; i < DM_COUNT(figures); i++) cJSON_AddNumberToObject(entry, figures[i], 0);
    cJSON_AddItemToArray(costs->parts, entry);
    return entry;
}

static void charge(const Costs *costs, const char *part, const char *figure, double amount)
{
    cJSON *number = cJSON_GetObjectItemCaseSensitive(entry_of(costs, part), figure);
    cJSON_SetNumberValue(number, number->valuedouble + amount);
}

static const char *part_of_product(const Costs *costs, const Counted *counted)
{
    if (counted->pass == DM_PASS_NONE) return scores;
    const Parameter *p = costs->parameters->list;
    while (counted->weight >= p->offset + dm_parameter_size(p)) p++;
    return part_of(p->name);
}

// ---- Operations -----------------------------------------------------------------------------------------------------

// Of a piece, with weights and without: the latter are attention's, and grow with the length of the sentence.
static void add_cost(const Costs *costs, cJSON *json, const char *name, CountedList *counted, int pieces)
{
    double weights = 0, attention = 0;
    for (int i = 0; i < counted->count; i++) {
        const Counted *c = &counted->list[i];
        const double flops = dm_counted_flops(c) / pieces;
        *(c->pass == DM_PASS_NONE ? &attention : &weights) += flops;
        charge(costs, part_of_product(costs, c), name, flops);
    }
    cJSON *item = cJSON_AddObjectToObject(json, name);
    cJSON_AddNumberToObject(item, "weights", weights);
    cJSON_AddNumberToObject(item, "attention", attention);
    cJSON_AddNumberToObject(item, "total", weights + attention);
    dm_free(counted->list);
}

// Matrix products alone, a multiplication and an addition counted as two. encode: of a source piece, once, with what
// the decoder makes of it before it begins. decode: of a target piece, one hypothesis, what was computed of the earlier
// ones kept. train: of a target piece with as many source pieces, forward and backward; what a causal mask hides is
// counted, for in sentences of some length it is computed.
Status dm_costs_add(cJSON *json, const Model *model, int length, Error *error)
{
    const int longest = model->config.architecture->longest(&model->config), wanted = length ? length : 20;
    const CountedText text = {.sentences = 1, .pieces = longest < wanted ? longest : wanted};
    const Parameters *p = &model->parameters;
    const Costs costs = {cJSON_CreateArray(), p};
    CountedModel counted;
    CountedList encode = {0}, decode = {0}, train = {0};
    Status status = dm_counted_create(&counted, &model->config, error);
    if (status) {
        cJSON_Delete(costs.parts);
        return status;
    }
    dm_count_reading(&counted, text, &encode);
    dm_count_writing(&counted, text, 1, text.pieces, &decode);
    dm_count_training(&counted, text, text, &train);
    dm_counted_free(&counted);
    for (int i = 0; i < p->count; i++)
        if (!p->list[i].absent)
            charge(&costs, part_of(p->list[i].name), "parameters", (double)dm_parameter_size(&p->list[i]));
    cJSON *operations = cJSON_AddObjectToObject(json, "operations");
    cJSON_AddNumberToObject(operations, "length", text.pieces);
    add_cost(&costs, operations, "encode", &encode, text.pieces);
    add_cost(&costs, operations, "decode", &decode, text.pieces);
    add_cost(&costs, operations, "train", &train, text.pieces);
    cJSON_AddItemToObject(json, "parts", costs.parts);
    return DM_OK;
}
