// Training from a golden folder by the command's own way: dragoman train --pretrained-model on the folder's corpus, ten
// updates, ends at the weights of PyTorch.
#include "core/memory.h"
#include "folder/golden_folders.h"

#include <unistd.h>

// end: of each sentence, which is not written; labels have none.
static void write_words(const char *path, const int *ids, const int *lengths, const Expected *e, int end)
{
    FILE *file = fopen(path, "w");
    for (int i = 0, at = 0; i < e->pairs; at += lengths[i++]) {
        for (int j = 0; j + end < lengths[i]; j++)
            fprintf(file, end && ids[at + j] == 1 ? "%s<unk>" : "%sw%d", j ? " " : "", ids[at + j]);
        fprintf(file, "\n");
    }
    fclose(file);
}

// A vocabulary of plain words: piece i is written "w<i>". Labels have no special ones.
static void write_vocabulary(const char *path, bool labels, int size, int pad)
{
    FILE *file = fopen(path, "w");
    fprintf(file, labels ? "{\"w0\": 0, \"w1\": 1" : "{\"</s>\": 0, \"<unk>\": 1");
    for (int i = 2; i < size; i++) fprintf(file, i == pad ? ", \"<pad>\": %d" : ", \"w%d\": %d", i, i);
    fprintf(file, "}\n");
    fclose(file);
}

// The golden folder with words for its ids and our part of the configuration, so that text can be given to it.
static void write_pretrained(const Subject *s, const char *folder)
{
    char from[512], path[512], *text;
    size_t size;
    Error error;
    CU_ASSERT_EQUAL(dm_make_folder(folder, &error), DM_OK);
    snprintf(from, sizeof from, "%s/%s/model.safetensors", golden, s->folder);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    CU_ASSERT_EQUAL(dm_read_file(from, &text, &size, &error), DM_OK);
    CU_ASSERT_EQUAL(dm_write_file(path, text, size, &error), DM_OK);
    dm_free(text);
    snprintf(from, sizeof from, "%s/%s/config.json", golden, s->folder);
    snprintf(path, sizeof path, "%s/config.json", folder);
    CU_ASSERT_EQUAL(dm_read_file(from, &text, NULL, &error), DM_OK);
    cJSON *config = cJSON_Parse(text);
    dm_free(text);
    cJSON *ours = cJSON_GetObjectItemCaseSensitive(config, "dragoman");
    cJSON_AddStringToObject(ours ? ours : cJSON_AddObjectToObject(config, "dragoman"), "segmenter", "space");
    text = cJSON_Print(config);
    CU_ASSERT_EQUAL(dm_write_file(path, text, strlen(text), &error), DM_OK);
    dm_free(text);
    const int pad = (int)number(config, "pad_token_id");
    snprintf(path, sizeof path, "%s/vocab.json", folder);
    write_vocabulary(path, false, (int)number(config, "vocab_size"), pad);
    if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(config, "share_encoder_decoder_embeddings"))) {
        snprintf(path, sizeof path, "%s/target_vocab.json", folder);
        write_vocabulary(path, has_labels(s), (int)number(config, "decoder_vocab_size"), pad);
    }
    cJSON_Delete(config);
}

static void set(dm_options *options, const char *name, int count, const char *const *values)
{
    Error error;
    if (dm_options_set(options, name, count, values, &error)) expect(false, "%s", error.message);
}

// dragoman train --pretrained-model: the whole corpus as one batch, a constant rate, ten updates.
static Status train_ten(const char *folder, const char *source, const char *target, const char *model, Error *error)
{
    dm_options *options = dm_options_new("train");
    set(options, "pretrained-model", 1, &folder);
    set(options, "train-sets", 2, (const char *const[]){source, target});
    set(options, "model", 1, &model);
    set(options, "mini-batch-words", 1, (const char *const[]){"100000"});
    set(options, "max-length", 1, (const char *const[]){"33"});  // of the longest line, and of the fewest positions
    set(options, "dropout", 1, (const char *const[]){"0"});
    set(options, "label-smoothing", 1, (const char *const[]){"0.1"});
    set(options, "learn-rate", 1, (const char *const[]){"0.001"});
    set(options, "lr-warmup", 1, (const char *const[]){"0"});
    set(options, "lr-schedule", 1, (const char *const[]){"constant"});
    set(options, "clip-norm", 1, (const char *const[]){"0"});
    set(options, "optimizer-params", 3, (const char *const[]){"0.9", "0.98", "1e-9"});
    set(options, "after", 1, (const char *const[]){"10u"});
    set(options, "gemm", 1, &test_backend);
    set(options, "cpu-threads", 1, (const char *const[]){"2"});
    Status status = dm_train(options, NULL, NULL, error);
    dm_options_free(options);
    return status;
}

static void training_from_a_pretrained_model_equals_pytorch(void)
{
    for (size_t i = 0; i < DM_COUNT(trained_folders); i++) {
        Subject s;
        char root[] = "/tmp/dragoman-golden-XXXXXX", pretrained[64], source[64], target[64], trained[64];
        if (!open_subject(&s, trained_folders[i]) || !mkdtemp(root)) {
            close_subject(&s);
            continue;
        }
        if (dm_examples_of(&s.model->config)->sides == 1) {  // there are no pairs to train on
            CU_ASSERT_EQUAL(rmdir(root), 0);
            close_subject(&s);
            continue;
        }
        snprintf(pretrained, sizeof pretrained, "%s/pretrained", root);
        snprintf(source, sizeof source, "%s/source", root);
        snprintf(target, sizeof target, "%s/target", root);
        snprintf(trained, sizeof trained, "%s/trained", root);
        write_pretrained(&s, pretrained);
        write_words(source, s.expected.source, s.expected.source_length, &s.expected, 1);
        write_words(target, s.expected.outputs, s.expected.target_length, &s.expected, !has_labels(&s));
        Error error = {""};
        Model *model = NULL;
        Status status = train_ten(pretrained, source, target, trained, &error);
        if (!status) status = dm_model_read(&model, NULL, trained, &error);
        expect(!status, "%s: %s", s.folder, error.message);
        if (!status) {
            compare_tensors(&s, "after_ten_updates.safetensors", model->parameters.data);
            dm_model_destroy(model);
        }
        char command[96];
        snprintf(command, sizeof command, "rm -r %s", root);
        CU_ASSERT_EQUAL(system(command), 0);
        close_subject(&s);
    }
}

const Fact facts[] = {
    FACT(training_from_a_pretrained_model_equals_pytorch),
    {NULL, NULL},
};
