// The rows that describe a shape, of every architecture: what they set is what they get, they allow what their options
// allow, and what is usual is what the options of train say by default.
#include "core/memory.h"
#include "model/small_config.h"

#include "model/conv.h"
#include "model/shape_options.h"
#include "tensor/check.h"

static dm_options *training(void)
{
    dm_options *options = dm_options_new("train");
    CU_ASSERT_PTR_NOT_NULL_FATAL(options);
    return options;
}

static void say(dm_options *options, const Option *option, const char *value)
{
    Error error = {""};
    if (dm_options_set(options, option->name, 1, &value, &error)) fprintf(stderr, "\n%s\n", error.message);
    CU_ASSERT(dm_options_given(options, option->name));
}

static int names_of(const ShapeRow *row)
{
    int count = 0;
    while (row->choice(count).name) count++;
    return count;
}

static bool is_number(const ShapeRow *row)
{
    return row->type == DM_SHAPE_INTEGER || row->type == DM_SHAPE_TINY;
}

static int lowest(const ShapeRow *row)
{
    return is_number(row) ? row->low : 0;
}

static int highest(const ShapeRow *row)
{
    return is_number(row) ? row->high : row->type == DM_SHAPE_FLAG ? 1 : names_of(row) - 1;
}

static void of_row(bool holds, const Architecture *a, const ShapeRow *row)
{
    expect(holds, "%s: row %s", a->name, row->key);
}

// ---- Rows by themselves ---------------------------------------------------------------------------------------------

static void every_row_gets_what_it_sets_and_touches_no_other(void)
{
    const Architecture *a;
    for (int i = 0; (a = dm_architectures[i]); i++)
        for (const ShapeRow *row = a->shape; row->key; row++) {
            const int values[] = {lowest(row), highest(row), row->usual};
            for (int v = 0; v < 3; v++)
                for (int other = 0; other < 2; other++) {  // all others at one end of their ranges or the other
                    ModelConfig config = {.architecture = a, .pad = 77, .eos = 78, .decoder_start = 79};
                    for (const ShapeRow *at = a->shape; at->key; at++)
                        dm_shape_set(&config, at, other ? highest(at) : lowest(at));
                    dm_shape_set(&config, row, values[v]);
                    for (const ShapeRow *at = a->shape; at->key; at++)
                        of_row(dm_shape_value(&config, at) == (at == row ? values[v]
                                                               : other   ? highest(at)
                                                                         : lowest(at)),
                               a, at);
                    of_row(config.architecture == a && config.pad == 77 && config.eos == 78, a, row);
                    of_row(config.decoder_start == 79 && !config.search.bad_words && !config.search.bad_word_count, a,
                           row);
                }
        }
}

static void every_row_has_room_in_the_configuration(void)
{
    const Architecture *a;
    for (int i = 0; (a = dm_architectures[i]); i++)
        for (const ShapeRow *row = a->shape; row->key; row++) {
            const size_t size = row->type == DM_SHAPE_FLAG ? sizeof(bool) : sizeof(int), first = row->offset;
            const size_t shape = offsetof(ModelConfig, shape), end = shape + DM_SHAPE_ROOM;
            of_row(first == offsetof(ModelConfig, width) || first == offsetof(ModelConfig, biases) ||
                       first == offsetof(ModelConfig, output) || first == offsetof(ModelConfig, ahead) ||
                       first == offsetof(ModelConfig, ahead_form) || (first >= shape && first + size <= end),
                   a, row);
        }
}

static void rows_are_found_by_their_keys(void)
{
    const Architecture *a;
    for (int i = 0; (a = dm_architectures[i]); i++) {
        for (const ShapeRow *row = a->shape; row->key; row++) {
            of_row(dm_shape_row(a, row->key) == row, a, row);
            of_row(!row->divides || dm_shape_row(a, row->divides), a, row);
            of_row(!row->most || dm_shape_row(a, row->most), a, row);
            for (const ShapeWith *with = row->with; with->key; with++) {
                const ShapeRow *other = dm_shape_row(a, with->key);
                of_row(other && other < row && other->option, a, row);  // it is read before, and can be said
                of_row(with->low >= lowest(other) && with->low <= with->high && with->high <= highest(other), a, row);
                of_row(!other->with[0].key, a, row);  // which itself counts always
            }
        }
        CU_ASSERT_PTR_NULL(dm_shape_row(a, ""));
        CU_ASSERT_PTR_NULL(dm_shape_row(a, "d_mode"));
        CU_ASSERT_PTR_NULL(dm_shape_row(a, "vocab_size"));
    }
}

static void names_go_there_and_back(void)
{
    const Architecture *a;
    for (int i = 0; (a = dm_architectures[i]); i++)
        for (const ShapeRow *row = a->shape; row->key; row++) {
            of_row((row->type == DM_SHAPE_NAME) == (row->choice != NULL), a, row);
            if (!row->choice) continue;
            of_row(names_of(row) > 0, a, row);
            for (int k = 0; k < names_of(row); k++) of_row(dm_shape_index(row, row->choice(k).name) == k, a, row);
            of_row(dm_shape_index(row, "") == -1 && dm_shape_index(row, "nothing of the kind") == -1, a, row);
        }
}

static void what_is_usual_or_missing_lies_in_range(void)
{
    const Architecture *a;
    for (int i = 0; (a = dm_architectures[i]); i++)
        for (const ShapeRow *row = a->shape; row->key; row++) {
            of_row(row->usual >= lowest(row) && row->usual <= highest(row), a, row);
            of_row(row->missing == DM_MUST_BE_SAID || (row->missing >= lowest(row) && row->missing <= highest(row)), a,
                   row);
            if (!row->divides) continue;
            of_row(dm_shape_row(a, row->divides)->usual % row->usual == 0, a, row);
        }
}

// ---- Rows and options -----------------------------------------------------------------------------------------------

static void an_option_allows_what_its_rows_allow(void)
{
    const Architecture *a;
    for (int i = 0; (a = dm_architectures[i]); i++)
        for (const ShapeRow *row = a->shape; row->key; row++) {
            if (!row->option) continue;
            const Option *o = row->option;
            if (row->type == DM_SHAPE_INTEGER)
                of_row(o->type == DM_INTEGER && o->low == row->low && o->high == row->high, a, row);
            if (row->type == DM_SHAPE_FLAG) of_row(o->type == DM_FLAG || o->type == DM_CHOICE, a, row);
            if (row->type != DM_SHAPE_NAME) continue;
            of_row(o->type == DM_CHOICE && o->choice && o->choice(0).name, a, row);
            for (int k = 0; o->choice && o->choice(k).name; k++)
                of_row(dm_shape_index(row, o->choice(k).name) >= 0, a, row);
        }
}

static void expect_usual(const Architecture *a, const dm_options *options)
{
    ModelConfig config = {.architecture = a};
    Error error = {""};
    CU_ASSERT_EQUAL(dm_shape_of_options(&config, options, &error), DM_OK);
    for (const ShapeRow *row = a->shape; row->key; row++) of_row(dm_shape_value(&config, row) == row->usual, a, row);
}

static void the_defaults_are_what_is_usual_of_a_transformer(void)
{
    dm_options *options = training();
    expect_usual(&dm_transformer, options);
    dm_options_free(options);
}

static void settled_defaults_are_what_is_usual_of_every_architecture(void)
{
    const Architecture *a;
    for (int i = 0; (a = dm_architectures[i]); i++) {
        dm_options *options = training();
        CU_ASSERT_EQUAL(dm_shape_settle(options, a, NULL), DM_OK);
        expect_usual(a, options);
        dm_options_free(options);
    }
}

static void say_value(dm_options *options, const ShapeRow *row, int value)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%d", value);
    say(options, row->option,
        row->type == DM_SHAPE_FLAG   ? value ? "true" : "false"
        : row->type == DM_SHAPE_NAME ? row->choice(value).name
                                     : digits);
}

// Something else than is usual, as the text of an option.
static int say_otherwise(dm_options *options, const ShapeRow *row)
{
    int value = row->usual ? 2 * row->usual : row->most ? 2 : 3;  // 2 of the 4 heads share evenly
    if (row->type == DM_SHAPE_FLAG) value = !row->usual;
    if (row->type == DM_SHAPE_NAME) {
        value = dm_shape_index(row, row->option->choice(0).name);
        if (value == row->usual && row->option->choice(1).name)
            value = dm_shape_index(row, row->option->choice(1).name);
    }
    say_value(options, row, value);
    return value;
}

// The row that has to say something for this one to count; NULL: none has.
static const ShapeRow *company_of(const Architecture *a, const ShapeRow *row)
{
    return row->with[0].key ? dm_shape_row(a, row->with[0].key) : NULL;
}

static dm_options *training_with(const Architecture *a, const ShapeRow *row)
{
    dm_options *options = training();
    const ShapeRow *company = company_of(a, row);
    if (company) say_value(options, company, value_with(row->with));
    return options;
}

static void an_option_says_its_rows_and_no_others(void)
{
    const Architecture *a;
    for (int i = 0; (a = dm_architectures[i]); i++)
        for (const ShapeRow *row = a->shape; row->key; row++) {
            if (!row->option) continue;
            dm_options *options = training_with(a, row);
            const ShapeRow *company = company_of(a, row);
            ModelConfig config = {.architecture = a};
            const int value = say_otherwise(options, row);
            Error error = {""};
            if (dm_shape_settle(options, a, &error)) expect(false, "%s: %s: %s", a->name, row->key, error.message);
            CU_ASSERT_EQUAL(dm_shape_of_options(&config, options, NULL), DM_OK);
            for (const ShapeRow *at = a->shape; at->key; at++)
                if (at->option && (at->option == row->option || !company || at->option != company->option))
                    of_row(dm_shape_value(&config, at) == (at->option == row->option ? value : at->usual), a, at);
            dm_options_free(options);
        }
}

// Of a row that counts by what is usual, something else is said.
static dm_options *training_without(const Architecture *a, const ShapeRow *row)
{
    dm_options *options = training();
    ModelConfig config = {.architecture = a};
    const ShapeRow *company = company_of(a, row);
    dm_shape_take_usual(&config);
    for (int value = lowest(company); dm_shape_counts(&config, row) && value <= highest(company); value++)
        dm_shape_set(&config, company, value);
    if (dm_shape_value(&config, company) != company->usual)
        say_value(options, company, dm_shape_value(&config, company));
    return options;
}

// Of a kind of model that has no use for it, an option is refused where it was given and else taken out.
static void an_option_that_does_not_count_is_refused_or_taken_out(void)
{
    const Architecture *a;
    int refused = 0;
    for (int i = 0; (a = dm_architectures[i]); i++)
        for (const ShapeRow *row = a->shape; row->key; row++) {
            if (!row->with[0].key || !row->option) continue;
            dm_options *options = training_without(a, row);
            Error error = {""};
            CU_ASSERT_EQUAL(dm_shape_settle(options, a, &error), DM_OK);
            of_row(dm_options_count(options, row->option->name) == 0, a, row);
            dm_options_free(options);
            options = training_without(a, row);
            say_otherwise(options, row);
            const char *with_option = dm_shape_row(a, row->with[0].key)->option->name;
            if (row->option->needs && strstr(row->option->needs, with_option)) {  // asked when options are complete
                of_row(dm_options_in_vain(options, row->option->name), a, row);
                of_row(dm_options_count_all(options, &error) == DM_USAGE, a, row);
            } else {
                of_row(dm_shape_settle(options, a, &error) == DM_USAGE, a, row);
            }
            of_row(strstr(error.message, row->option->name) && strstr(error.message, "leave it out"), a, row);
            for (const ShapeWith *with = row->with; with->key; with++)
                of_row(strstr(error.message, dm_shape_row(a, with->key)->option->name) != NULL, a, row);
            dm_options_free(options);
            refused++;
        }
    CU_ASSERT(refused > 0);
}

static void a_refusal_says_what_the_option_counts_with(void)
{
    static const struct {
        const Architecture *architecture;
        const char *key, *message;
    } refusals[] = {
        {&dm_conv, "heads", "--heads has no effect with --conv plain: leave it out, or take --conv light or dynamic"},
        {&dm_rnn, "residual",
         "--rnn-residual has no effect with --enc-depth 1 and --dec-depth 1: leave it out, or take --enc-depth 2 or "
         "more or --dec-depth 2 or more"},
    };
    for (size_t i = 0; i < DM_COUNT(refusals); i++) {
        dm_options *options = training();
        Error error = {""};
        say_otherwise(options, dm_shape_row(refusals[i].architecture, refusals[i].key));
        CU_ASSERT_EQUAL(dm_shape_settle(options, refusals[i].architecture, &error), DM_USAGE);
        CU_ASSERT_STRING_EQUAL(error.message, refusals[i].message);
        dm_options_free(options);
    }
}

static void heads_that_do_not_divide_the_width_are_refused(void)
{
    dm_options *options = training();
    ModelConfig config = {.architecture = &dm_transformer};
    Error error = {""};
    say(options, dm_shape_row(&dm_transformer, "d_model")->option, "30");
    CU_ASSERT_EQUAL(dm_shape_of_options(&config, options, &error), DM_USAGE);
    CU_ASSERT_STRING_EQUAL(error.message, "--dim-emb 30 is not a multiple of --heads 4");
    say(options, dm_shape_row(&dm_transformer, "encoder_attention_heads")->option, "5");
    CU_ASSERT_EQUAL(dm_shape_of_options(&config, options, &error), DM_OK);
    CU_ASSERT(config.width == 30 && dm_transformer_shape(&config)->decoder_heads == 5);
    dm_options_free(options);
}

// ---- Options of other architectures ---------------------------------------------------------------------------------

static bool has_option(const Architecture *a, const Option *option)
{
    for (const ShapeRow *row = a->shape; row->key; row++)
        if (row->option == option) return true;
    return false;
}

// Of an architecture that lacks some options of the others: each is refused where it was given, with the types that
// have it, and else taken out, so that nobody writes it down.
static void check_settled(const Architecture *a)
{
    const Architecture *other;
    for (int i = 0; (other = dm_architectures[i]); i++)
        for (const ShapeRow *row = other->shape; row->key; row++) {
            if (!row->option || has_option(a, row->option)) continue;
            dm_options *options = training();
            Error error = {""};
            CU_ASSERT_EQUAL(dm_shape_settle(options, a, &error), DM_OK);
            of_row(dm_options_count(options, row->option->name) == 0, a, row);
            dm_options_free(options);
            options = training();
            say_otherwise(options, row);
            of_row(dm_shape_settle(options, a, &error) == DM_USAGE, a, row);
            of_row(strstr(error.message, row->option->name) && strstr(error.message, other->name), a, row);
            of_row(strstr(error.message, a->name), a, row);
            dm_options_free(options);
        }
}

static void options_that_another_type_has_are_refused_or_taken_out(void)
{
    const Architecture *a;
    for (int i = 0; (a = dm_architectures[i]); i++) check_settled(a);
    const ShapeRow width[] = {*dm_shape_row(&dm_transformer, "d_model"), {.key = NULL}};
    check_settled(&(const Architecture){.name = "abacus", .shape = width});
}

static void options_that_the_type_has_stay_as_they_were_given(void)
{
    const Architecture *a;
    for (int i = 0; (a = dm_architectures[i]); i++)
        for (const ShapeRow *row = a->shape; row->key; row++) {
            if (!row->option) continue;
            dm_options *options = training_with(a, row);
            say_otherwise(options, row);
            char *before = dm_copy_string(dm_options_text(options, row->option->name, 0));
            CU_ASSERT_EQUAL(dm_shape_settle(options, a, NULL), DM_OK);
            of_row(dm_options_given(options, row->option->name), a, row);
            CU_ASSERT_STRING_EQUAL(dm_options_text(options, row->option->name, 0), before);
            dm_free(before);
            dm_options_free(options);
        }
}

const Fact facts[] = {
    FACT(every_row_gets_what_it_sets_and_touches_no_other),
    FACT(every_row_has_room_in_the_configuration),
    FACT(rows_are_found_by_their_keys),
    FACT(names_go_there_and_back),
    FACT(what_is_usual_or_missing_lies_in_range),
    FACT(an_option_allows_what_its_rows_allow),
    FACT(the_defaults_are_what_is_usual_of_a_transformer),
    FACT(settled_defaults_are_what_is_usual_of_every_architecture),
    FACT(an_option_says_its_rows_and_no_others),
    FACT(an_option_that_does_not_count_is_refused_or_taken_out),
    FACT(a_refusal_says_what_the_option_counts_with),
    FACT(heads_that_do_not_divide_the_width_are_refused),
    FACT(options_that_another_type_has_are_refused_or_taken_out),
    FACT(options_that_the_type_has_stay_as_they_were_given),
    {NULL, NULL},
};
