// Terms: which --add-loss chooses, in which order and with which weights, for every term there is; and what they add.
#include "core/memory.h"
#include "train/terms/term.h"

#include "model/small_config.h"

#include "test.h"

// A term joins by a row.
static const struct {
    const char *name;
    int copies;
    bool of_dropout, looks;
    const char *file;  // the option of what it learns from; NULL: it needs none
} cases[] = {{"r-drop", 2, true, false, NULL},
             {"cutoff", 2, false, false, NULL},
             {"guided-alignment", 1, false, true, "guided-alignment"},
             {"coverage", 1, false, true, NULL},
             {"ahead", 1, false, false, NULL}};

static void every_term_has_a_case(void)
{
    for (int i = 0; dm_terms[i]; i++) {
        int found = 0;
        for (size_t k = 0; k < DM_COUNT(cases); k++) {
            if (strcmp(cases[k].name, dm_terms[i]->name) != 0) continue;
            CU_ASSERT(cases[k].copies == dm_terms[i]->copies && cases[k].of_dropout == dm_terms[i]->of_dropout);
            CU_ASSERT(cases[k].looks == dm_terms[i]->looks && !cases[k].file == !dm_terms[i]->file);
            if (cases[k].file) CU_ASSERT_STRING_EQUAL(cases[k].file, dm_terms[i]->file);
            found++;
        }
        CU_ASSERT_EQUAL(found, 1);
        if (!found) fprintf(stderr, "\nthere is no case of %s\n", dm_terms[i]->name);
        CU_ASSERT_STRING_EQUAL(dm_term_choice(i).name, dm_terms[i]->name);
        if (!dm_terms[i + 1]) CU_ASSERT_PTR_NULL(dm_term_choice(i + 1).name);
    }
}

static void name_files(dm_options *options)
{
    const char *name = "some.file";
    for (int i = 0; dm_terms[i]; i++)
        if (dm_terms[i]->file) CU_ASSERT_EQUAL(dm_options_set(options, dm_terms[i]->file, 1, &name, NULL), DM_OK);
}

// values: of --add-loss, separated by spaces; none: NULL
static Status choose(ChosenTerms *chosen, const char *values, const char *dropout, Error *error)
{
    dm_options *options = dm_options_new("train");
    char copy[256], *value[8], *rest = NULL;
    int count = 0;
    snprintf(copy, sizeof copy, "%s", values ? values : "");
    for (char *at = strtok_r(copy, " ", &rest); at; at = strtok_r(NULL, " ", &rest)) value[count++] = at;
    CU_ASSERT_EQUAL(dm_options_set(options, "dropout", 1, &dropout, error), DM_OK);
    name_files(options);
    if (count) CU_ASSERT_EQUAL(dm_options_set(options, "add-loss", count, (const char *const *)value, error), DM_OK);
    const Status status = dm_terms_of_options(chosen, options, error);
    dm_options_free(options);
    return status;
}

static void expect_refused(const char *values, const char *dropout, const char *wanted)
{
    ChosenTerms chosen;
    Error error = {"no error"};
    const bool good = choose(&chosen, values, dropout, &error) == DM_USAGE && strstr(error.message, wanted);
    CU_ASSERT(good);
    if (!good) fprintf(stderr, "\nwanted: %s\n   got: %s\n", wanted, error.message);
}

static void without_the_option_there_is_no_term_and_one_copy_of_a_sentence(void)
{
    ChosenTerms chosen;
    CU_ASSERT_EQUAL(choose(&chosen, NULL, "0", NULL), DM_OK);
    CU_ASSERT(chosen.count == 0 && chosen.copies == 1);
}

static void a_term_has_the_weight_behind_it_or_its_usual_one(void)
{
    for (int i = 0; dm_terms[i]; i++) {
        const Term *term = dm_terms[i];
        ChosenTerms chosen;
        CU_ASSERT_EQUAL(choose(&chosen, term->name, "0.1", NULL), DM_OK);
        CU_ASSERT(chosen.count == 1 && chosen.term[0] == term && chosen.weight[0] == dm_option_number(term->usual));
        CU_ASSERT(chosen.copies == term->copies);
        char *weighted = dm_format("%s 0.375", term->name);
        CU_ASSERT_EQUAL(choose(&chosen, weighted, "0.1", NULL), DM_OK);
        CU_ASSERT(chosen.count == 1 && chosen.term[0] == term && chosen.weight[0] == 0.375);
        dm_free(weighted);
    }
}

static void terms_stand_in_the_order_in_which_they_are_named(void)
{
    for (int i = 0; dm_terms[i]; i++)
        for (int j = 0; dm_terms[j]; j++) {
            const Term *a = dm_terms[i], *b = dm_terms[j];
            if (i == j) continue;
            ChosenTerms chosen;
            char *values = dm_format("%s 0.25 %s", a->name, b->name);
            const bool both_compare = a->copies == 2 && b->copies == 2;
            CU_ASSERT_EQUAL(choose(&chosen, values, "0.1", NULL), both_compare ? DM_USAGE : DM_OK);
            if (!both_compare) {
                CU_ASSERT(chosen.count == 2 && chosen.term[0] == a && chosen.term[1] == b);
                CU_ASSERT(chosen.weight[0] == 0.25 && chosen.weight[1] == dm_option_number(b->usual));
                CU_ASSERT_EQUAL(chosen.copies, a->copies > b->copies ? a->copies : b->copies);
            }
            dm_free(values);
        }
}

static void a_weight_before_its_term_is_refused(void)
{
    expect_refused("2.5", "0.1", "a weight, 2.5, stands before the name of its term");
    for (int i = 0; dm_terms[i]; i++) {
        char *values = dm_format("2.5 %s", dm_terms[i]->name);
        expect_refused(values, "0.1", "a weight, 2.5, stands before the name of its term");
        dm_free(values);
    }
}

static void a_second_weight_of_a_term_is_refused(void)
{
    for (int i = 0; dm_terms[i]; i++) {
        char *values = dm_format("%s 1 2", dm_terms[i]->name),
             *wanted = dm_format("%s has a weight already, and a second one, 2,", dm_terms[i]->name);
        expect_refused(values, "0.1", wanted);
        dm_free(values), dm_free(wanted);
    }
}

// The sentences would be doubled for it.
static void a_term_of_no_weight_is_refused(void)
{
    for (int i = 0; dm_terms[i]; i++) {
        char *values = dm_format("%s 0", dm_terms[i]->name),
             *wanted = dm_format("--add-loss %s 0 adds nothing: leave it out", dm_terms[i]->name);
        expect_refused(values, "0.1", wanted);
        dm_free(values), dm_free(wanted);
    }
}

static void a_term_named_twice_is_refused(void)
{
    for (int i = 0; dm_terms[i]; i++) {
        char *values = dm_format("%s %s 2", dm_terms[i]->name, dm_terms[i]->name),
             *wanted = dm_format("--add-loss names %s twice", dm_terms[i]->name);
        expect_refused(values, "0.1", wanted);
        dm_free(values), dm_free(wanted);
    }
}

static void what_compares_draws_of_dropout_needs_some(void)
{
    for (int i = 0; dm_terms[i]; i++) {
        ChosenTerms chosen;
        if (dm_terms[i]->of_dropout)
            expect_refused(dm_terms[i]->name, "0", "it needs a --dropout above 0");
        else
            CU_ASSERT_EQUAL(choose(&chosen, dm_terms[i]->name, "0", NULL), DM_OK);
    }
}

static void what_learns_from_a_file_needs_one(void)
{
    for (int i = 0; dm_terms[i]; i++) {
        if (!dm_terms[i]->file) continue;
        dm_options *options = dm_options_new("train");
        ChosenTerms chosen;
        Error error = {""};
        char *wanted = dm_format("learns from a file: name it by --%s", dm_terms[i]->file);
        CU_ASSERT_EQUAL(dm_options_set(options, "add-loss", 1, &dm_terms[i]->name, NULL), DM_OK);
        CU_ASSERT_EQUAL(dm_terms_of_options(&chosen, options, &error), DM_USAGE);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, wanted));
        dm_free(wanted);
        dm_options_free(options);
    }
}

// ---- Looking --------------------------------------------------------------------------------------------------------

static Status look(Gaze *gaze, const ModelConfig *config, const char *terms, const char *layer, const char *head,
                   Error *error)
{
    dm_options *options = dm_options_new("train");
    ChosenTerms chosen = {.copies = 1};
    for (int i = 0; dm_terms[i]; i++)
        if (strcmp(dm_terms[i]->name, terms) == 0) chosen.term[chosen.count++] = dm_terms[i];
    if (layer) CU_ASSERT_EQUAL(dm_options_set(options, "guided-alignment-layer", 1, &layer, NULL), DM_OK);
    if (head) CU_ASSERT_EQUAL(dm_options_set(options, "guided-alignment-head", 1, &head, NULL), DM_OK);
    const Status status = dm_terms_look(&chosen, options, config, error);
    *gaze = chosen.gaze;
    dm_options_free(options);
    return status;
}

// One head of the last layer but one, if nothing is said; of terms that do not look, none.
static void terms_look_where_options_say(void)
{
    static const struct {
        const char *terms, *layer, *head;
        int layers, wanted_layer, wanted_head;
    } looks[] = {
        {"guided-alignment", NULL, NULL, 3, 2, 0}, {"coverage", NULL, NULL, 1, 1, 0},
        {"guided-alignment", "3", "4", 3, 3, 3},   {"guided-alignment", "1", "0", 3, 1, DM_ALL_HEADS},
        {"r-drop", NULL, NULL, 3, 0, 0},
    };
    for (size_t i = 0; i < DM_COUNT(looks); i++) {
        const ModelConfig config = small_transformer(11, 8, looks[i].layers, 4);
        Gaze gaze;
        CU_ASSERT_EQUAL(look(&gaze, &config, looks[i].terms, looks[i].layer, looks[i].head, NULL), DM_OK);
        CU_ASSERT(gaze.layer == looks[i].wanted_layer && gaze.head == looks[i].wanted_head);
    }
}

static void where_there_is_nothing_to_look_at_they_are_refused(void)
{
    const ModelConfig transformer = small_transformer(11, 8, 2, 2),
                      lm = small_config_of(dm_architecture("lm"), 11, "d_model 8 decoder_attention_heads 2"),
                      labels = small_config_of(dm_architecture("labels"), 11, "d_model 8 encoder_attention_heads 2"),
                      rnn = small_config_of(dm_architecture("rnn"), 11, "attention none");
    const struct {
        const ModelConfig *config;
        const char *layer, *head, *wanted;
    } refused[] = {
        {&transformer, "3", NULL, "--guided-alignment-layer 3: the decoder of this model has 2 layers"},
        {&transformer, NULL, "3", "--guided-alignment-head 3: a layer of this model has 2 heads"},
        {&lm, NULL, NULL,
         "--add-loss guided-alignment teaches the decoder's attention to the source, and in a model of"},
        {&labels, NULL, NULL, "looks at none"},
        {&rnn, NULL, NULL, "looks at none"},
    };
    for (size_t i = 0; i < DM_COUNT(refused); i++) {
        Gaze gaze;
        Error error = {""};
        CU_ASSERT_EQUAL(look(&gaze, refused[i].config, "guided-alignment", refused[i].layer, refused[i].head, &error),
                        DM_USAGE);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, refused[i].wanted));
        if (!strstr(error.message, refused[i].wanted)) fprintf(stderr, "\n%s\n", error.message);
    }
}

// ---- Adding ---------------------------------------------------------------------------------------------------------

static char calls[8];

static const TermInput input;

static double add_first(const TermInput *in, double weight)
{
    CU_ASSERT_PTR_EQUAL(in, &input);
    strcat(calls, "1");
    return 3 * weight;
}

static double add_second(const TermInput *in, double weight)
{
    CU_ASSERT_PTR_EQUAL(in, &input);
    strcat(calls, "2");
    return 100 * weight;
}

static void what_terms_add_is_summed_in_their_order(void)
{
    static const Term first = {.name = "first", .add = add_first}, second = {.name = "second", .add = add_second};
    ChosenTerms chosen = {.term = {&second, &first}, .weight = {0.5, 2}, .count = 2, .copies = 1};
    *calls = '\0';
    CU_ASSERT_EQUAL(dm_terms_add(&chosen, &input), 56);
    CU_ASSERT_STRING_EQUAL(calls, "21");
    chosen.count = 0;
    CU_ASSERT_EQUAL(dm_terms_add(&chosen, &input), 0);
    CU_ASSERT_STRING_EQUAL(calls, "21");
}

// So that a run is compared with what counted: a bare name is the name with its usual weight.
static void the_weight_that_counts_is_written_into_the_options(void)
{
    for (int i = 0; dm_terms[i]; i++) {
        dm_options *options = dm_options_new("train");
        ChosenTerms chosen;
        CU_ASSERT_EQUAL(dm_options_set(options, "add-loss", 1, &dm_terms[i]->name, NULL), DM_OK);
        name_files(options);
        CU_ASSERT_EQUAL(dm_terms_of_options(&chosen, options, NULL), DM_OK);
        CU_ASSERT_EQUAL_FATAL(dm_options_count(options, "add-loss"), 2);
        CU_ASSERT_STRING_EQUAL(dm_options_text(options, "add-loss", 0), dm_terms[i]->name);
        CU_ASSERT_STRING_EQUAL(dm_options_text(options, "add-loss", 1), dm_terms[i]->usual);
        dm_options_free(options);
    }
}

const Fact facts[] = {
    FACT(every_term_has_a_case),
    FACT(without_the_option_there_is_no_term_and_one_copy_of_a_sentence),
    FACT(a_term_has_the_weight_behind_it_or_its_usual_one),
    FACT(the_weight_that_counts_is_written_into_the_options),
    FACT(terms_stand_in_the_order_in_which_they_are_named),
    FACT(a_weight_before_its_term_is_refused),
    FACT(a_second_weight_of_a_term_is_refused),
    FACT(a_term_of_no_weight_is_refused),
    FACT(a_term_named_twice_is_refused),
    FACT(what_compares_draws_of_dropout_needs_some),
    FACT(what_learns_from_a_file_needs_one),
    FACT(terms_look_where_options_say),
    FACT(where_there_is_nothing_to_look_at_they_are_refused),
    FACT(what_terms_add_is_summed_in_their_order),
    {NULL, NULL},
};
