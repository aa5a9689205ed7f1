// R-Drop as training runs it, an example with every sentence twice through the objective, against PyTorch in float64,
// which was given the same masks: tests/golden/README.md.
#include "folder/golden_folders.h"

#include "train/objectives/objective.h"

static Example example_of(const Expected *e, Arena *arena, int start)
{
    const Tokens written = dm_tokens(arena, e->pairs, e->target_length, e->outputs);
    return (Example){.source = dm_tokens(arena, e->pairs, e->source_length, e->source),
                     .read = dm_shifted(arena, written, start),
                     .written = written.ids};
}

static void loss_and_gradients_equal_pytorch(void)
{
    Subject s;
    if (open_subject(&s, "marian/shared-relu")) {
        cJSON *json = read_json(s.folder, "r_drop.json");
        s.with = (Graph){.dropout = (float)number(json, "dropout"),
                         .seed = (uint64_t)number(json, "seed"),
                         .update = (uint32_t)number(json, "update"),
                         .shard = (uint32_t)number(json, "shard")};
        const ChosenTerms terms = {.term = {&dm_r_drop}, .weight = {number(json, "alpha")}, .count = 1, .copies = 2};
        Graph *g = begin(&s, s.gradients);
        const Example once = example_of(&s.expected, g->arena, s.model->config.decoder_start),
                      twice = dm_example_twice(g->arena, &once);
        const Loss loss = dm_teacher_forcing.run(&(ShardRun){.graph = g,
                                                             .model = s.model,
                                                             .example = &twice,
                                                             .smoothing = (float)number(json, "label_smoothing"),
                                                             .terms = &terms});
        dm_backward(g);
        const double total = number(json, "total"), nll = number(json, "nll");
        CU_ASSERT_EQUAL(loss.count, (long)number(json, "count"));
        expect(fabs(loss.objective - total) <= 1e-5 * total, "total %.9g, should be %.9g", loss.objective, total);
        expect(fabs(loss.nll - nll) <= 1e-5 * nll, "nll %.9g, should be %.9g", loss.nll, nll);
        compare_tensors(&s, "r_drop_gradients.safetensors", s.gradients);
        cJSON_Delete(json);
    }
    close_subject(&s);
}

const Fact facts[] = {FACT(loss_and_gradients_equal_pytorch), {NULL, NULL}};
