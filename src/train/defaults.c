// The rules by which options get a value where nobody has given one. All their constants are here. What they come to is
// said and recorded when a run begins, and it goes on with that, whatever the rules of a later version are.
#include "train/defaults.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "core/utf8.h"
#include "train/objectives/objective.h"
#include "train/optimizer.h"

// ---- The rules ------------------------------------------------------------------------------------------------------

// A word of a European language with its space, and what would be one in Chinese, have five to six bytes a side.
static const double bytes_of_a_word = 5.5;

// factor * (words / per)^power, rounded to the step, from low to high. Of pieces there are the characters besides:
// where they are thousands, as in Chinese, few others would be left.
typedef struct Power {
    const char *option;
    double factor, per, power, step, low, high;
    const char *unit;
    bool characters;
} Power;

// clang-format off
static const Power powers[] = {
    // option            factor      per  power  step  low   high  unit  characters
    {"vocab-size",            3,       1,   0.6,  100, 500, 16000, "",  true},
    {"mini-batch-words",      1,     100,   1,    100, 500,  4000, "",  false},
    {"after",                40,  400000,  -0.5,    1,   5,   200, "e", false},
};

// The less text, the more often each sentence is seen, and learnt by heart.
static const struct {
    double below;  // so many words
    const char *value;
} dropouts[] = {{500000, "0.3"}, {2000000, "0.2"}, {INFINITY, "0.1"}};
// clang-format on

// Updates of the warm-up: a share of all, or, where --after is a time, what does for most.
static const double warmup_share = 0.1, warmup_most = 1000, warmup_of_time = 400;

// Where the learning rate falls to 0 at the end, the last validations are the best ones, and no patience is long
// enough.
static const char *const patience_to_the_end = "0", *const patience = "10";

// An eighth of a batch, so that there is work for many threads. Measured with the tiny shape: 256, 384 and 512 pieces
// are equally fast in float32, 384 is fastest in bfloat16, and memory grows with them.
// Step by step a product has a row for each sentence of the shard, and reads all of a weight for them: a quarter.
int dm_default_shard_words(int batch_words, bool stepwise)
{
    const int words = batch_words / (stepwise ? 4 : 8), most = stepwise ? 1024 : 384;
    return words < 64 ? 64 : words > most ? most : words;
}

// Two buffers more are much for a model of many weights, which keeps two threads as busy with two.
int dm_default_lanes(size_t weights)
{
    return weights > 1 << 24 ? 2 : 4;
}

// ---- Applying them --------------------------------------------------------------------------------------------------

TextSize dm_text_size(const Bitext *text)
{
    unsigned char *seen = dm_allocate(0x110000 / 8, 1);
    size_t bytes = 0;
    int characters = 0;
    for (int side = DM_SOURCE; side <= DM_TARGET; side++)
        for (size_t i = 0; i < text->lines[side].count; i++) {
            bytes += strlen(text->lines[side].line[i]);
            characters += dm_utf8_mark(seen, text->lines[side].line[i]);
        }
    dm_free(seen);
    return dm_text_size_of(dm_bitext_count(text), bytes, characters, text->alone);
}

TextSize dm_text_size_of(size_t pairs, size_t bytes, int characters, bool alone)
{
    return (TextSize){pairs, (double)bytes / ((alone ? 1 : 2) * bytes_of_a_word), characters, alone};
}

static double power_of(const Power *rule, const TextSize *size)
{
    const double value =
        rule->factor * pow(size->words / rule->per, rule->power) + (rule->characters ? size->characters : 0);
    const double rounded = round(value / rule->step) * rule->step;
    return rounded < rule->low ? rule->low : rounded > rule->high ? rule->high : rounded;
}

// Sets it unless somebody has given it, and adds it to the list of what was settled, which is freed and made anew.
static Status settle(dm_options *options, const char *option, const char *value, char **list, Error *error)
{
    if (dm_options_given(options, option)) return DM_OK;
    char *longer = dm_format("%s --%s %s", *list, option, value);
    dm_free(*list);
    *list = longer;
    return dm_options_set_default(options, option, value, error);
}

// A model that is taken over has its vocabulary, and so has a prepared text; of text in pieces every piece is in it.
static bool makes_pieces(const dm_options *options)
{
    if (dm_options_has(options, "prepared") && dm_options_count(options, "prepared")) return false;
    return !dm_options_count(options, "pretrained-model") && !dm_options_count(options, "sentencepiece") &&
           strcmp(dm_options_text(options, "segmenter", 0), "space");
}

static bool validates(const dm_options *options)
{
    return dm_options_count(options, "valid-sets") || dm_options_count(options, "valid-tsv");
}

// Its candidates come of the model without dropout, and have to be scored by the same one.
static bool learns_from_itself(const dm_options *options)
{
    const char *objective = dm_options_text(options, "objective", 0);
    return !strcmp(objective, dm_minimum_risk.name) || !strcmp(objective, dm_self_critical.name);
}

// Three digits say all that is known: 376,543 -> 377,000.
static size_t about(double words)
{
    double unit = 1;
    while (words / unit >= 1000) unit *= 10;
    return words < 1 ? 1 : (size_t)(round(words / unit) * unit);
}

// "1 pair", "29,000 pairs"
static const char *counted(size_t count, const char *what, char text[64])
{
    char number[32];
    snprintf(text, 64, "%s %s%s", dm_with_commas(count, number), what, dm_plural((size_t)count));
    return text;
}

static Status settle_power(dm_options *options, const Power *rule, const TextSize *size, char **list, Error *error)
{
    if (!strcmp(rule->option, "vocab-size") && !makes_pieces(options)) return DM_OK;
    char *value = dm_format("%.0f%s", power_of(rule, size), rule->unit);
    const Status status = settle(options, rule->option, value, list, error);
    dm_free(value);
    return status;
}

// "For 29,000 pairs, about 376,000 words: --vocab-size 8000"; takes the list over.
static char *say_settled(char *list, const TextSize *size)
{
    char *said = NULL, pairs[64], words[64];
    if (*list)
        said = dm_format("For %s, about %s:%s", counted(size->pairs, size->alone ? "line" : "pair", pairs),
                         counted(about(size->words), "word", words), list);
    dm_free(list);
    return said;
}

Status dm_default_vocabulary(dm_options *options, const TextSize *size, char **said, Error *error)
{
    char *list = dm_copy_string("");
    const Status status = settle_power(options, &powers[0], size, &list, error);
    *said = say_settled(list, size);
    return status;
}

Status dm_defaults_by_text(dm_options *options, const TextSize *size, char **said, Error *error)
{
    char *list = dm_copy_string("");
    Status status = DM_OK;
    for (const Power *rule = powers; rule < powers + DM_COUNT(powers) && !status; rule++)
        status = settle_power(options, rule, size, &list, error);
    int at = 0;
    while (size->words >= dropouts[at].below) at++;
    if (!status)
        status = settle(options, "dropout", learns_from_itself(options) ? "0" : dropouts[at].value, &list, error);
    const bool to_the_end = dm_schedule_ends(dm_options_text(options, "lr-schedule", 0));
    if (!status && validates(options))
        status = settle(options, "early-stopping", to_the_end ? patience_to_the_end : patience, &list, error);
    *said = say_settled(list, size);
    return status;
}

Status dm_default_warmup(dm_options *options, long updates, char **said, Error *error)
{
    const double share = round(warmup_share * (double)updates);
    char *list = dm_copy_string(""), all[64],
         *value = dm_format("%.0f", !updates              ? warmup_of_time
                                    : share < warmup_most ? share
                                                          : warmup_most);
    const Status status = settle(options, "lr-warmup", value, &list, error);
    *said = NULL;
    if (!status && *list && updates)
        *said = dm_format("For %s:%s", counted((size_t)updates, "update", all), list);
    else if (!status && *list)
        *said = dm_format("For --after %s:%s", dm_options_text(options, "after", 0), list);
    dm_free(value);
    dm_free(list);
    return status;
}

// ---- In words -------------------------------------------------------------------------------------------------------

// "its characters + 3 x words^0.6, 500 to 16000"
static void power_in_words(const Power *rule, char *text, size_t room)
{
    char factor[32] = "", words[32] = "words", power[32] = "";
    const bool powered = fabs(rule->power - 1) > 0;
    if (rule->factor > 1 || *rule->unit) snprintf(factor, sizeof factor, "%.10g%s x ", rule->factor, rule->unit);
    if (rule->per > 1) snprintf(words, sizeof words, powered ? "(words / %.10g)" : "words / %.10g", rule->per);
    if (powered) snprintf(power, sizeof power, "^%g", rule->power);
    snprintf(text, room, "by the text: %s%s%s%s, %.10g%s to %.10g%s", rule->characters ? "its characters + " : "",
             factor, words, power, rule->low, rule->unit, rule->high, rule->unit);
}

static void dropouts_in_words(char *text, size_t room)
{
    int used = snprintf(text, room, "by the text: ");
    for (size_t i = 0; i + 1 < DM_COUNT(dropouts); i++)
        used += snprintf(text + used, room - (size_t)used, "%s below %.10g%s, ", dropouts[i].value, dropouts[i].below,
                         i ? "" : " words");
    snprintf(text + used, room - (size_t)used, "else %s; 0 with --objective %s and %s",
             dropouts[DM_COUNT(dropouts) - 1].value, dm_minimum_risk.name, dm_self_critical.name);
}

const char *dm_default_rule(const char *option, char *buffer)
{
    enum { ROOM = 256 };
    *buffer = '\0';
    for (size_t i = 0; i < DM_COUNT(powers); i++)
        if (!strcmp(powers[i].option, option)) power_in_words(&powers[i], buffer, ROOM);
    if (!strcmp(option, "dropout")) dropouts_in_words(buffer, ROOM);
    if (!strcmp(option, "lr-warmup"))
        snprintf(buffer, ROOM, "by --after: %g x its updates, at most %.10g; %.10g if it is a time", warmup_share,
                 warmup_most, warmup_of_time);
    if (!strcmp(option, "early-stopping"))
        snprintf(buffer, ROOM, "by --lr-schedule: %s if it falls to 0 at the end, else %s", patience_to_the_end,
                 patience);
    assert(*buffer && "an option that has a rule");
    return buffer;
}
