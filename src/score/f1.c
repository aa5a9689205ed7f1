// F1, of texts whose words are labels (van Rijsbergen 1979): of every class, with what is right of it,
//   P = right / said,  R = right / wanted,  F1 = 2 P R / (P + R) = 2 right / (said + wanted), which is 0 of none
// Where all labels of the references are O, or B-, I-, E- or S- and a type, the classes are types, and what is counted
// are entities, right if place, extent and type are: as conlleval (Tjong Kim Sang and Buchholz 2000) and seqeval's
// default have it, by which one begins also at an I or E behind O, behind an end or behind another type; no entity goes
// on in the next line, and what is of no such form is O. The score is that of all entities together (micro). Otherwise
// the classes are the labels, each place is counted, and the score is the mean of theirs (macro): together they would
// only be the accuracy. A class counts if either text has it. Of several references the first counts.
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/memory.h"
#include "score/score.h"
#include "score/words.h"

enum { SAID, WANTED, RIGHT, WIDTH };  // statistics of a class

// What is known of all of the text.
typedef struct Classes {
    char **name;  // [count], sorted
    int count;
    bool entities;
} Classes;

// ---- Entities -------------------------------------------------------------------------------------------------------

static bool is_chunk(const char *label)
{
    return *label && strchr("BIES", *label) && label[1] == '-' && label[2];
}

static const char *type_of(const char *label)
{
    return is_chunk(label) ? label + 2 : "";
}

static char tag_of(const char *label)
{
    return is_chunk(label) ? *label : 'O';
}

static bool ends(const char *label, const char *next)
{
    const char tag = tag_of(label), then = tag_of(next);
    return tag != 'O' && (strchr("ES", tag) || strchr("BSO", then) || strcmp(type_of(label), type_of(next)) != 0);
}

static bool begins(const char *before, const char *label)
{
    const char tag = tag_of(label), last = tag_of(before);
    return tag != 'O' && (strchr("BS", tag) || strchr("ESO", last) || strcmp(type_of(before), type_of(label)) != 0);
}

typedef struct Entity {
    size_t first, last;
    const char *type;
} Entity;

// In order; returns how many.
static size_t find_entities(const Cut *labels, Entity *entities)
{
    size_t count = 0, first = 0;
    for (size_t i = 0; i < labels->count; i++) {
        const char *label = labels->word[i];
        if (begins(i ? labels->word[i - 1] : "O", label)) first = i;
        if (ends(label, i + 1 < labels->count ? labels->word[i + 1] : "O"))
            entities[count++] = (Entity){first, i, type_of(label)};
    }
    return count;
}

static bool are_equal(const Entity *a, const Entity *b)
{
    return a->first == b->first && a->last == b->last && strcmp(a->type, b->type) == 0;
}

// ---- Classes --------------------------------------------------------------------------------------------------------

// Where a name is, or belongs.
static int place_of(const Classes *classes, const char *name)
{
    int low = 0, high = classes->count;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (strcmp(classes->name[middle], name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_class(Classes *classes, const char *name)
{
    const int at = place_of(classes, name);
    if (at < classes->count && strcmp(classes->name[at], name) == 0) return;
    classes->name = dm_reallocate(classes->name, (size_t)classes->count + 1, sizeof *classes->name);
    memmove(classes->name + at + 1, classes->name + at, (size_t)(classes->count - at) * sizeof *classes->name);
    classes->name[at] = dm_copy_string(name);
    classes->count++;
}

static void add_classes(Classes *classes, const char *line)
{
    Cut labels = dm_cut_words(line);
    for (size_t i = 0; i < labels.count; i++) {
        if (!classes->entities)
            add_class(classes, labels.word[i]);
        else if (is_chunk(labels.word[i]))
            add_class(classes, type_of(labels.word[i]));
    }
    dm_cut_free(&labels);
}

static bool has_entities(const Comparison *comparison)
{
    bool some = false;
    for (size_t i = 0; i < comparison->count; i++) {
        Cut labels = dm_cut_words(comparison->references[0][i]);
        bool fit = true;
        for (size_t k = 0; k < labels.count; k++) {
            some = some || is_chunk(labels.word[k]);
            fit = fit && (is_chunk(labels.word[k]) || strcmp(labels.word[k], "O") == 0);
        }
        dm_cut_free(&labels);
        if (!fit) return false;
    }
    return some;
}

static void look(Measure *measure, const Comparison *comparison)
{
    Classes *classes = measure->own;
    if (!classes) {
        classes = measure->own = dm_allocate(1, sizeof *classes);
        classes->entities = has_entities(comparison);
        measure->fields[0] = (Field){"of", classes->entities ? "entities" : "labels"};
        measure->fields[1] = (Field){"average", classes->entities ? "micro" : "macro"};
    }
    for (size_t i = 0; i < comparison->count; i++) {
        add_classes(classes, comparison->hypotheses[i]);
        add_classes(classes, comparison->references[0][i]);
    }
    measure->width = WIDTH * classes->count;
}

static void forget(Measure *measure)
{
    Classes *classes = measure->own;
    for (int i = 0; classes && i < classes->count; i++) dm_free(classes->name[i]);
    if (classes) dm_free(classes->name);
    dm_free(classes);
    measure->own = NULL;
}

// ---- Counting -------------------------------------------------------------------------------------------------------

static void note(const Classes *classes, const char *name, int what, double *statistics)
{
    statistics[WIDTH * place_of(classes, name) + what]++;
}

static void count_labels(const Classes *classes, const Cut *said, const Cut *wanted, double *statistics)
{
    for (size_t i = 0; i < said->count; i++) note(classes, said->word[i], SAID, statistics);
    for (size_t i = 0; i < wanted->count; i++) note(classes, wanted->word[i], WANTED, statistics);
    for (size_t i = 0; i < said->count && i < wanted->count; i++)
        if (strcmp(said->word[i], wanted->word[i]) == 0) note(classes, said->word[i], RIGHT, statistics);
}

static void count_entities(const Classes *classes, const Cut *said, const Cut *wanted, double *statistics)
{
    Entity *a = dm_allocate(said->count, sizeof *a), *b = dm_allocate(wanted->count, sizeof *b);
    const size_t n = find_entities(said, a), m = find_entities(wanted, b);
    for (size_t i = 0; i < n; i++) note(classes, a[i].type, SAID, statistics);
    for (size_t i = 0; i < m; i++) note(classes, b[i].type, WANTED, statistics);
    for (size_t i = 0, k = 0; i < n && k < m;) {
        if (are_equal(&a[i], &b[k])) note(classes, a[i].type, RIGHT, statistics);
        if (a[i].first == b[k].first)
            i++, k++;
        else if (a[i].first < b[k].first)
            i++;
        else
            k++;
    }
    dm_free(a);
    dm_free(b);
}

static void count(const Measure *measure, const Comparison *comparison, size_t line, double *statistics)
{
    const Classes *classes = measure->own;
    Cut said = dm_cut_words(comparison->hypotheses[line]), wanted = dm_cut_words(comparison->references[0][line]);
    memset(statistics, 0, (size_t)measure->width * sizeof *statistics);
    if (classes->entities)
        count_entities(classes, &said, &wanted, statistics);
    else
        count_labels(classes, &said, &wanted, statistics);
    dm_cut_free(&said);
    dm_cut_free(&wanted);
}

// ---- Figures, in percent --------------------------------------------------------------------------------------------

static double share(double part, double all)
{
    return all > 0 ? 100 * part / all : 0;
}

static double f1_of(const double *s)
{
    return share(2 * s[RIGHT], s[SAID] + s[WANTED]);
}

static double micro(const Classes *classes, const double *sums)
{
    double all[WIDTH] = {0};
    for (int i = 0; i < WIDTH * classes->count; i++) all[i % WIDTH] += sums[i];
    return f1_of(all);
}

// Of lines that were drawn, a class may have nothing: that says nothing of it.
static double macro(const Classes *classes, const double *sums)
{
    double sum = 0;
    int counted = 0;
    for (int i = 0; i < classes->count; i++) {
        const double *s = sums + WIDTH * i;
        if (s[SAID] + s[WANTED] <= 0) continue;
        sum += f1_of(s);
        counted++;
    }
    return counted ? sum / counted : 0;
}

static double score(const Measure *measure, const double *sums)
{
    const Classes *classes = measure->own;
    return classes->entities ? micro(classes, sums) : macro(classes, sums);
}

// "(micro = 91.2 macro = 88.0) NOUN 90.1/92.0/91.0 ...": precision, recall and F1 of each class.
static char *verbose(const Measure *measure, const double *sums)
{
    const Classes *classes = measure->own;
    char *text = dm_format("(micro = %.1f macro = %.1f)", micro(classes, sums), macro(classes, sums));
    for (int i = 0; i < classes->count; i++) {
        const double *s = sums + WIDTH * i;
        char *longer = dm_format("%s %s %.1f/%.1f/%.1f", text, classes->name[i], share(s[RIGHT], s[SAID]),
                                 share(s[RIGHT], s[WANTED]), f1_of(s));
        dm_free(text);
        text = longer;
    }
    return text;
}

Measure dm_f1_measure(MeasureSettings settings)
{
    return (Measure){.name = "F1",
                     .look = look,
                     .forget = forget,
                     .count = count,
                     .score = score,
                     .verbose = verbose,
                     .settings = settings};
}
