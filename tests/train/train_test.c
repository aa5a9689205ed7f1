// Facts about training runs: that they learn, that threads and stops change nothing, what they refuse.
#include "core/memory.h"
#include "runs.h"

static void a_reversal_is_learnt(void)
{
    char *valid = validation_on_itself();
    train("learns",
          CHANGES("after 150e", "dropout 0", "label-smoothing 0", "dim-emb 32", "learn-rate 0.005", valid,
                  "valid-freq 300u"),
          NULL, NULL);
    CU_ASSERT(last_figure("learns", "train", "cost") < 0.05);
    CU_ASSERT(last_figure("learns", "valid", "ce-mean-words") < 0.05);
    CU_ASSERT(last_figure("learns", "valid", "bleu") > 99);
    dm_free(valid);
}

static void the_number_of_threads_does_not_change_a_byte(void)
{
    for (int threads = 1; threads <= 3; threads++) {
        char folder[32], change[32];
        snprintf(folder, sizeof folder, "threads%d", threads);
        snprintf(change, sizeof change, "cpu-threads %d", threads);
        // shards of some ten words, five or so to a batch, two batches to an update, two lanes: they have to wait
        train(folder, CHANGES("after 4e", change, "shard-words 10", "lanes 2", "optimizer-delay 2"), NULL, NULL);
        CU_ASSERT(same_file(folder, "threads1", "model.safetensors"));
    }
}

// Stopped in the middle and taken up again with another number of threads; refused where the machine has no bf16.
static void a_run_in_bf16_is_as_reproducible(void)
{
    const GemmBackend *backend;
    if (dm_gemm_choose_for(&backend, DM_PRECISION_BF16, test_backend, 16, NULL)) {
        dm_error error = {.message = ""};
        train("bf16", CHANGES("precision bf16"), NULL, &error);
        CU_ASSERT(strstr(error.message, "--precision fp32") != NULL);
        return;
    }
    Watcher watcher = {.stop_after = 8};
    train("bf16", CHANGES("after 6e", "precision bf16"), NULL, NULL);
    CU_ASSERT(train("bf16stopped", CHANGES("after 6e", "precision bf16", "cpu-threads 2"), &watcher, NULL));
    watcher.stop_after = 0;
    train("bf16stopped", CHANGES("after 6e", "precision bf16", "cpu-threads 3"), &watcher, NULL);
    CU_ASSERT(same_file("bf16", "bf16stopped", "model.safetensors"));
    train("fp32", CHANGES("after 6e"), NULL, NULL);
    CU_ASSERT(!same_file("bf16", "fp32", "model.safetensors"));
}

// Batch norm's statistics are in the same bytes, too; with everything that runs a sentence more than once.
static void a_run_with_batch_norm_is_as_reproducible(void)
{
    char *valid = validation_on_itself();
    const char *const changes[] = {"after 6e",
                                   "norm batch",
                                   "shard-words 10",
                                   "lanes 2",
                                   "add-loss r-drop 2.5",
                                   valid,
                                   "valid-freq 4u",
                                   "average 2",
                                   "exponential-smoothing 0.1",
                                   NULL};
    train("batch", changes, NULL, NULL);
    for (int stop = 1; stop < 20; stop += 9) {
        char folder[32];
        snprintf(folder, sizeof folder, "batch%d", stop);
        const char *more[16] = {"cpu-threads 3"};
        memcpy(more + 1, changes, sizeof changes);
        CU_ASSERT(train(folder, more, &(Watcher){.stop_after = stop}, NULL));
        train(folder, changes, NULL, NULL);
        CU_ASSERT(same_file(folder, "batch", "model.safetensors"));
        CU_ASSERT(same_journal(folder, "batch"));
    }
    Model *model = open_model("batch");
    size_t moved = 0;
    for (int i = 0; i < model->parameters.count; i++) {
        const Parameter *p = &model->parameters.list[i];
        for (int j = 0; p->kind == DM_STATISTIC && j < p->tensor.cols; j++)
            moved += p->tensor.data[j] != (strstr(p->name, "var") ? 1 : 0);
    }
    CU_ASSERT_EQUAL(moved, 5 * 2 * 16);
    dm_model_destroy(model);
    dm_free(valid);
}

// The last object of this name in train.jsonl: the sum of the squares of its figures, and how many there are.
static double squares_of_layers(const char *folder, int *count, double *norm)
{
    double sum = 0;
    char *text = read_text(folder, "train.jsonl"), *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        cJSON *event = cJSON_Parse(line);
        const cJSON *norms = cJSON_GetObjectItemCaseSensitive(event, "gradient_norms"), *one;
        if (norms) {
            sum = 0;
            *count = cJSON_GetArraySize(norms);
            *norm = cJSON_GetObjectItemCaseSensitive(event, "gradient_norm")->valuedouble;
            cJSON_ArrayForEach(one, norms) sum += one->valuedouble * one->valuedouble;
        }
        cJSON_Delete(event);
    }
    dm_free(text);
    return sum;
}

// Displayed by updates, by epochs and by time; before clipping.
static void the_norms_of_the_layers_are_parts_of_that_of_the_gradient(void)
{
    static const struct {
        const char *shape, *shown;
        int layers;
    } cases[] = {{"norm layer", "disp-freq 1u", 3},
                 {"norm-place pre", "disp-freq 1e", 5},
                 {"norm batch", "disp-freq 1e-9s", 3},
                 {"activation swiglu", "disp-freq 3u", 3}};
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        int count = 0;
        double norm = 0;
        char folder[32];
        snprintf(folder, sizeof folder, "layers%zu", i);
        train(folder, CHANGES("after 3e", "clip-norm 0.01", cases[i].shape, cases[i].shown), NULL, NULL);
        const double squares = squares_of_layers(folder, &count, &norm);
        CU_ASSERT_EQUAL(count, cases[i].layers);
        CU_ASSERT_DOUBLE_EQUAL(squares, norm * norm, 1e-4 * norm * norm);
        CU_ASSERT(norm > 0.01);
    }
}

static void another_seed_gives_another_model(void)
{
    train("seed1", CHANGES("after 1e"), NULL, NULL);
    train("seed2", CHANGES("after 1e", "seed 2"), NULL, NULL);
    CU_ASSERT(!same_file("seed1", "seed2", "model.safetensors"));
}

// With everything that a run keeps: validation, patience, best and epoch checkpoints, averages, shown sums.
static void a_stopped_run_ends_as_an_uninterrupted_one(void)
{
    static const int stops[] = {1, 2, 7, 15, 24, 30};
    static const char *const kept[] = {"model.safetensors", "epoch-0010.safetensors", "best-chrf.safetensors",
                                       "best-bleu.safetensors"};
    char *valid = validation_on_itself();
    const char *const changes[] = {"after 11e",
                                   valid,
                                   "valid-freq 4u",
                                   "average 3",
                                   "early-stopping 3",
                                   "valid-metrics ce-mean-words chrf bleu",
                                   "keep-best bleu chrf",
                                   "exponential-smoothing 0.1",
                                   NULL};
    train("whole", changes, NULL, NULL);
    CU_ASSERT(last_figure("whole", "end", "update") > 30);
    char *nobody_asked = dm_format("%s/best-ce-mean-words.safetensors", scratch("whole"));
    CU_ASSERT(!dm_exists(nobody_asked));
    dm_free(nobody_asked);
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        char folder[32];
        snprintf(folder, sizeof folder, "stopped%d", stops[i]);
        CU_ASSERT(train(folder, changes, &(Watcher){.stop_after = stops[i]}, NULL));
        append(folder, "train.jsonl", "{\"event\":\"train\",\"update\":999}\n{\"eve");  // a later update, killed
        const char *more[16] = {"cpu-threads 3"};
        memcpy(more + 1, changes, sizeof changes);
        CU_ASSERT(train(folder, more, &(Watcher){.stop_after = 3}, NULL));
        CU_ASSERT(!train(folder, changes, NULL, NULL));
        for (size_t j = 0; j < sizeof kept / sizeof *kept; j++) CU_ASSERT(same_file(folder, "whole", kept[j]));
        CU_ASSERT(same_journal(folder, "whole"));
    }
    dm_free(valid);
}

static void a_schedule_that_falls_to_zero_survives_a_stop(void)
{
    const char *const changes[] = {"after 6e", "lr-schedule cosine", "disp-freq 1u", NULL};
    train("cosine", changes, NULL, NULL);
    train("cosine2", changes, &(Watcher){.stop_after = 8}, NULL);
    train("cosine2", changes, NULL, NULL);
    CU_ASSERT(same_file("cosine2", "cosine", "model.safetensors"));
    CU_ASSERT(last_figure("cosine", "train", "learn_rate") == 0);
}

// How many updates it will be depends on the speed, and is settled by the run alone: so the first one says it, and two
// that go on from there must agree.
static void a_time_at_whose_end_the_rate_is_zero_becomes_a_number_of_updates(void)
{
    const char *const changes[] = {"after 3s", "lr-schedule linear", "lr-warmup 0", "disp-freq 1u", NULL};
    Watcher watcher = {.until = "updates from here on"};
    train("timed", changes, &watcher, NULL);
    CU_ASSERT_FATAL(watcher.said);
    char *from = path_of("timed"), *to = path_of("timed2"), *copy = dm_format("cp -r %s %s", from, to);
    CU_ASSERT_EQUAL_FATAL(system(copy), 0);
    for (int i = 0; i < 2; i++) train(i ? "timed2" : "timed", changes, NULL, NULL);
    CU_ASSERT(same_file("timed2", "timed", "model.safetensors"));
    CU_ASSERT(last_figure("timed", "train", "learn_rate") == 0);
    CU_ASSERT(last_figure("timed", "end", "update") == last_figure("timed2", "end", "update"));
    dm_free(from), dm_free(to), dm_free(copy);
    train("timed3", changes, NULL, NULL);  // and without a stop
    CU_ASSERT(last_figure("timed3", "train", "learn_rate") == 0);
}

// As it is saved; -1: it is not.
static long end_of_schedule(const char *folder)
{
    char *path = dm_format("%s/training.safetensors", scratch(folder)), *state = NULL;
    size_t size = 0;
    CU_ASSERT_EQUAL(dm_read_file(path, &state, &size, NULL), DM_OK);
    const char *said = state ? memmem(state, size, "schedule_end", strlen("schedule_end")) : NULL;
    const long end = said ? strtol(said + strcspn(said, "0123456789"), NULL, 10) : -1;
    dm_free(state), dm_free(path);
    return end;
}

static void a_complete_run_says_so_and_goes_on_with_a_larger_after(void)
{
    Watcher watcher = {0};
    train("longer", CHANGES("after 10u"), NULL, NULL);
    train("longer", CHANGES("after 10u"), &watcher, NULL);
    CU_ASSERT(watcher.updates == 0);
    CU_ASSERT(strstr(watcher.last, "complete") && strstr(watcher.last, "larger --after"));
    train("longer", CHANGES("after 20u"), &watcher, NULL);
    CU_ASSERT(watcher.updates == 10);
    train("at_once", CHANGES("after 20u"), NULL, NULL);
    CU_ASSERT(same_file("longer", "at_once", "model.safetensors"));
    // And nothing of the state that is saved is of the shorter run.
    CU_ASSERT(end_of_schedule("longer") == end_of_schedule("at_once"));
}

static void without_validation_the_folder_holds_the_latest_weights(void)
{
    train("latest", CHANGES("after 5e", "save-freq 1000u"), &(Watcher){.stop_after = 6}, NULL);
    train("six", CHANGES("after 6u"), NULL, NULL);
    CU_ASSERT(same_file("latest", "six", "model.safetensors"));
}

static void the_best_checkpoint_is_kept_and_patience_ends_the_run(void)
{
    // Validated on text where nothing is reversed: learning to reverse makes it worse before long.
    write_side("other", false, 3);
    char *other = path_of("other"), *valid = dm_format("valid-sets %s %s", other, other), change[64];
    train("best", CHANGES("after 100e", valid, "valid-freq 3u", "early-stopping 4"), NULL, NULL);
    double end = last_figure("best", "end", "update");
    CU_ASSERT(last_figure("best", "valid", "stalled") == 4);
    CU_ASSERT(end < 300);
    snprintf(change, sizeof change, "after %.0fu", end - 4 * 3);  // where the best one was
    train("up_to_the_best", CHANGES(change, valid, "valid-freq 3u", "early-stopping 4"), NULL, NULL);
    CU_ASSERT(same_file("best", "up_to_the_best", "model.safetensors"));
    CU_ASSERT(last_figure("best", "valid", "best") == last_figure("up_to_the_best", "valid", "best"));

    // The count goes on after a stop.
    const char *const changes[] = {"after 100e", valid, "valid-freq 3u", "early-stopping 4", NULL};
    train("patient", changes, &(Watcher){.stop_after = (int)end - 5}, NULL);
    train("patient", changes, NULL, NULL);
    CU_ASSERT(same_journal("patient", "best"));

    // Killed behind the first file of the checkpoint with the best weights: the others are made good.
    static const char *const others[] = {"model.safetensors", "best-ce-mean-words.safetensors"};
    const char *const keeping[] = {"after 100e",
                                   valid,
                                   "valid-freq 3u",
                                   "early-stopping 4",
                                   "valid-metrics perplexity ce-mean-words",
                                   "keep-best ce-mean-words",
                                   NULL};
    train("half_saved", keeping, &(Watcher){.stop_after = (int)end - 4 * 3}, NULL);
    for (int i = 0; i < 2; i++) {
        char *half = dm_format("%s/%s", scratch("half_saved"), others[i]);
        CU_ASSERT(remove(half) == 0);
        dm_free(half);
    }
    train("half_saved", keeping, NULL, NULL);
    train("all_saved", keeping, NULL, NULL);
    for (int i = 0; i < 2; i++) CU_ASSERT(same_file("half_saved", "all_saved", others[i]));
    dm_free(other), dm_free(valid);
}

static void pad_has_a_zero_embedding_and_no_probability(void)
{
    train("pad", CHANGES("after 2e"), NULL, NULL);
    Model *model = open_model("pad");
    const float *row = dm_row(&model->output.weight, model->config.pad);
    for (int j = 0; j < model->config.width; j++) CU_ASSERT(row[j] == 0);
    CU_ASSERT(model->output.bias.data[model->config.pad] == -10000);
    CU_ASSERT(model->output.bias.data[0] == 0);
    dm_model_destroy(model);
}

static void training_starts_from_a_pretrained_model(void)
{
    train("first", CHANGES("after 3e"), NULL, NULL);
    char *start = path_of("first"), *change = dm_format("pretrained-model %s", start);
    // Its own shape counts, and a vanishing rate leaves its weights where they are.
    train("second", CHANGES(change, "after 1u", "learn-rate 1e-12", "lr-warmup 0"), NULL, NULL);
    Model *first = open_model("first"), *second = open_model("second");
    CU_ASSERT(first->parameters.size == second->parameters.size);
    double difference = 0;
    for (size_t i = 0; i < first->parameters.size; i++)
        difference += fabs((double)first->parameters.data[i] - (double)second->parameters.data[i]);
    CU_ASSERT(difference < 1e-6);
    CU_ASSERT(same_file("first", "second", "vocab.json"));
    dm_model_destroy(first), dm_model_destroy(second);
    dm_free(start), dm_free(change);
}

// One update over the whole corpus is the same whether the batch holds it all or several batches make it up.
static void a_delay_makes_one_large_batch_of_several(void)
{
    const char *const plain[] = {"after 2u",         "lr-warmup 1", "mini-batch-words 100000",
                                 "shard-words 1000", "dropout 0",   "optimizer sgd",
                                 "learn-rate 1",     NULL};
    const char *const delay[] = {"after 2u",  "lr-warmup 1",   "mini-batch-words 40", "optimizer-delay 100",
                                 "dropout 0", "optimizer sgd", "learn-rate 1",        NULL};
    train("one_batch", plain, NULL, NULL);
    train("batches", delay, NULL, NULL);
    CU_ASSERT_DOUBLE_EQUAL(last_figure("one_batch", "end", "epoch"), 2, 0);
    Model *a = open_model("one_batch"), *b = open_model("batches");
    size_t far = 0;
    for (size_t i = 0; i < a->parameters.size; i++) far += fabsf(a->parameters.data[i] - b->parameters.data[i]) > 1e-5f;
    CU_ASSERT(far == 0);
    dm_model_destroy(a), dm_model_destroy(b);
}

static void other_options_and_other_text_are_refused(void)
{
    dm_error error;
    train("fixed", CHANGES("after 4e"), &(Watcher){.stop_after = 2}, NULL);
    train("fixed", CHANGES("after 4e", "dropout 0.3", "learn-rate 0.02"), NULL, &error);
    CU_ASSERT(strstr(error.message, "--dropout") && strstr(error.message, "--learn-rate"));

    dm_options *options = settings("fixed", CHANGES("after 4e"));
    write_side("src", false, 9);
    CU_ASSERT(dm_train(options, NULL, NULL, &error) == DM_FAILURE);
    CU_ASSERT(strstr(error.message, "not the text") != NULL);
    dm_options_free(options);
    train("fixed", CHANGES("after 4e"), NULL, NULL);  // and with the old text it still goes on
}

static void a_second_trainer_is_refused(void)
{
    int lock;
    dm_error error;
    CU_ASSERT(dm_folder_lock(&lock, scratch("locked"), "average", &error) == DM_OK);
    train("locked", CHANGES("after 1u"), NULL, &error);
    CU_ASSERT(strstr(error.message, "another process") && strstr(error.message, "dragoman average"));
    close(lock);
    train("locked", CHANGES("after 1u"), NULL, NULL);
}

const Fact facts[] = {
    FACT(a_reversal_is_learnt),
    FACT(the_number_of_threads_does_not_change_a_byte),
    FACT(a_run_in_bf16_is_as_reproducible),
    FACT(a_run_with_batch_norm_is_as_reproducible),
    FACT(the_norms_of_the_layers_are_parts_of_that_of_the_gradient),
    FACT(another_seed_gives_another_model),
    FACT(a_stopped_run_ends_as_an_uninterrupted_one),
    FACT(a_schedule_that_falls_to_zero_survives_a_stop),
    FACT(a_time_at_whose_end_the_rate_is_zero_becomes_a_number_of_updates),
    FACT(a_complete_run_says_so_and_goes_on_with_a_larger_after),
    FACT(without_validation_the_folder_holds_the_latest_weights),
    FACT(the_best_checkpoint_is_kept_and_patience_ends_the_run),
    FACT(pad_has_a_zero_embedding_and_no_probability),
    FACT(training_starts_from_a_pretrained_model),
    FACT(a_delay_makes_one_large_batch_of_several),
    FACT(other_options_and_other_text_are_refused),
    FACT(a_second_trainer_is_refused),
    {NULL, NULL},
};
