// Folders of labels as transformers has them: which class it is, what labels are called, what is refused.
#include "core/memory.h"
#include "core/scratch.h"
#include "folder/folder.h"
#include "model/small_config.h"
#include "tensor/check.h"

static const char common[] =
    "{\"architectures\": [\"MegatronBertForTokenClassification\"], \"model_type\": \"megatron-bert\", \"vocab_size\": "
    "31, \"hidden_size\": 8, \"num_hidden_layers\": 2, \"num_attention_heads\": 2, \"intermediate_size\": 12, "
    "\"eos_token_id\": 2, \"pad_token_id\": 0}";

// config.json with this in it, in place of what it says of the same keys. changes: a JSON object
static const char *folder_of(const char *changes)
{
    static char folder[256];
    cJSON *json = cJSON_Parse(common), *said = cJSON_Parse(changes);
    while (said->child) {
        cJSON *item = cJSON_DetachItemViaPointer(said, said->child);
        cJSON_DeleteItemFromObjectCaseSensitive(json, item->string);
        cJSON_AddItemToObject(json, item->string, item);
    }
    char *text = cJSON_Print(json);
    snprintf(folder, sizeof folder, "%s", scratch("labels"));
    CU_ASSERT_EQUAL_FATAL(dm_make_folder(folder, NULL), DM_OK);
    scratch_file("labels/config.json", text, strlen(text));
    remove(scratch("labels/generation_config.json"));
    cJSON_free(text);
    cJSON_Delete(json);
    cJSON_Delete(said);
    return folder;
}

static Status read_with(ModelConfig *config, const char *changes, Error *error)
{
    return dm_config_read(config, NULL, folder_of(changes), error);
}

static void expect_labels(const ModelConfig *config, int count, const char *const *names)
{
    CU_ASSERT_EQUAL_FATAL(config->target_vocabulary, count);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config->labels);
    for (int i = 0; i < count; i++)
        expect(strcmp(config->labels[i], names[i]) == 0, "label %d is %s, should be %s", i, config->labels[i],
               names[i]);
}

static void what_is_not_said_is_what_transformers_takes_for_granted(void)
{
    ModelConfig c;
    Error error = {""};
    expect(read_with(&c, "{}", &error) == DM_OK, "%s", error.message);
    const TransformerShape *t = dm_transformer_shape(&c);
    CU_ASSERT_PTR_EQUAL(c.architecture, &dm_labels);
    CU_ASSERT(c.pad == 0 && c.eos == 2 && c.decoder_start == -1 && c.width == 8 && c.source_vocabulary == 31);
    CU_ASSERT(t->encoder_layers == 2 && t->encoder_heads == 2 && t->encoder_ffn == 12 && t->max_positions == 512);
    CU_ASSERT(t->activation == named("activation_function", "gelu") && t->norm_epsilon == 1 && !t->scale_embedding);
    CU_ASSERT(t->positions == named("positions", "learned") && t->norm_place == named("norm_place", "pre"));
    expect_labels(&c, 2, (const char *const[]){"LABEL_0", "LABEL_1"});
    dm_config_free(&c);
}

static void the_class_says_what_has_a_label(void)
{
    static const struct {
        const char *changes;
        Labels labels;
    } cases[] = {{"{}", DM_LABELS_OF_WORDS},
                 {"{\"architectures\": [\"MegatronBertForSequenceClassification\"]}", DM_LABEL_OF_SENTENCE},
                 {"{\"architectures\": [\"MegatronBertForSequenceClassification\"], \"problem_type\": "
                  "\"single_label_classification\"}",
                  DM_LABEL_OF_SENTENCE}};
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        ModelConfig c;
        CU_ASSERT_EQUAL_FATAL(read_with(&c, cases[i].changes, NULL), DM_OK);
        CU_ASSERT_EQUAL(c.architecture->labels(&c), cases[i].labels);
        dm_config_free(&c);
    }
}

static void names_stand_where_their_ids_say(void)
{
    ModelConfig c;
    CU_ASSERT_EQUAL_FATAL(read_with(&c, "{\"id2label\": {\"2\": \"VERB\", \"0\": \"NOUN\", \"1\": \"B-PER\"}}", NULL),
                          DM_OK);
    expect_labels(&c, 3, (const char *const[]){"NOUN", "B-PER", "VERB"});
    dm_config_free(&c);
    CU_ASSERT_EQUAL_FATAL(read_with(&c, "{\"num_labels\": 3}", NULL), DM_OK);
    expect_labels(&c, 3, (const char *const[]){"LABEL_0", "LABEL_1", "LABEL_2"});
    dm_config_free(&c);
}

static void names_are_written_both_ways_and_read_again(void)
{
    char *names[] = {"NOUN", "ü", "</s>"};
    ModelConfig config = small_config_of(&dm_labels, 31, "d_model 8"), again;
    const char *folder = folder_of("{}");
    config.target_vocabulary = DM_COUNT(names);
    config.labels = names;
    CU_ASSERT_EQUAL_FATAL(dm_config_write(&config, NULL, folder, NULL), DM_OK);
    CU_ASSERT_EQUAL_FATAL(dm_config_read(&again, NULL, folder, NULL), DM_OK);
    expect_labels(&again, 3, (const char *const *)names);
    dm_config_free(&again);
    char *text;
    CU_ASSERT_EQUAL_FATAL(dm_read_file(scratch("labels/config.json"), &text, NULL, NULL), DM_OK);
    cJSON *json = cJSON_Parse(text), *ids = cJSON_GetObjectItemCaseSensitive(json, "label2id");
    for (int i = 0; i < 3; i++) {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(ids, names[i]);
        CU_ASSERT(cJSON_IsNumber(id) && id->valueint == i);
    }
    cJSON_Delete(json);
    dm_free(text);
}

static void what_cannot_be_a_model_of_labels_is_refused_by_name(void)
{
    static const char *const cases[][2] = {
        {"{\"architectures\": [\"MegatronBertForMaskedLM\"]}",
         "\"architectures\" is \"MegatronBertForMaskedLM\", but only MegatronBertForTokenClassification"},
        {"{\"architectures\": null}", "has no \"architectures\": add [\"MegatronBertForTokenClassification\"]"},
        {"{\"architectures\": []}", "\"architectures\" is []"},
        {"{\"architectures\": [\"a\", \"b\"]}", "\"architectures\" is [\"a\",\"b\"]"},
        {"{\"problem_type\": \"multi_label_classification\"}", "\"problem_type\" is \"multi_label_classification\""},
        {"{\"problem_type\": \"regression\"}", "\"problem_type\" is \"regression\""},
        {"{\"is_decoder\": true}", "\"is_decoder\" is true"},
        {"{\"position_embedding_type\": \"relative_key\"}", "\"position_embedding_type\" is \"relative_key\""},
        {"{\"eos_token_id\": null}", "has no \"eos_token_id\": add it"},
        {"{\"pad_token_id\": 2}", "\"eos_token_id\" and \"pad_token_id\" are both 2"},
        {"{\"id2label\": {}}", "\"id2label\" is {}, but an object of ids and names is needed"},
        {"{\"id2label\": [\"A\"]}", "\"id2label\" is [\"A\"]"},
        {"{\"id2label\": {\"0\": \"A\", \"2\": \"B\"}}", "each of its ids \"0\" to \"1\", but has \"2\""},
        {"{\"id2label\": {\"0\": \"A\", \"x\": \"B\"}}", "but has \"x\""},
        {"{\"id2label\": {\"0\": \"A\", \"00\": \"B\"}}", "but has \"00\""},
        {"{\"id2label\": {\"0\": 7}}", "but has \"0\""},
        {"{\"id2label\": {\"0\": \"A\", \"1\": \"B\", \"2\": \"A\"}}", "\"id2label\" has the name \"A\" twice"},
        {"{\"id2label\": {\"0\": \"New York\", \"1\": \"B\"}}", "\"id2label\" has \"New York\", but blanks separate"},
        {"{\"num_labels\": 0}", "\"num_labels\" is 0"},
    };
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        ModelConfig c;
        Error error = {"no error"};
        const Status status = read_with(&c, cases[i][0], &error);
        expect(status == DM_FAILURE && strstr(error.message, cases[i][1]), "wanted: %s\n   got: %s", cases[i][1],
               error.message);
        if (!status) dm_config_free(&c);
    }
}

const Fact facts[] = {
    FACT(what_is_not_said_is_what_transformers_takes_for_granted),
    FACT(the_class_says_what_has_a_label),
    FACT(names_stand_where_their_ids_say),
    FACT(names_are_written_both_ways_and_read_again),
    FACT(what_cannot_be_a_model_of_labels_is_refused_by_name),
    {NULL, NULL},
};
