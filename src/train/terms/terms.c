// The table of terms, and those that --add-loss has chosen.
#include <string.h>

#include "train/terms/term.h"

const Term *const dm_terms[] = {&dm_r_drop, NULL};

const char *dm_term_name(int index)
{
    return dm_terms[index] ? dm_terms[index]->name : NULL;
}

const char *dm_term_about(int index)
{
    return dm_terms[index]->about;
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
    if (term->of_dropout && dm_options_number(options, "dropout") <= 0)
        return dm_misuse(error,
                         "--add-loss %s compares what two draws of dropout make of a sentence: it needs a "
                         "--dropout above 0",
                         term->name);
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
    return status ? status : fill_in_weights(options, error);
}

double dm_terms_add(const ChosenTerms *chosen, const TermInput *input)
{
    double sum = 0;
    for (int i = 0; i < chosen->count; i++) sum += chosen->term[i]->add(input, chosen->weight[i]);
    return sum;
}
