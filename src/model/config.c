// The rows of a shape: their values, and how the options of train set them.
#include "model/config.h"

#include <assert.h>
#include <string.h>

#include "core/memory.h"
#include "model/model.h"
#include "model/shape_options.h"

void dm_config_forget(ModelConfig *config)
{
    dm_free(config->search.bad_words);
    dm_free(config->search.bad_first);
    for (int i = 0; config->labels && i < config->target_vocabulary; i++) dm_free(config->labels[i]);
    dm_free(config->labels);
    config->search = (SearchDefaults){0};
    config->labels = NULL;
}

void dm_config_free(ModelConfig *config)
{
    dm_config_forget(config);
    *config = (ModelConfig){0};
}

int dm_shape_value(const ModelConfig *config, const ShapeRow *row)
{
    const char *at = (const char *)config + row->offset;
    return row->type == DM_SHAPE_FLAG ? *(const bool *)at : *(const int *)at;
}

bool dm_shape_counts(const ModelConfig *config, const ShapeRow *row)
{
    for (const ShapeWith *with = row->with; with->key; with++) {
        const int value = dm_shape_value(config, dm_shape_row(config->architecture, with->key));
        if (with->low <= value && value <= with->high) return true;
    }
    return !row->with[0].key;
}

void dm_shape_set(ModelConfig *config, const ShapeRow *row, int value)
{
    char *at = (char *)config + row->offset;
    if (row->type == DM_SHAPE_FLAG)
        *(bool *)at = value != 0;
    else
        *(int *)at = value;
}

const ShapeRow *dm_shape_row(const Architecture *architecture, const char *key)
{
    for (const ShapeRow *row = architecture->shape; row->key; row++)
        if (strcmp(row->key, key) == 0) return row;
    return NULL;
}

int dm_shape_index(const ShapeRow *row, const char *name)
{
    for (int i = 0; row->choice(i).name; i++)
        if (strcmp(row->choice(i).name, name) == 0) return i;
    return -1;
}

void dm_shape_take_usual(ModelConfig *config)
{
    for (const ShapeRow *row = config->architecture->shape; row->key; row++) dm_shape_set(config, row, row->usual);
}

// ---- Options --------------------------------------------------------------------------------------------------------

static int value_of(const dm_options *options, const ShapeRow *row)
{
    const char *name = row->option->name;
    if (row->type == DM_SHAPE_FLAG) return dm_options_flag(options, name);
    if (row->type == DM_SHAPE_NAME) return dm_shape_index(row, dm_options_text(options, name, 0));
    return (int)dm_options_number(options, name);
}

static void take_options(ModelConfig *config, const dm_options *options)
{
    dm_shape_take_usual(config);
    for (const ShapeRow *row = config->architecture->shape; row->key; row++)
        if (row->option && dm_shape_counts(config, row) && dm_options_count(options, row->option->name))
            dm_shape_set(config, row, value_of(options, row));
}

Status dm_shape_of_options(ModelConfig *config, const dm_options *options, Error *error)
{
    const Architecture *a = config->architecture;
    take_options(config, options);
    a->complete(config);
    for (const ShapeRow *row = a->shape; row->key; row++) {
        const ShapeRow *whole = row->divides ? dm_shape_row(a, row->divides) : NULL,
                       *most = row->most ? dm_shape_row(a, row->most) : NULL;
        const int value = dm_shape_value(config, row);
        if (!dm_shape_counts(config, row)) continue;
        if (whole && dm_shape_value(config, whole) % value)
            return dm_misuse(error, "--%s %d is not a multiple of --%s %d", whole->option->name,
                             dm_shape_value(config, whole), row->option->name, value);
        if (most && value > dm_shape_value(config, most))
            return dm_misuse(error, "--%s %d is more than --%s %d", row->option->name, value, most->option->name,
                             dm_shape_value(config, most));
    }
    Name why;
    return a->misfit(config, &why) ? dm_misuse(error, "%s", why.text) : DM_OK;
}

static bool has_option(const Architecture *architecture, const Option *option)
{
    for (const ShapeRow *row = architecture->shape; row->key; row++)
        if (row->option == option) return true;
    return false;
}

// The types that have this option, as "transformer, rnn".
static void types_with(const Option *option, char *text, size_t room)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; dm_architectures[i]; i++)
        if (has_option(dm_architectures[i], option) && used < room)
            used += (size_t)snprintf(text + used, room - used, "%s%s", used ? ", " : "", dm_architectures[i]->name);
}

// A value as options have it.
static Name text_of(const ShapeRow *row, int value)
{
    if (row->type == DM_SHAPE_FLAG) return dm_name("%s", value ? "true" : "false");
    return row->type == DM_SHAPE_NAME ? dm_name("%s", row->choice(value).name) : dm_name("%d", value);
}

// "light or dynamic", "2 or more"
static Name values_of(const ShapeRow *row, const ShapeWith *with)
{
    Name text = text_of(row, with->low);
    if (row->type == DM_SHAPE_INTEGER) return dm_name("%s or more", text.text);
    for (int value = with->low + 1; value <= with->high; value++)
        text = dm_name("%s or %s", text.text, text_of(row, value).text);
    return text;
}

static Status refuse_vain(const ModelConfig *config, const ShapeRow *row, Error *error)
{
    Name now = {""}, then = {""};
    for (const ShapeWith *with = row->with; with->key; with++) {
        const ShapeRow *other = dm_shape_row(config->architecture, with->key);
        const char *name = other->option->name;
        now = dm_name("%s%s--%s %s", now.text, with == row->with ? "" : " and ", name,
                      text_of(other, dm_shape_value(config, other)).text);
        then = dm_name("%s%s--%s %s", then.text, with == row->with ? "" : " or ", name, values_of(other, with).text);
    }
    return dm_misuse(error, "--%s has no effect with %s: leave it out, or take %s", row->option->name, now.text,
                     then.text);
}

// Options of rows that do not count in this shape, as dm_shape_settle. Those that need another option stay: where that
// is missing, dm_options_count_all refuses them, or dm_options_remark speaks of them.
static Status settle_what_counts(dm_options *options, const Architecture *architecture, Error *error)
{
    ModelConfig config = {.architecture = architecture};
    take_options(&config, options);
    for (const ShapeRow *row = architecture->shape; row->key; row++) {
        if (!row->option || dm_shape_counts(&config, row)) continue;
        const char *name = row->option->name;
        if (dm_options_in_vain(options, name)) continue;
        if (dm_options_pass_over(options, name)) continue;
        if (dm_options_given(options, name)) return refuse_vain(&config, row, error);
        dm_options_drop(options, name);
    }
    return DM_OK;
}

Status dm_shape_settle(dm_options *options, const Architecture *architecture, Error *error)
{
    Status status = DM_OK;
    for (int i = 0; dm_architectures[i]; i++) {
        const Architecture *other = dm_architectures[i];
        for (const ShapeRow *row = other->shape; row->key && !status; row++) {
            if (!row->option) continue;
            const bool given = dm_options_given(options, row->option->name);
            if (has_option(architecture, row->option)) {
                if (other == architecture && !given)
                    status = dm_options_set_default(options, row->option->name, text_of(row, row->usual).text, error);
            } else if (dm_options_pass_over(options, row->option->name)) {
                continue;
            } else if (given) {
                char types[128];
                types_with(row->option, types, sizeof types);
                status = dm_misuse(error, "--%s is for --type %s: a model of --type %s has nothing that it could say",
                                   row->option->name, types, architecture->name);
            } else {
                dm_options_drop(options, row->option->name);
            }
        }
    }
    return status ? status : settle_what_counts(options, architecture, error);
}
