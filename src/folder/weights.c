// The model folder: the tensors of model.safetensors against the parameters that config.json asks for, both ways.
#include "folder/folder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "core/memory.h"
#include "folder/complaints.h"
#include "folder/layout.h"
#include "folder/stored_positions.h"
#include "folder/stored_shape.h"

enum { MOST_ALIASES = 3 };

// ---- Names and shapes ---------------------------------------------------------------------------------------------

// A single row may lack its first dimension: some exports store the bias of the logits so.
static bool shape_fits(const LaidOut *tensor, const StoredTensor *stored)
{
    if (tensor->rank == 2 && tensor->shape[0] == 1 && stored->rank == 1) return stored->shape[0] == tensor->shape[1];
    return stored->rank == tensor->rank &&
           memcmp(stored->shape, tensor->shape, (size_t)tensor->rank * sizeof *tensor->shape) == 0;
}

typedef struct Text {
    char text[192];
} Text;

static Text shape_text(int rank, const int64_t *shape)
{
    Text out = {"["};
    size_t used = 1;
    for (int i = 0; i < rank && used < sizeof out.text - 32; i++)
        used += (size_t)snprintf(out.text + used, sizeof out.text - used, "%s%lld", i ? ", " : "", (long long)shape[i]);
    snprintf(out.text + used, sizeof out.text - used, "]");
    return out;
}

static int value_of_key(const ModelConfig *c, const char *key)
{
    if (strcmp(key, "vocab_size") == 0) return c->source_vocabulary;
    if (strcmp(key, "decoder_vocab_size") == 0) return c->target_vocabulary;
    return dm_shape_value(c, dm_shape_row(c->architecture, key));
}

// The keys of config.json that give a tensor its shape: "encoder_ffn_dim 512, d_model 128".
static Text shape_keys(const ModelConfig *c, const Format *format, const Parameter *p)
{
    Text out = {""};
    char keys[96], *rest = NULL;
    size_t used = 0;
    snprintf(keys, sizeof keys, "%s", p->keys);
    for (char *key = strtok_r(keys, " ", &rest); key && used < sizeof out.text; key = strtok_r(NULL, " ", &rest))
        used += (size_t)snprintf(out.text + used, sizeof out.text - used, "%s%s %d", used ? ", " : "",
                                 dm_format_key_name(format, key), value_of_key(c, key));
    return out;
}

// Other names under which some exports store a parameter, or a copy of it; returns how many.
static int aliases_of(const ModelConfig *c, const Format *format, const char *name, const char *aliases[MOST_ALIASES])
{
    int n = 0;
    bool table = strcmp(name, "model.shared.weight") == 0;
    if (table && !format->tensors) {
        aliases[n++] = "model.encoder.embed_tokens.weight";
        aliases[n++] = "model.decoder.embed_tokens.weight";
    }
    if ((table || strcmp(name, "model.decoder.embed_tokens.weight") == 0) && c->tied_output)
        aliases[n++] = "lm_head.weight";
    return n;
}

// ---- Checking a file against the parameters -----------------------------------------------------------------------

typedef struct Check {
    const ModelConfig *config;
    const Parameters *parameters;
    const SafeTensors *file;
    Layout layout;
    const StoredTensor **sources;  // [layout.count] where each comes from; NULL: zeros
    const StoredTensor **added;    // [layout.count] whose first row its rows have added; NULL: none
    bool *known;                   // [file->count] belongs to the model
    Complaints complaints;
} Check;

// " (encoder_layers 6)" behind the name of a tensor that belongs to a layer: of one of the model, or of one whose name
// begins like one of these as far as the number of the layer.
static Text layer_key(const Check *check, const char *name)
{
    Text out = {""};
    const size_t stem = strcspn(name, "0123456789");
    for (int i = 0; name[stem] && i < check->layout.count; i++) {
        const LaidOut *at = check->layout.list + i;
        const char *depth = check->parameters->list[at->first].depth;
        if (!depth || strncmp(at->name.text, name, stem) != 0) continue;
        snprintf(out.text, sizeof out.text, " (%s %d)", dm_format_key_name(check->layout.format, depth),
                 value_of_key(check->config, depth));
        break;
    }
    return out;
}

// Under this name, or where a file lacks what the format puts in front of all, under the rest of it.
static const StoredTensor *lookup(Check *check, const char *name)
{
    const char *prefix = check->layout.format->prefix;
    const StoredTensor *stored = dm_safetensors_find(check->file, name);
    if (!stored && prefix && strncmp(name, prefix, strlen(prefix)) == 0)
        stored = dm_safetensors_find(check->file, name + strlen(prefix));
    if (stored) check->known[stored - check->file->list] = true;
    if (stored && stored->scale) check->known[stored->scale - check->file->list] = true;
    return stored;
}

static bool check_shape(Check *check, const LaidOut *tensor, const StoredTensor *stored)
{
    if (shape_fits(tensor, stored)) return true;
    dm_complain(&check->complaints, DM_TENSOR_UNFIT, "tensor %.95s is %s, but config.json (%s) needs %s", stored->name,
                shape_text(stored->rank, stored->shape).text,
                shape_keys(check->config, check->layout.format, check->parameters->list + tensor->first).text,
                shape_text(tensor->rank, tensor->shape).text);
    return false;
}

// Whether two tensors of the same shape hold the same numbers, bit for bit once they are float32.
static bool same_numbers(const StoredTensor *a, const StoredTensor *b)
{
    size_t bytes = a->elements * sizeof(float);
    float *first = dm_allocate(a->elements, sizeof *first), *second = dm_allocate(a->elements, sizeof *second);
    dm_stored_to_float(a, first);
    dm_stored_to_float(b, second);
    bool same = memcmp(first, second, bytes) == 0;
    dm_free(first);
    dm_free(second);
    return same;
}

// Finds a tensor under its name or an alias; copies under the others must agree.
static const StoredTensor *find_source(Check *check, const LaidOut *tensor)
{
    const Parameter *p = check->parameters->list + tensor->first;
    const char *names[1 + MOST_ALIASES] = {tensor->name.text};
    int count = 1 + aliases_of(check->config, check->layout.format, p->name, names + 1);
    const StoredTensor *source = NULL;
    bool good = true;
    for (int i = 0; i < count; i++) {
        const StoredTensor *stored = lookup(check, names[i]);
        if (!stored) continue;
        bool fits = check_shape(check, tensor, stored);
        if (fits && good && source && !same_numbers(source, stored))
            dm_complain(
                &check->complaints, DM_TENSOR_UNFIT,
                "tensor %s differs from %s, but config.json (%s) says that they are one", names[i], source->name,
                strcmp(names[i], "lm_head.weight") ? "share_encoder_decoder_embeddings" : "tie_word_embeddings");
        good = good && fits;
        if (!source) source = stored;
    }
    if (!source && !p->may_lack)
        dm_complain(&check->complaints, DM_TENSOR_MISSING, "tensor %s is missing%s", tensor->name.text,
                    layer_key(check, tensor->name.text).text);
    return source;
}

// What a tensor has added, where it has something.
static const StoredTensor *find_added(Check *check, const LaidOut *tensor)
{
    const StoredTensor *stored = tensor->added ? lookup(check, tensor->added) : NULL;
    if (tensor->added && !stored)
        dm_complain(&check->complaints, DM_TENSOR_MISSING, "tensor %s is missing", tensor->added);
    if (!stored || (stored->rank == 2 && stored->shape[0] > 0 && stored->shape[1] == tensor->shape[1])) return stored;
    dm_complain(&check->complaints, DM_TENSOR_UNFIT, "tensor %.95s is %s, but config.json (%s %d) needs rows of %d",
                stored->name, shape_text(stored->rank, stored->shape).text,
                dm_format_key_name(check->layout.format, "d_model"), check->config->width, check->config->width);
    return NULL;
}

// Where the model has sinusoids, stored positions must be these.
static void check_positions(Check *check, const char *name)
{
    const StoredTensor *stored = lookup(check, name);
    const int width = check->config->width, most = value_of_key(check->config, "max_position_embeddings");
    if (!stored || !dm_positions_are_open(check->config)) return;
    if (stored->rank != 2 || stored->shape[1] != width || stored->shape[0] > most)
        dm_complain(&check->complaints, DM_TENSOR_UNFIT,
                    "tensor %s is %s, but config.json (max_position_embeddings %d, d_model %d) needs [%d, %d]", name,
                    shape_text(stored->rank, stored->shape).text, most, width, most, width);
    else if (!dm_are_sinusoids(stored, check->config))
        dm_complain(&check->complaints, DM_TENSOR_UNFIT,
                    "tensor %s does not hold Marian's sinusoids, and the positions of this model are not learned",
                    name);
}

// Sources of all tensors, or a message that says which are missing, too many, of another shape, or at odds with what
// they should be a copy of.
static Status find_sources(Check *check, Error *error)
{
    const Format *format = check->layout.format;
    for (int i = 0; i < check->layout.count; i++) {
        check->sources[i] = find_source(check, check->layout.list + i);
        check->added[i] = find_added(check, check->layout.list + i);
    }
    if (format->stored_positions)
        for (int i = 0; dm_position_tensors[i]; i++) check_positions(check, dm_position_tensors[i]);
    for (int i = 0; i < check->file->count; i++)
        if (!check->known[i] && !dm_format_ignores(format, check->file->list[i].name))
            dm_complain(&check->complaints, DM_TENSOR_STRANGE, "tensor %.95s has no place in this model%s",
                        check->file->list[i].name, layer_key(check, check->file->list[i].name).text);
    return dm_complaints_report(&check->complaints, check->file, check->parameters, error);
}

static Status check_finite(const Check *check, const float *data, Error *error)
{
    for (int i = 0; i < check->layout.count; i++)
        for (int k = 0; k < check->layout.list[i].count; k++) {
            const Parameter *p = check->parameters->list + check->layout.list[i].first + k;
            if (!dm_parameter_is_finite(p, data))
                return dm_fail(error, "%s: tensor %s holds a value that is not finite: the model is damaged",
                               check->file->path, check->sources[i]->name);
        }
    return DM_OK;
}

static Status load(const Check *check, float *data, Error *error)
{
    const Parameters *p = check->parameters;
    int next = 0;  // tensors are in the order of the parameters
    for (int i = 0; i < p->count;) {
        const LaidOut *tensor = next < check->layout.count ? check->layout.list + next : NULL;
        const bool here = tensor && tensor->first == i;
        const StoredTensor *source = here ? check->sources[next] : NULL;
        if (source)
            dm_laid_out_read(tensor, p, source, data);
        else
            memset(data + p->list[i].offset, 0, dm_parameter_size(p->list + i) * sizeof *data);
        if (here && check->added[next]) dm_laid_out_add(tensor, p, check->added[next], data);
        i += here ? tensor->count : 1;
        next += here;
    }
    return check_finite(check, data, error);
}

static bool is_zero(const StoredTensor *stored)
{
    float *values = dm_allocate(stored->elements, sizeof *values);
    dm_stored_to_float(stored, values);
    bool zero = true;
    for (int64_t i = 0; i < stored->shape[1] && zero; i++) zero = fabsf(values[i]) <= 0;
    dm_free(values);
    return zero;
}

// Whether the data of the file are what the buffer would be: float32, in order, from an aligned place on. So are those
// that dm_weights_write wrote.
static bool is_buffer(const Check *check)
{
    const unsigned char *begin = check->sources[0] ? check->sources[0]->bytes : NULL;
    if (!check->layout.whole || (uintptr_t)begin % DM_DATA_ALIGNMENT) return false;
    for (int i = 0; i < check->layout.count; i++) {
        const LaidOut *tensor = check->layout.list + i;
        const StoredTensor *source = check->sources[i];
        if (!source || source->dtype != DM_DTYPE_F32 || tensor->transposed) return false;
        if (check->added[i] && !is_zero(check->added[i])) return false;
        if (source->bytes != begin + check->parameters->list[tensor->first].offset * sizeof(float)) return false;
    }
    return true;
}

// How the matrices are stored, as far as they agree.
static Precision matrix_precision(const Check *check)
{
    const Dtype dtype = check->sources[0]->dtype;  // an embedding
    for (int i = 0; i < check->layout.count; i++)
        if (!check->parameters->list[check->layout.list[i].first].full && check->sources[i]->dtype != dtype)
            return DM_PRECISION_FP32;
    return dm_precision_of_dtype(dtype);
}

static Check make_check(const ModelConfig *config, const Parameters *parameters, const SafeTensors *file)
{
    return (Check){.config = config,
                   .parameters = parameters,
                   .file = file,
                   .layout = dm_layout_of(config, parameters),
                   .sources = dm_allocate((size_t)parameters->count, sizeof(StoredTensor *)),
                   .added = dm_allocate((size_t)parameters->count, sizeof(StoredTensor *)),
                   .known = dm_allocate((size_t)file->count, sizeof(bool))};
}

static void free_check(Check *check)
{
    dm_layout_free(&check->layout);
    dm_free(check->sources);
    dm_free(check->added);
    dm_free(check->known);
}

// ---- The folder ---------------------------------------------------------------------------------------------------

static Status check_weights_exist(const ModelConfig *config, const char *path, const char *folder, Error *error)
{
    if (dm_exists(path)) return DM_OK;
    const char *theirs = dm_format_class(dm_format_of_config(config), config);
    char *pickle = dm_join_path(folder, "pytorch_model.bin"),
         *parts = dm_join_path(folder, "model.safetensors.index.json");
    Status status;
    if (theirs && (dm_exists(pickle) || dm_exists(parts)))
        status =
            dm_fail(error,
                    "%s has its weights in %s, not in model.safetensors; make that file with: python3 -c \"from "
                    "transformers import %s; %s.from_pretrained('%s').save_pretrained('%s', "
                    "max_shard_size='1TB')\"",
                    folder, dm_exists(parts) ? "several parts" : "pytorch_model.bin", theirs, theirs, folder, folder);
    else
        status =
            dm_fail(error, "%s has no model.safetensors: the weights of the model are missing, get them again", folder);
    dm_free(pickle);
    dm_free(parts);
    return status;
}

// Takes the configuration over. Names and shapes are compared before anything of the size that config.json claims is
// allocated, so that a wrong figure there is an error and not the end of memory.
static Status read_weights(Model **model, ModelConfig *config, SafeTensors *file, Error *error)
{
    Model declared = {.config = *config, .architecture = config->architecture};
    dm_model_declare(&declared);
    Check check = make_check(config, &declared.parameters, file);
    Status status = find_sources(&check, error);
    if (status) {
        dm_config_free(config);
    } else if (is_buffer(&check)) {
        const WeightBuffer place = {(float *)check.sources[0]->bytes, file->memory};
        *model = dm_model_create_in(config, place);
        file->memory = NULL;
        status = check_finite(&check, place.data, error);
    } else {
        *model = dm_model_create(config);
        (*model)->stored = matrix_precision(&check);
        status = load(&check, (*model)->parameters.data, error);
    }
    free_check(&check);
    dm_parameters_free(&declared.parameters);
    return status;
}

Status dm_model_read(Model **model, cJSON **extra, const char *folder, Error *error)
{
    ModelConfig config;
    SafeTensors file = {0};
    char *path = dm_join_path(folder, "model.safetensors");
    *model = NULL;
    Status status = dm_config_read(&config, extra, folder, error);
    if (status) goto done;
    status = check_weights_exist(&config, path, folder, error);
    if (!status) status = dm_safetensors_open(&file, path, error);
    if (!status) status = dm_stored_shape_settle(&config, &file, error);
    if (status)
        dm_config_free(&config);
    else
        status = read_weights(model, &config, &file, error);
    dm_safetensors_close(&file);
    if (!status) goto done;
    dm_model_destroy(*model);
    *model = NULL;
    if (extra) {
        cJSON_Delete(*extra);
        *extra = NULL;
    }
done:
    dm_free(path);
    return status;
}

Status dm_weights_read(const Model *model, float *data, const char *path, Error *error)
{
    SafeTensors file;
    Status status = dm_safetensors_open(&file, path, error);
    if (status) return status;
    Check check = make_check(&model->config, &model->parameters, &file);
    status = find_sources(&check, error);
    if (!status) status = load(&check, data ? data : model->parameters.data, error);
    free_check(&check);
    dm_safetensors_close(&file);
    return status;
}

Status dm_weights_measure(Model *model, size_t *bytes, const char *path, Error *error)
{
    SafeTensors file;
    const Parameters *p = &model->parameters;
    Status status = dm_safetensors_open(&file, path, error);
    if (status) return status;
    Check check = make_check(&model->config, p, &file);
    status = find_sources(&check, error);
    for (int i = 0; i < p->count; i++) bytes[i] = 0;
    for (int i = 0; i < check.layout.count && !status; i++) {
        const LaidOut *tensor = check.layout.list + i;
        const StoredTensor *source = check.sources[i];
        for (int k = tensor->first; source && k < tensor->first + tensor->count; k++)
            bytes[k] = dm_stored_bytes(source) * dm_parameter_size(p->list + k) / source->elements;
    }
    if (!status) model->stored = matrix_precision(&check);
    free_check(&check);
    dm_safetensors_close(&file);
    return status;
}

Status dm_weights_write(const Model *model, const float *data, const char *path, Error *error)
{
    const Parameters *p = &model->parameters;
    Layout layout = dm_layout_of(&model->config, p);
    TensorToStore *tensors = dm_allocate(2 * (size_t)layout.count, sizeof *tensors);
    float **memory = dm_allocate((size_t)layout.count, sizeof *memory), *zeros;
    for (int i = 0; i < layout.count; i++)
        tensors[i] = dm_laid_out_to_store(layout.list + i, p, data ? data : p->data, memory + i);
    const int added = dm_layout_added(&layout, tensors + layout.count, &zeros);
    Status status = dm_safetensors_write(path, tensors, layout.count + added, NULL, error);
    for (int i = 0; i < layout.count; i++) dm_free(memory[i]);
    dm_free(memory);
    dm_free(zeros);
    dm_free(tensors);
    dm_layout_free(&layout);
    return status;
}
