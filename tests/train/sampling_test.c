// Scheduled sampling as training runs it, against PyTorch in float64, which was given the same coins:
// tests/golden/README.md.
#include <string.h>

#include "folder/golden_folders.h"

#include "train/objectives/objective.h"

static void check_case(Subject *s, const cJSON *json, const cJSON *wanted)
{
    const double share = number(json, "share"), objective = number(wanted, "objective"), nll = number(wanted, "nll");
    const bool mixed = strcmp(cJSON_GetObjectItem(wanted, "from")->valuestring, "mixed") == 0;
    const ScheduledSampling how = {.decay = 1 /* linear */,
                                   .constants = {share, 0, 0},
                                   .from = mixed ? DM_SAMPLED_MIXED : DM_SAMPLED_BEST,
                                   .passes = (int)number(wanted, "passes")};
    const ChosenTerms terms = {.copies = 1};
    memset(s->gradients, 0, s->model->parameters.size * sizeof(float));
    Graph *g = begin(s, s->gradients);
    const Tokens written = dm_tokens(g->arena, s->expected.pairs, s->expected.target_length, s->expected.outputs);
    const Example example = {.source =
                                 dm_tokens(g->arena, s->expected.pairs, s->expected.source_length, s->expected.source),
                             .read = dm_shifted(g->arena, written, s->model->config.decoder_start),
                             .written = written.ids};
    const Loss loss = dm_scheduled_sampling.run(&(ShardRun){.graph = g,
                                                            .model = s->model,
                                                            .example = &example,
                                                            .smoothing = (float)number(json, "label_smoothing"),
                                                            .terms = &terms,
                                                            .sampling = &how});
    dm_backward(g);
    expect(fabs(loss.objective - objective) <= 1e-5 * objective, "%s: %.9g, should be %.9g", wanted->string,
           loss.objective, objective);
    expect(fabs(loss.nll - nll) <= 1e-5 * nll, "%s: nll %.9g, should be %.9g", wanted->string, loss.nll, nll);
    compare_tensors(s, dm_name("sampling_%s.safetensors", wanted->string).text, s->gradients);
}

static void losses_and_gradients_equal_pytorch(void)
{
    static const char *const folders[] = {"marian/shared-relu", "rnn/feeding", "rnn/no-attention"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        Subject s;
        if (open_subject(&s, folders[i])) {
            cJSON *json = read_json(s.folder, "sampling.json");
            s.with = (Graph){.seed = (uint64_t)number(json, "seed"),
                             .update = (uint32_t)number(json, "update"),
                             .shard = (uint32_t)number(json, "shard")};
            for (const cJSON *wanted = cJSON_GetObjectItem(json, "cases")->child; wanted; wanted = wanted->next)
                check_case(&s, json, wanted);
            cJSON_Delete(json);
        }
        close_subject(&s);
    }
}

const Fact facts[] = {FACT(losses_and_gradients_equal_pytorch), {NULL, NULL}};
