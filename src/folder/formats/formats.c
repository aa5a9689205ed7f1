// The table of formats, and the choice of one. Our own is the last: it can say everything.
#include <stdlib.h>
#include <string.h>

#include "folder/formats/format.h"

const Format *const dm_formats[] = {
    &dm_marian_format,        &dm_pegasus_format, &dm_gpt2_format,
    &dm_llama_format,         &dm_mixtral_format, &dm_glm4_moe_format,
    &dm_megatron_bert_format, &dm_own_format,     NULL,
};

const Format *dm_format_of_type(const char *model_type)
{
    for (int i = 0; dm_formats[i]; i++)
        if (strcmp(dm_formats[i]->model_type, model_type) == 0) return dm_formats[i];
    return NULL;
}

static int value_of(const ShapeRow *row, const char *name)
{
    if (row->type == DM_SHAPE_NAME) return dm_shape_index(row, name);
    return row->type == DM_SHAPE_FLAG ? strcmp(name, "true") == 0 : atoi(name);
}

int dm_format_means(const Format *format, const ShapeRow *row)
{
    for (const FormatMeans *m = format->means; m && m->key; m++)
        if (strcmp(m->key, row->key) == 0) return value_of(row, m->name);
    return format->architecture && row->common == 1 && !dm_format_key(format, row->key) ? 0 : -1;
}

const FormatFlag *dm_format_flag(const Format *format, const ShapeRow *row)
{
    const FormatFlag *flag = format->flags;
    while (flag && flag->key && !(flag->row && strcmp(flag->row, row->key) == 0)) flag++;
    return flag && flag->key ? flag : NULL;
}

static bool can_say_row(const Format *format, const ShapeRow *row, int value)
{
    const int meant = dm_format_means(format, row);
    if (meant >= 0) return value == meant;
    if (dm_format_key(format, row->key))
        return row->type != DM_SHAPE_NAME || dm_format_word(format, row, value) != NULL;
    return !row->common || value < row->common;
}

static bool can_say(const Format *format, const ModelConfig *config)
{
    if (!format->architecture) return true;
    if (format->architecture != config->architecture) return false;
    if (!format->separate_vocabularies && !config->shared_embeddings) return false;
    for (const ShapeRow *row = config->architecture->shape; row->key; row++)
        if (dm_shape_counts(config, row) && !can_say_row(format, row, dm_shape_value(config, row))) return false;
    Name why;
    return !format->misfit || !format->misfit(config, &why);
}

const Format *dm_format_of_config(const ModelConfig *config)
{
    const Format *const *format = dm_formats;
    while (!can_say(*format, config)) format++;
    return *format;
}
