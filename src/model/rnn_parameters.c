// The weights of the recurrent encoder-decoder. Those of a GRU have the names and the layout of PyTorch's nn.GRU.

#include "core/memory.h"
#include "model/rnn.h"

// weight_ih_l0_reverse and so on.
static Name part(const char *prefix, const char *kind, int layer, bool reverse)
{
    return dm_name("%.60s.%s_l%d%s", prefix, kind, layer, reverse ? "_reverse" : "");
}

static void declare_gru(Parameters *p, const char *prefix, int layer, bool reverse, int hidden, int in)
{
    dm_declare_matrix(p, part(prefix, "weight_ih", layer, reverse).text, 3 * hidden, in, DM_INIT_GATES);
    dm_declare_matrix(p, part(prefix, "weight_hh", layer, reverse).text, 3 * hidden, hidden, DM_INIT_GATES);
    dm_declare_vector(p, part(prefix, "bias_ih", layer, reverse).text, 3 * hidden, DM_INIT_ZERO);
    dm_declare_vector(p, part(prefix, "bias_hh", layer, reverse).text, 3 * hidden, DM_INIT_ZERO);
}

static Gru find_gru(const Parameters *p, const char *prefix, int layer, bool reverse)
{
    return (Gru){{dm_parameters_joined(p, part(prefix, "weight_ih", layer, reverse).text, 1),
                  dm_parameters_joined(p, part(prefix, "bias_ih", layer, reverse).text, 1)},
                 {dm_parameters_joined(p, part(prefix, "weight_hh", layer, reverse).text, 1),
                  dm_parameters_joined(p, part(prefix, "bias_hh", layer, reverse).text, 1)}};
}

void dm_rnn_declare(Model *model)
{
    const RnnShape *shape = dm_rnn_shape(&model->config);
    const int h = shape->hidden, d = model->config.width;
    Parameters *p = &model->parameters;
    dm_embeddings_declare(model);
    p->depth = "encoder_layers";
    for (int layer = 0; layer < shape->encoder_layers; layer++) {
        p->keys = layer ? "hidden_size" : "hidden_size d_model";
        for (int reverse = 0; reverse < 2; reverse++)
            declare_gru(p, "model.encoder.gru", layer, reverse, h, layer ? 2 * h : d);
    }
    p->depth = NULL;
    p->keys = "hidden_size";
    dm_linear_declare(p, "model.decoder.bridge", h, h);
    if (shape->attention == DM_RNN_ADDITIVE) {
        dm_declare_matrix(p, "model.decoder.attention.query.weight", h, h, DM_INIT_XAVIER);
        dm_linear_declare(p, "model.decoder.attention.key", h, 2 * h);
        const int v = dm_declare_matrix(p, "model.decoder.attention.v.weight", 1, h, DM_INIT_XAVIER);
        p->list[v].full = true;
    }
    p->keys = "hidden_size d_model";
    declare_gru(p, "model.decoder.gru", 0, false, h, d + 2 * h);
    dm_linear_declare(p, "model.decoder.readout", d, 3 * h + d);
    dm_output_declare(model);
}

void dm_rnn_connect(Model *model)
{
    const RnnShape *shape = dm_rnn_shape(&model->config);
    const Parameters *p = &model->parameters;
    Rnn *r = model->layers;
    *r = (Rnn){.embeddings = dm_embeddings_connect(model),
               .encoder = dm_allocate((size_t)shape->encoder_layers, sizeof *r->encoder),
               .bridge = dm_linear_find(p, "model.decoder.bridge", 1),
               .decoder = find_gru(p, "model.decoder.gru", 0, false),
               .readout = dm_linear_find(p, "model.decoder.readout", 1)};
    // Embedding and context are side by side in the input: the first part is one product for all steps.
    const Tensor input = r->decoder.input.weight;
    r->decoder.input.weight = dm_columns(&input, 0, model->config.width);
    r->context = dm_columns(&input, model->config.width, 2 * shape->hidden);
    for (int layer = 0; layer < shape->encoder_layers; layer++)
        for (int reverse = 0; reverse < 2; reverse++)
            r->encoder[layer][reverse] = find_gru(p, "model.encoder.gru", layer, reverse);
    if (shape->attention != DM_RNN_ADDITIVE) return;
    r->query = dm_parameters_joined(p, "model.decoder.attention.query.weight", 1);
    r->key = dm_linear_find(p, "model.decoder.attention.key", 1);
    r->v = dm_parameters_joined(p, "model.decoder.attention.v.weight", 1);
}

void dm_rnn_disconnect(Model *model)
{
    dm_free(((Rnn *)model->layers)->encoder);
}
