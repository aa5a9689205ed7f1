// What may stand behind an option: numbers in a range, words, durations.
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "options/option_set.h"

// ---- Numbers --------------------------------------------------------------------------------------------------------

// Whole text, finite, decimal: no blanks, hexadecimal, "inf" or "nan".
static bool read_number(const char *text, double *number)
{
    if (!*text || text[strspn(text, "0123456789+-.eE")]) return false;
    char *end;
    *number = strtod(text, &end);
    return !*end && isfinite(*number);
}

double dm_option_number(const char *text)
{
    double number = 0;
    read_number(text, &number);
    return number;
}

static bool is_whole(const char *text)
{
    text += *text == '-' || *text == '+';
    return *text && !text[strspn(text, "0123456789")];
}

bool dm_option_read_duration(const char *text, Duration *duration)
{
    size_t length = strlen(text);
    char number[32];
    if (length < 2 || length > sizeof number) return false;
    memcpy(number, text, length - 1);
    number[length - 1] = '\0';
    if (!read_number(number, &duration->amount) || duration->amount <= 0 || duration->amount > 1e12) return false;
    char unit = text[length - 1];
    duration->unit = unit == 'm' || unit == 'h' ? 's' : unit;
    duration->amount *= unit == 'm' ? 60 : unit == 'h' ? 3600 : 1;
    if (unit == 'e' || unit == 'u') return is_whole(number);
    return duration->unit == 's';
}

const char *dm_option_range(const Option *row, char *buffer)
{
    if (row->high >= 1e9)
        snprintf(buffer, 64, "from %.16g up", row->low);
    else
        snprintf(buffer, 64, "from %.16g to %.16g", row->low, row->high);
    return buffer;
}

static Status check_number(const Option *row, const char *label, const char *value, Error *error)
{
    const char *kind = row->type == DM_INTEGER ? "a whole number" : "a number";
    char range[64];
    double number;
    dm_option_range(row, range);
    if (!read_number(value, &number) || (row->type == DM_INTEGER && !is_whole(value)))
        return dm_misuse(error, "%s: '%s' is not %s; it must be one %s", label, value, kind, range);
    if (number > row->high) return dm_misuse(error, "%s: %s is too much; at most %.16g", label, value, row->high);
    if (number < row->low) return dm_misuse(error, "%s: %s is too little; it must be %s %s", label, value, kind, range);
    return DM_OK;
}

// ---- Words ----------------------------------------------------------------------------------------------------------

// The word at an index, `length` bytes of it; NULL past the last. All that is said of the words of a row goes by it.
static const char *word_at(const Option *row, int index, size_t *length)
{
    assert((row->type == DM_CHOICE || row->type == DM_WEIGHTED) && !row->choices == !!row->choice);
    const char *word = row->choice ? row->choice(index).name : row->choices;
    if (row->choice) {
        *length = word ? strlen(word) : 0;
        return word;
    }
    for (; *word && index > 0; index--) {
        word += strcspn(word, "|");
        word += *word == '|';
    }
    *length = strcspn(word, "|");
    return *word ? word : NULL;
}

bool dm_option_has_word(const Option *row, const char *word)
{
    size_t length;
    const char *at;
    for (int i = 0; (at = word_at(row, i, &length)); i++)
        if (length == strlen(word) && strncmp(at, word, length) == 0) return true;
    return false;
}

char *dm_option_words(const Option *row, const char *between)
{
    char *words = dm_copy_string("");
    size_t length;
    const char *at;
    for (int i = 0; (at = word_at(row, i, &length)); i++) {
        char *more = dm_format("%s%s%.*s", words, i ? between : "", (int)length, at);
        dm_free(words);
        words = more;
    }
    return words;
}

static Status check_choice(const Option *row, const char *label, const char *value, Error *error)
{
    if (dm_option_has_word(row, value)) return DM_OK;
    char *words = dm_option_words(row, ", ");
    Status status = dm_misuse(error, "%s: there is no '%s'; it must be one of %s", label, value, words);
    dm_free(words);
    return status;
}

static Status check_weighted(const Option *row, const char *label, const char *value, Error *error)
{
    double number;
    if (read_number(value, &number)) return check_number(row, label, value, error);
    if (dm_option_has_word(row, value)) return DM_OK;
    char *words = dm_option_words(row, ", ");
    Status status = dm_misuse(error, "%s: '%s' is neither a number nor one of %s", label, value, words);
    dm_free(words);
    return status;
}

// ---- One value ------------------------------------------------------------------------------------------------------

Status dm_option_check(const Option *row, const char *label, const char *value, Error *error)
{
    Duration duration;
    switch (row->type) {
    case DM_INTEGER:
    case DM_REAL: return check_number(row, label, value, error);
    case DM_CHOICE: return check_choice(row, label, value, error);
    case DM_WEIGHTED: return check_weighted(row, label, value, error);
    case DM_DURATION:
        if (dm_option_read_duration(value, &duration)) return DM_OK;
        return dm_misuse(error,
                         "%s: '%s' is no duration; give a number and its unit: 10e (epochs), 5000u (updates), "
                         "90s, 30m or 2h",
                         label, value);
    case DM_FLAG:
        if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0) return DM_OK;
        return dm_misuse(error, "%s: it is on or off and takes no value '%s' (in a configuration, true or false)",
                         label, value);
    case DM_TEXT:
        if (*value) return DM_OK;
        return dm_misuse(error, "%s: the value is empty; leave the option out, or give it one", label);
    }
    return DM_OK;
}
