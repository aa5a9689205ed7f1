// Embeddings and output of encoder-decoders, under the names that MarianMTModel has for them.
#include "model/embeddings.h"

int dm_frozen_piece(const ModelConfig *config)
{
    return config->biases == DM_BIASES ? config->pad : -1;
}

static void declare_table(Model *model, const char *name, int vocabulary, const char *keys)
{
    Parameters *p = &model->parameters;
    p->keys = keys;
    p->depth = NULL;
    const int at = dm_declare_matrix(p, name, vocabulary, model->config.width, DM_INIT_EMBEDDING);
    p->list[at].frozen_row = dm_frozen_piece(&model->config);
}

void dm_source_embeddings_declare(Model *model)
{
    declare_table(model, "model.encoder.embed_tokens.weight", model->config.source_vocabulary, "vocab_size d_model");
}

void dm_embeddings_declare(Model *model)
{
    static const char source[] = "vocab_size d_model", target[] = "decoder_vocab_size d_model";
    const ModelConfig *c = &model->config;
    if (c->shared_embeddings) {
        declare_table(model, "model.shared.weight", c->source_vocabulary, source);
    } else {
        dm_source_embeddings_declare(model);
        declare_table(model, "model.decoder.embed_tokens.weight", c->target_vocabulary, target);
    }
    if (!c->tied_output)
        declare_table(model, "lm_head.weight", c->target_vocabulary, c->shared_embeddings ? source : target);
}

static bool writes_in_any_order(const Model *model)
{
    return model->architecture->writing(&model->config) == DM_IN_ANY_ORDER;
}

// [1, V] in the file, as MarianMTModel has it.
void dm_output_declare(Model *model, int memory)
{
    const ModelConfig *c = &model->config;
    Parameters *p = &model->parameters;
    if (dm_outputs[c->output]->copies) dm_pointer_declare(p, c->width, memory);
    p->keys = "d_model";
    if (writes_in_any_order(model)) dm_length_declare(p, memory);
    p->keys = c->shared_embeddings ? "vocab_size" : "decoder_vocab_size";
    p->depth = NULL;
    p->kind = DM_FIXED;
    const int at = dm_declare_matrix(p, "final_logits_bias", 1, c->target_vocabulary, DM_INIT_ZERO);
    p->list[at].full = p->list[at].may_lack = true;
    p->list[at].absent = c->biases != DM_BIASES;
    p->kind = DM_TRAINED;
}

static Tensor table_of(const Model *model, const char *own)
{
    return dm_parameters_joined(&model->parameters, model->config.shared_embeddings ? "model.shared.weight" : own, 1);
}

Tensor dm_source_embeddings(const Model *model)
{
    static const char own[] = "model.encoder.embed_tokens.weight";
    const Parameters *p = &model->parameters;
    return dm_parameters_joined(p, dm_parameter(p, own) ? own : "model.shared.weight", 1);
}

Embeddings dm_embeddings_connect(Model *model)
{
    const ModelConfig *c = &model->config;
    const Parameters *p = &model->parameters;
    const Embeddings e = {dm_source_embeddings(model), table_of(model, "model.decoder.embed_tokens.weight")};
    model->output = (OutputLayer){
        .kind = dm_outputs[c->output],
        .weight = c->tied_output ? e.target : dm_parameters_joined(p, "lm_head.weight", 1),
        .bias = dm_parameters_joined(p, "final_logits_bias", 1),
        .pad = dm_frozen_piece(c),
        .blank = c->eos,
    };
    model->output.bias.parameter = false;  // not trained: no gradient anywhere
    if (writes_in_any_order(model)) model->output.length = dm_length_connect(p);
    if (!model->output.kind->copies) return e;
    model->output.gaze = dm_usual_gaze(c);
    model->output.copying = dm_pointer_connect(p, &e.target);
    return e;
}
