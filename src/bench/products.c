// The list of products, counted on a model.
#include "bench/products.h"

#include <string.h>

#include "core/memory.h"
#include "model/operations.h"

// ---- The list -----------------------------------------------------------------------------------------------------

const char *dm_pass_name(Pass pass)
{
    static const char *const names[] = {"forward", "input gradient", "weight gradient"};
    return names[pass];
}

// Linear layers of [out, in] over so many rows: what they cost in each pass.
enum { PASSES = DM_PASS_NONE };
typedef struct Layer {
    char names[DM_LAYER_NAMES];
    int rows, out, in;
    double source[PASSES], target[PASSES];  // flops of a piece
} Layer;

typedef struct Layers {
    Layer *list;
    int count;
} Layers;

static size_t weight_size(const Counted *c)
{
    return (size_t)c->out * (size_t)c->in;
}

static const Parameter *parameter_at(const Model *model, size_t place)
{
    const Parameters *p = &model->parameters;
    int i = p->count - 1;
    while (p->list[i].offset > place) i--;
    return &p->list[i];
}

// "model.decoder.layers.3.fc1.weight" -> "fc1", "model.encoder.gru.weight_ih_l0_reverse" -> "weight_ih"; that of the
// output layer, which may be an embedding's -> "output"
static Name short_name(const Model *model, const Parameter *parameter)
{
    static const char weight[] = ".weight", digits[] = "0123456789";
    if (parameter->tensor.data == model->output.weight.data) return dm_name("output");
    Name name = dm_name("%s", parameter->name);
    char *end = name.text + strlen(name.text) - strlen(weight);
    if (end > name.text && strcmp(end, weight) == 0) *end = '\0';
    const char *dot = strrchr(name.text, '.'), *last = dot ? dot + 1 : name.text;
    int length = (int)strcspn(last, digits);
    while (last[length] && length && last[length] != '_') length--;  // a number of its own: _l0
    return length ? dm_name("%.*s", length, last) : dm_name("%s", last);
}

// Neighbours that are multiplied as one: "k_proj+v_proj"
static Name layer_name(const Model *model, const Counted *c)
{
    const Parameter *at = parameter_at(model, c->weight), *last = parameter_at(model, c->weight + weight_size(c) - 1);
    Name name = short_name(model, at);
    while (at++ < last) name = dm_name("%.100s+%s", dm_name("%s", name.text).text, short_name(model, at).text);
    return name;
}

static bool has_name(const char *names, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = names; *at; at += strspn(at, ", ")) {
        const size_t word = strcspn(at, ",");
        if (word == length && strncmp(at, name, length) == 0) return true;
        at += word;
    }
    return false;
}

static void add_name(char names[DM_LAYER_NAMES], const char *name)
{
    const size_t used = strlen(names);
    if (!has_name(names, name)) snprintf(names + used, DM_LAYER_NAMES - used, "%s%s", used ? ", " : "", name);
}

static Layer *layer_of(Layers *layers, const Counted *c)
{
    for (int i = 0; i < layers->count; i++) {
        Layer *l = &layers->list[i];
        if (l->rows == c->rows && l->out == c->out && l->in == c->in) return l;
    }
    layers->list = dm_reallocate(layers->list, (size_t)layers->count + 1, sizeof *layers->list);
    Layer *added = &layers->list[layers->count++];
    *added = (Layer){.rows = c->rows, .out = c->out, .in = c->in};
    return added;
}

static bool is_read(const CountedList *reading, size_t weight)
{
    int i = 0;
    while (i < reading->count && reading->list[i].weight != weight) i++;
    return i < reading->count;
}

// The output layer multiplies a block of pieces at a time. What begins within a parameter is a further block of the
// product of which the last block ended there, and both become one. What has no weight is left out.
static void join_blocks(const Model *model, CountedList *counted)
{
    int kept = 0;
    for (int i = 0; i < counted->count; i++) {
        const Counted c = counted->list[i];
        int at = c.weight == parameter_at(model, c.weight)->offset ? kept : 0;
        for (; at < kept; at++) {
            const Counted *first = &counted->list[at];
            if (first->pass == c.pass && first->rows == c.rows && first->in == c.in && first->times == c.times &&
                first->weight + weight_size(first) == c.weight)
                break;
        }
        if (at < kept)
            counted->list[at].out += c.out;
        else if (c.pass != DM_PASS_NONE)
            counted->list[kept++] = c;
    }
    counted->count = kept;
}

static void add_product(Products *products, const Layer *l, Pass pass)
{
    Product p = {.pass = pass, .m = l->rows, .n = l->out, .k = l->in};
    if (pass == DM_PASS_INPUT) p.n = l->in, p.k = l->out;
    if (pass == DM_PASS_WEIGHT) p.m = l->out, p.n = l->in, p.k = l->rows;
    p.source = l->source[pass], p.target = l->target[pass];
    memcpy(p.layer, l->names, sizeof p.layer);
    products->list = dm_reallocate(products->list, (size_t)products->count + 1, sizeof p);
    products->list[products->count++] = p;
}

// Frees what was counted. A weight that is needed to read the source is the source's.
static Products products_of(const Model *model, CountedList *reading, CountedList *counted, int source_pieces,
                            int target_pieces)
{
    Layers layers = {0};
    Products products = {0};
    join_blocks(model, reading);
    join_blocks(model, counted);
    for (int i = 0; i < counted->count; i++) {
        const Counted *c = &counted->list[i];
        Layer *layer = layer_of(&layers, c);
        add_name(layer->names, layer_name(model, c).text);
        if (is_read(reading, c->weight))
            layer->source[c->pass] += dm_counted_flops(c) / source_pieces;
        else
            layer->target[c->pass] += dm_counted_flops(c) / target_pieces;
    }
    for (int i = 0; i < layers.count; i++)
        for (int pass = 0; pass < PASSES; pass++)
            if (layers.list[i].source[pass] + layers.list[i].target[pass] > 0)
                add_product(&products, &layers.list[i], (Pass)pass);
    dm_free(reading->list);
    dm_free(counted->list);
    dm_free(layers.list);
    return products;
}

Status dm_products_of_training(Products *products, const ModelConfig *config, int rows, int length, Error *error)
{
    const CountedText text = {rows > length ? rows / length : 1, rows};
    CountedModel model;
    CountedList reading = {0}, counted = {0};
    Status status = dm_counted_create(&model, config, error);
    if (status) return status;
    dm_count_reading(&model, text, &reading);
    const int chain = dm_count_training(&model, text, text, &counted);
    *products = products_of(model.model, &reading, &counted, rows, rows);
    products->chain = chain;
    dm_counted_free(&model);
    return DM_OK;
}

Status dm_products_of_search(Products *products, const ModelConfig *config, int source_rows, int sentences, int beam,
                             Error *error)
{
    const CountedText text = {sentences, source_rows > sentences ? source_rows : sentences};
    CountedModel model;
    CountedList reading = {0}, counted = {0};
    Status status = dm_counted_create(&model, config, error);
    if (status) return status;
    dm_count_reading(&model, text, &reading);
    if (source_rows) dm_count_reading(&model, text, &counted);
    dm_count_writing(&model, text, beam, 1, &counted);
    *products = products_of(model.model, &reading, &counted, text.pieces, sentences);
    dm_counted_free(&model);
    return DM_OK;
}

void dm_products_free(Products *products)
{
    dm_free(products->list);
    *products = (Products){0};
}

static double flops_of(const Product *p, double source_pieces, double target_pieces)
{
    return p->source * source_pieces + p->target * target_pieces;
}

double dm_products_flops(const Products *products, double source_pieces, double target_pieces)
{
    double sum = 0;
    for (int i = 0; i < products->count; i++) sum += flops_of(&products->list[i], source_pieces, target_pieces);
    return sum;
}

double dm_products_rate(const Products *products, const double *rates, double source_pieces, double target_pieces)
{
    double seconds = 0;
    for (int i = 0; i < products->count; i++)
        seconds += flops_of(&products->list[i], source_pieces, target_pieces) / rates[i];
    return dm_products_flops(products, source_pieces, target_pieces) / seconds;
}
