// Memory that runs out anywhere in scoring, in the options, or in reading lines.
#include <math.h>

#include "core/failing.h"
#include "core/scratch.h"

static dm_lines lines_of(const char *name, const char *text)
{
    dm_lines lines;
    dm_error error;
    CU_ASSERT_EQUAL_FATAL(dm_lines_read(&lines, scratch_file(name, text, strlen(text)), &error), DM_OK);
    return lines;
}

// ---- Scoring --------------------------------------------------------------------------------------------------------

typedef struct Scoring {
    dm_lines system[2], reference;
    dm_options *options;
} Scoring;

static dm_status compare(void *context, dm_error *error)
{
    enum { METRICS = 3 };
    Scoring *s = context;
    dm_metric metrics[2 * METRICS];
    memset(metrics, 1, sizeof metrics);
    const dm_status status = dm_compare(s->system, 2, &s->reference, 1, s->options, metrics, error);
    for (int i = 0; i < 2 * METRICS; i++) CU_ASSERT_EQUAL(metrics[i].line == NULL, status != DM_OK);
    dm_metrics_free(metrics, 2 * METRICS);
    return status;
}

static void comparing(void)
{
    static const char *const metrics[] = {"bleu", "chrf", "ter"};
    dm_error error;
    Scoring s = {.options = dm_options_new("score")};
    s.system[0] = lines_of("one", "a man with a hat\nzwei W\xc3\xb6rter , mehr\n");
    s.system[1] = lines_of("two", "a hat with a man\nzwei\n");
    s.reference = lines_of("reference", "the man with the hat\nzwei W\xc3\xb6rter\n");
    CU_ASSERT_EQUAL(dm_options_set(s.options, "metrics", 3, metrics, &error), DM_OK);
    CU_ASSERT_EQUAL(dm_options_set(s.options, "paired-bs", 0, NULL, &error), DM_OK);
    fail_in_turn(compare, NULL, &s, 1);
    for (int i = 0; i < 2; i++) dm_lines_free(&s.system[i]);
    dm_lines_free(&s.reference);
    dm_options_free(s.options);
}

// ---- Options --------------------------------------------------------------------------------------------------------

static dm_status change(void *context, dm_error *error)
{
    dm_options *options = context;
    static char *words[] = {"--model", "m", "--config", NULL, "--max-length-factor", "3", "--seed=7"};
    if (!words[3]) words[3] = strdup(scratch("options.json"));
    dm_status status = dm_options_parse(options, 7, words, error);
    if (!status) status = dm_options_set(options, "n-best", 1, (const char *const[]){"4"}, error);
    return status ? status : dm_options_unset(options, "normalize", error);
}

// Whatever the last call has come to, all can be asked, and a copy can be made.
static void can_be_asked(void *context)
{
    const dm_options *options = context;
    CU_ASSERT(dm_options_number(options, "n-best") >= 1);
    const double normalize = dm_options_number(options, "normalize");  // it has no default
    CU_ASSERT(dm_options_given(options, "normalize") ? normalize == 2 : isnan(normalize));
    dm_options *copy = dm_options_copy(options);
    CU_ASSERT_PTR_NOT_NULL(copy);
    dm_options_free(copy);
}

static void options_stay_whole(void)
{
    static const char text[] =
        "{\"max-length-factor\": 2, /* a comment */ \"normalize\": 2, \"output-sampling\": [\"topk\", \"5\"]}";
    scratch_file("options.json", text, sizeof text - 1);
    dm_options *options = dm_options_new("translate");
    fail_in_turn(change, can_be_asked, options, 1);
    dm_options_free(options);
}

static dm_status make_options(void *context, dm_error *error)
{
    (void)context;
    dm_options *options = dm_options_new("train"), *copy = options ? dm_options_copy(options) : NULL;
    const bool made = options && copy;
    dm_options_free(options);
    dm_options_free(copy);
    strcpy(error->message, "out of memory");
    return made ? DM_OK : DM_FAILURE;
}

static dm_status show_help(void *stream, dm_error *error)
{
    strcpy(error->message, "out of memory");
    return dm_options_help("train", stream) && dm_options_docs("man", stream) && dm_options_docs("zsh", stream)
               ? DM_OK
               : DM_FAILURE;
}

static void making_options_and_their_help(void)
{
    FILE *nowhere = fopen("/dev/null", "w");
    fail_in_turn(make_options, NULL, NULL, 1);
    fail_in_turn(show_help, NULL, nowhere, 17);
    fclose(nowhere);
}

// ---- Lines ----------------------------------------------------------------------------------------------------------

static dm_status read_all(void *context, dm_error *error)
{
    dm_lines lines[2];
    dm_status status = dm_lines_read(&lines[0], context, error);
    dm_lines_free(&lines[0]);
    if (status) return status;
    status = dm_lines_read_tsv(lines, context, (const int[]){1, 2}, error);
    dm_lines_free(&lines[0]);
    dm_lines_free(&lines[1]);
    return status;
}

static void reading_lines(void)
{
    char path[256];
    snprintf(path, sizeof path, "%s", scratch_file("table", "a\tb\nc\td\n", 8));
    fail_in_turn(read_all, NULL, path, 1);
}

static dm_status read_bad(void *context, dm_error *error)
{
    dm_lines lines[2];
    dm_bad_lines bad = {.on = DM_CROP_LINE};
    const dm_status status = dm_lines_read_all_tsv(lines, context, (const int[]){1, 2}, &bad, error);
    CU_ASSERT_EQUAL(bad.count, status ? 0 : 3);
    CU_ASSERT_EQUAL(bad.line == NULL, status != DM_OK);
    dm_bad_lines_free(&bad);
    dm_lines_free(&lines[0]);
    dm_lines_free(&lines[1]);
    return status;
}

static void reading_bad_lines(void)
{
    static const char text[] = "a\tb\nnone\n\xFF\td\ne\t\xC3\n";
    char path[256];
    snprintf(path, sizeof path, "%s", scratch_file("bad", text, sizeof text - 1));
    fail_in_turn(read_bad, NULL, path, 1);
}

const Fact facts[] = {
    FACT(comparing),     FACT(options_stay_whole), FACT(making_options_and_their_help),
    FACT(reading_lines), FACT(reading_bad_lines),  {NULL, NULL},
};
