// The table of terms, and those that --add-loss has chosen.
#include <string.h>

#include "train/terms/term.h"

const Term *const dm_terms[] = {&dm_r_drop, &dm_cutoff, &dm_guided_alignment, &dm_coverage, &dm_ahead, NULL};

Choice dm_term_choice(int index)
{
    return dm_terms[index] ? (Choice){dm_terms[index]->name, dm_terms[index]->about} : (Choice){0};
}

static const Term *term_of(const char *name)
{
    for (int i = 0; dm_terms[i]; i++)
        if (strcmp(dm_terms[i]->name, name) == 0) return dm_terms[i];
    return NULL;
}

static Status choose_term(ChosenTerms *chosen, const Term *term, const dm_options *options, Error *error)
{
    for (int i = 0; i < chosen->count; i++)
        if (chosen->term[i] == term) return dm_misuse(error, "--add-loss names %s twice", term->name);
    if (term->copies == 2 && chosen->copies == 2)
        return dm_misuse(error,
                         "--add-loss: %s compares two copies of a sentence, and so does a term before it: take one",
                         term->name);
    if (term == &dm_cutoff && strcmp(dm_options_text(options, "objective", 0), "teacher-forcing") != 0)
        return dm_misuse(error, "--add-loss cutoff cuts what --objective teacher-forcing reads: take that one");
    if (term->of_dropout && dm_options_number(options, "dropout") <= 0)
        return dm_misuse(error,
                         "--add-loss %s compares what two draws of dropout make of a sentence: it needs a "
                         "--dropout above 0",
                         term->name);
    if (term->file && !dm_options_count(options, term->file))
        return dm_misuse(error, "--add-loss %s learns from a file: name it by --%s", term->name, term->file);
    if (chosen->count == DM_MOST_TERMS) return dm_misuse(error, "--add-loss takes at most %d terms", DM_MOST_TERMS);
    chosen->weight[chosen->count] = dm_option_number(term->usual);
    chosen->term[chosen->count++] = term;
    chosen->copies = term->copies > chosen->copies ? term->copies : chosen->copies;
    return DM_OK;
}

// Every name with its weight behind it.
static Status fill_in_weights(dm_options *options, Error *error)
{
    const char *filled[2 * DM_MOST_TERMS];
    int count = 0;
    for (int i = 0; i < dm_options_count(options, "add-loss"); i++) {
        const char *word = dm_options_text(options, "add-loss", i), *next = dm_options_text(options, "add-loss", i + 1);
        const Term *term = term_of(word);
        filled[count++] = word;
        if (term && (!next || term_of(next))) filled[count++] = term->usual;
    }
    return count ? dm_options_set(options, "add-loss", count, filled, error) : DM_OK;
}

// ---- Where terms look ----------------------------------------------------------------------------------------------

bool dm_terms_have(const ChosenTerms *chosen, const Term *term)
{
    for (int i = 0; i < chosen->count; i++)
        if (chosen->term[i] == term) return true;
    return false;
}

enum { WRITTEN, WHOLE };
static const Choice contexts[] = {
    [WRITTEN] = {"written", "those before it, as in translation"},
    [WHOLE] = {"whole",
               "all of them: the decoder goes through every target once more, for its links alone, and through "
               "what it has translated for --alignment"},
    {NULL, NULL}};

Choice dm_guide_choice(int index)
{
    return contexts[index];
}

// Others look at the pass that translates.
static Status check_whole(const ChosenTerms *chosen, const ModelConfig *config, Error *error)
{
    const char *other = dm_terms_have(chosen, &dm_coverage)  ? "--add-loss coverage adds up"
                        : dm_outputs[config->output]->copies ? "--output-layer pointer copies by"
                                                             : NULL;
    if (other)
        return dm_misuse(error,
                         "--guided-alignment-context whole teaches the attention of another pass than the one that %s: "
                         "leave it out",
                         other);
    if (config->architecture->source_attention(config).of_whole) return DM_OK;
    return dm_misuse(error,
                     "--guided-alignment-context whole needs a decoder with self-attention, which can be shown all "
                     "of a target: leave it out");
}

Status dm_terms_look(ChosenTerms *chosen, const dm_options *options, const ModelConfig *config, Error *error)
{
    const Term *looks = NULL;
    if (dm_terms_have(chosen, &dm_ahead) && !config->ahead)
        return dm_misuse(error, "--add-loss ahead teaches heads that look ahead, and this model has none: a new one "
                                "gets some by --ahead K");
    if (dm_terms_have(chosen, &dm_ahead) && dm_outputs[config->output]->copies)
        return dm_misuse(error,
                         "--add-loss ahead has heads say pieces of the vocabulary, and --output-layer %s also copies "
                         "others: take one of them",
                         dm_outputs[config->output]->name);
    for (int i = 0; i < chosen->count && !looks; i++) looks = chosen->term[i]->looks ? chosen->term[i] : NULL;
    if (!looks) return DM_OK;
    Status status = dm_needs_taught_attention(config, dm_name("--add-loss %s", looks->name).text, error);
    if (status) return status;
    const SourceAttention seen = config->architecture->source_attention(config);
    const int layer = (int)dm_options_number(options, "guided-alignment-layer"),
              head = (int)dm_options_number(options, "guided-alignment-head");
    if (layer > seen.layers)
        return dm_misuse(error, "--guided-alignment-layer %d: the decoder of this model has %d layer%s", layer,
                         seen.layers, dm_plural((size_t)seen.layers));
    if (head > seen.heads)
        return dm_misuse(error, "--guided-alignment-head %d: a layer of this model has %d head%s", head, seen.heads,
                         dm_plural((size_t)seen.heads));
    chosen->gaze = dm_usual_gaze(config);
    chosen->gaze.whole = !strcmp(dm_options_text(options, "guided-alignment-context", 0), contexts[WHOLE].name);
    if (chosen->gaze.whole) status = check_whole(chosen, config, error);
    if (status) return status;
    if (dm_outputs[config->output]->copies) {
        if ((!layer || layer == chosen->gaze.layer) && head == chosen->gaze.head + 1) return DM_OK;
        return dm_misuse(
            error,
            "--output-layer %s copies by head %d of layer %d, and what --add-loss %s teaches is to be the same "
            "one: leave --guided-alignment-layer and --guided-alignment-head out",
            dm_outputs[config->output]->name, chosen->gaze.head + 1, chosen->gaze.layer, looks->name);
    }
    if (layer) chosen->gaze.layer = layer;
    chosen->gaze.head = head ? head - 1 : DM_ALL_HEADS;
    return DM_OK;
}

// ---- --balance ------------------------------------------------------------------------------------------------------

enum { NO_BALANCE, BALANCE_LOSS, BALANCE_BIAS };
static const struct {
    const char *name, *about, *usual;
} balances[] = {
    [NO_BALANCE] = {"none", "not at all: a few experts may come to do everything", "0"},
    [BALANCE_LOSS] = {"loss",
                      "a term of the loss, with its weight: experts * sum of share * mean probability (Fedus et "
                      "al. 2021), 1 a layer where all are alike",
                      "0.01"},
    [BALANCE_BIAS] = {"bias",
                      "what is added to the choice alone moves by so much an update, up for those below the "
                      "mean load and down for those above it (Wang et al. 2024)",
                      "0.001"},
    {NULL, NULL, NULL}};

Choice dm_balance_choice(int index)
{
    return (Choice){balances[index].name, balances[index].about};
}

// What --balance says. *weight: as text, what is usual where nothing is said.
static Status read_balance(const dm_options *options, int *kind, const char **weight, Error *error)
{
    const char *word = dm_options_text(options, "balance", 0), *said = dm_options_text(options, "balance", 1);
    for (*kind = 0; balances[*kind].name && strcmp(balances[*kind].name, word) != 0;) ++*kind;
    if (!balances[*kind].name)
        return dm_misuse(error, "--balance: a weight, %s, stands where the name of what it is for belongs", word);
    *weight = said ? said : balances[*kind].usual;
    if (*kind == NO_BALANCE && said) return dm_misuse(error, "--balance none has no weight: leave %s out", said);
    if (*kind != NO_BALANCE && dm_option_number(*weight) <= 0)
        return dm_misuse(error, "--balance %s %s balances nothing: say --balance none, or give it a weight above 0",
                         word, said);
    return DM_OK;
}

// With its weight behind it, where there are experts or may be.
static Status fill_in_balance(dm_options *options, Error *error)
{
    const bool experts = dm_options_number(options, "experts") > 0,
               taken_over = dm_options_text(options, "pretrained-model", 0) && dm_options_given(options, "balance");
    const char *weight;
    int kind;
    if (!experts && !taken_over) return DM_OK;
    const Status status = read_balance(options, &kind, &weight, error);
    if (status || kind == NO_BALANCE) return status;
    return dm_options_set(options, "balance", 2, (const char *[]){balances[kind].name, weight}, error);
}

Status dm_balance_of_options(ChosenTerms *chosen, dm_options *options, bool experts, Error *error)
{
    const char *weight;
    int kind;
    if (!experts && dm_options_given(options, "balance") && dm_options_text(options, "pretrained-model", 0))
        return dm_misuse(error,
                         "--balance has no effect: the model of --pretrained-model has no experts; leave it out");
    if (!experts) dm_options_drop(options, "balance");
    if (!experts) return DM_OK;
    Status status = read_balance(options, &kind, &weight, error);
    if (status || kind == NO_BALANCE) return status;
    if (kind == BALANCE_BIAS) {
        chosen->balance_rate = dm_option_number(weight);
    } else {
        if (chosen->count == DM_MOST_TERMS) return dm_misuse(error, "a loss has at most %d terms", DM_MOST_TERMS);
        chosen->weight[chosen->count] = dm_option_number(weight);
        chosen->term[chosen->count++] = &dm_balance_term;
    }
    return dm_options_set(options, "balance", 2, (const char *[]){balances[kind].name, weight}, error);
}

// ---- All of them ----------------------------------------------------------------------------------------------------

Status dm_terms_of_options(ChosenTerms *chosen, dm_options *options, Error *error)
{
    Status status = DM_OK;
    bool weighted = false;  // the last term has its weight
    *chosen = (ChosenTerms){.copies = 1};
    for (int i = 0; i < dm_options_count(options, "add-loss") && !status; i++) {
        const char *word = dm_options_text(options, "add-loss", i);
        const Term *term = term_of(word);
        if (term)
            status = choose_term(chosen, term, options, error);
        else if (!chosen->count)
            status = dm_misuse(error, "--add-loss: a weight, %s, stands before the name of its term", word);
        else if (weighted)
            status = dm_misuse(error, "--add-loss: %s has a weight already, and a second one, %s, stands behind it",
                               chosen->term[chosen->count - 1]->name, word);
        else if (dm_option_number(word) <= 0)
            status = dm_misuse(error, "--add-loss %s %s adds nothing: leave it out, or give it a weight above 0",
                               chosen->term[chosen->count - 1]->name, word);
        else
            chosen->weight[chosen->count - 1] = dm_option_number(word);
        weighted = !term;
    }
    if (!status) status = fill_in_weights(options, error);
    return status ? status : fill_in_balance(options, error);
}

double dm_terms_add(const ChosenTerms *chosen, const TermInput *input)
{
    double sum = 0;
    for (int i = 0; i < chosen->count; i++) sum += chosen->term[i]->add(input, chosen->weight[i]);
    return sum;
}
