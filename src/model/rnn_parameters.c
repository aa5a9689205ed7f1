// The weights of the recurrent encoder-decoders. Those of cells have the names and the layout of PyTorch's nn.GRU and
// nn.LSTM.
#include "core/memory.h"
#include "model/rnn.h"

static int memory_width(const RnnShape *shape)
{
    return dm_rnn_directions(shape) * shape->hidden;
}

// What the first layer of the decoder gets beside the embedding.
static int beside(const ModelConfig *config)
{
    const RnnShape *shape = dm_rnn_shape(config);
    return shape->attention == DM_RNN_ADDITIVE ? memory_width(shape) : shape->input_feeding ? config->width : 0;
}

static int readout_width(const ModelConfig *config)
{
    const RnnShape *shape = dm_rnn_shape(config);
    if (shape->attention == DM_RNN_NO_ATTENTION) return shape->hidden;
    return shape->hidden + memory_width(shape) + (shape->attention == DM_RNN_ADDITIVE ? config->width : 0);
}

static bool has_direction(const RnnShape *shape, int reverse)
{
    return shape->direction == DM_RNN_BOTH || reverse == (shape->direction == DM_RNN_BACKWARD);
}

static void declare_attention(Parameters *p, const RnnShape *shape)
{
    const int h = shape->hidden, m = memory_width(shape);
    const bool additive = shape->attention == DM_RNN_ADDITIVE;
    if (additive || shape->attention == DM_RNN_GENERAL)
        dm_declare_matrix(p, "model.decoder.attention.query.weight", additive ? h : m, h, DM_INIT_XAVIER);
    if (!additive) return;
    dm_linear_declare(p, "model.decoder.attention.key", h, m);
    const int v = dm_declare_matrix(p, "model.decoder.attention.v.weight", 1, h, DM_INIT_XAVIER);
    p->list[v].full = true;
}

void dm_rnn_declare(Model *model)
{
    const RnnShape *shape = dm_rnn_shape(&model->config);
    const CellKind *cell = &dm_cells[shape->cell];
    const int h = shape->hidden, d = model->config.width, m = memory_width(shape);
    Parameters *p = &model->parameters;
    dm_embeddings_declare(model);
    p->depth = "encoder_layers";
    for (int layer = 0; layer < shape->encoder_layers; layer++) {
        p->keys = layer ? "hidden_size" : "hidden_size d_model";
        for (int reverse = 0; reverse < 2; reverse++)
            if (has_direction(shape, reverse))
                dm_cell_declare(p, cell, "model.encoder", layer, reverse, h, layer ? m : d);
    }
    p->depth = NULL;
    p->keys = "hidden_size decoder_layers";
    if (dm_rnn_has_bridge(shape))
        dm_linear_declare(p, "model.decoder.bridge", shape->decoder_layers * dm_cell_state(cell, h), m);
    p->keys = "hidden_size";
    declare_attention(p, shape);
    p->depth = "decoder_layers";
    for (int layer = 0; layer < shape->decoder_layers; layer++) {
        p->keys = layer ? "hidden_size" : "hidden_size d_model";
        dm_cell_declare(p, cell, "model.decoder", layer, false, h, layer ? h : d + beside(&model->config));
    }
    p->depth = NULL;
    p->keys = "hidden_size d_model";
    dm_linear_declare(p, "model.decoder.readout", d, readout_width(&model->config));
    dm_output_declare(model, m);
}

void dm_rnn_connect(Model *model)
{
    const RnnShape *shape = dm_rnn_shape(&model->config);
    const CellKind *cell = &dm_cells[shape->cell];
    const Parameters *p = &model->parameters;
    const int d = model->config.width, extra = beside(&model->config);
    Rnn *r = model->layers;
    *r = (Rnn){.embeddings = dm_embeddings_connect(model),
               .encoder = dm_allocate((size_t)shape->encoder_layers, sizeof *r->encoder),
               .decoder = dm_allocate((size_t)shape->decoder_layers, sizeof *r->decoder),
               .readout = dm_linear_find(p, "model.decoder.readout", 1)};
    for (int layer = 0; layer < shape->encoder_layers; layer++)
        for (int reverse = 0; reverse < 2; reverse++)
            if (has_direction(shape, reverse))
                r->encoder[layer][reverse] = dm_cell_find(p, cell, "model.encoder", layer, reverse);
    for (int layer = 0; layer < shape->decoder_layers; layer++)
        r->decoder[layer] = dm_cell_find(p, cell, "model.decoder", layer, false);
    if (extra) {  // side by side with the embedding, whose part is one product for all steps
        const Tensor input = r->decoder[0].input.weight;
        r->decoder[0].input.weight = dm_columns(&input, 0, d);
        r->beside = dm_columns(&input, d, extra);
    }
    if (dm_rnn_has_bridge(shape)) r->bridge = dm_linear_find(p, "model.decoder.bridge", 1);
    if (shape->attention == DM_RNN_ADDITIVE || shape->attention == DM_RNN_GENERAL)
        r->query = dm_parameters_joined(p, "model.decoder.attention.query.weight", 1);
    if (shape->attention != DM_RNN_ADDITIVE) return;
    r->key = dm_linear_find(p, "model.decoder.attention.key", 1);
    r->v = dm_parameters_joined(p, "model.decoder.attention.v.weight", 1);
}

void dm_rnn_disconnect(Model *model)
{
    dm_free(((Rnn *)model->layers)->encoder);
    dm_free(((Rnn *)model->layers)->decoder);
}
