// The table of `dragoman score` for several systems: a row for each, a column for each metric, in the layout of
// sacreBLEU's "fancy grid", and the same as JSON.
#include "score_table.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>

enum { MOST_SYSTEMS = 64, MOST_METRICS = 8, NAME_ROOM = 8192 };  // as many as the options take; a path is shorter

// A cell has one line or two: the score, and below it the p-value.
typedef struct Cell {
    const char *text, *below;
    char score[64], p_value[32];
} Cell;

// ---- Laying out -----------------------------------------------------------------------------------------------------

static int columns_of(const char *text)
{
    int columns = 0;
    for (; *text; text++) columns += ((unsigned char)*text & 0xC0) != 0x80;
    return columns;
}

static void print_repeated(const char *text, int times)
{
    for (int i = 0; i < times; i++) fputs(text, stdout);
}

static void print_rule(const char *left, const char *line, const char *crossing, const char *right, const int *widths,
                       int columns)
{
    for (int c = 0; c < columns; c++) {
        fputs(c ? crossing : left, stdout);
        print_repeated(line, widths[c] + 2);
    }
    puts(right);
}

// The first column is set to the right, the others in the middle.
static void print_row(const Cell *cells, const int *widths, int columns)
{
    int lines = 1;
    for (int c = 0; c < columns; c++)
        if (*cells[c].below) lines = 2;
    for (int l = 0; l < lines; l++) {
        for (int c = 0; c < columns; c++) {
            const char *text = l ? cells[c].below : cells[c].text;
            int room = widths[c] - columns_of(text), before = c ? room / 2 : room;
            printf("│ %*s%s%*s ", before, "", text, room - before, "");
        }
        puts("│");
    }
}

static int wider(int width, const char *text)
{
    int columns = columns_of(text);
    return columns > width ? columns : width;
}

static void print_grid(const Cell *cells, int rows, int columns)
{
    int widths[1 + MOST_METRICS];
    for (int c = 0; c < columns; c++) {
        widths[c] = columns_of(cells[c].text) + 2;  // of the header
        for (int r = 1; r < rows; r++) {
            const Cell *cell = &cells[r * columns + c];
            widths[c] = wider(wider(widths[c], cell->text), cell->below);
        }
    }
    print_rule("╒", "═", "╤", "╕", widths, columns);
    for (int r = 0; r < rows; r++) {
        if (r == 1) print_rule("╞", "═", "╪", "╡", widths, columns);
        if (r > 1) print_rule("├", "─", "┼", "┤", widths, columns);
        print_row(cells + r * columns, widths, columns);
    }
    print_rule("╘", "═", "╧", "╛", widths, columns);
}

// ---- What stands in the cells ---------------------------------------------------------------------------------------

static bool paired(const ScoreTable *table)
{
    return dm_options_flag(table->options, "paired-bs") || dm_options_flag(table->options, "paired-ar");
}

static const char *name_of(const ScoreTable *table, int system, char room[NAME_ROOM])
{
    if (system > 0 || !paired(table)) return table->names[system];
    snprintf(room, NAME_ROOM, "Baseline: %s", table->names[system]);
    return room;
}

static Cell plain_cell(const char *text)
{
    return (Cell){.text = text, .below = ""};
}

static void fill_header(Cell *cell, const dm_metric *metric)
{
    snprintf(cell->score, sizeof cell->score, "%s%s", metric->name, isnan(metric->mean) ? "" : " (μ ± 95% CI)");
    cell->text = cell->score;
    cell->below = "";
}

static void fill_cell(Cell *cell, const dm_metric *metric)
{
    if (isnan(metric->mean))
        snprintf(cell->score, sizeof cell->score, "%.1f", metric->score);
    else
        snprintf(cell->score, sizeof cell->score, "%.1f (%.1f ± %.1f)", metric->score, metric->mean, metric->interval);
    *cell->p_value = '\0';
    if (!isnan(metric->p_value))
        snprintf(cell->p_value, sizeof cell->p_value, "(p = %.4f)%s", metric->p_value,
                 metric->p_value > 0.05 ? "" : "*");
    cell->text = cell->score;
    cell->below = cell->p_value;
}

static void explain(const ScoreTable *table)
{
    bool bootstrap = dm_options_flag(table->options, "paired-bs");
    if (bootstrap)
        printf(
            "Paired bootstrap resampling, %s resamples. In parentheses: the mean of the resamples' scores, ± half the\n"
            "distance of their 2.5%% and 97.5%% quantiles.\n",
            dm_options_text(table->options, "paired-bs-n", 0));
    else
        printf("Paired approximate randomization, %s exchanges.\n", dm_options_text(table->options, "paired-ar-n", 0));
    puts("p: how probable a difference from the baseline as large as this one would be if only chance made it; * at "
         "0.05\n"
         "or below. It says whether two systems differ, not by how much.\n");
}

void score_table_print(const ScoreTable *table)
{
    Cell cells[(1 + MOST_SYSTEMS) * (1 + MOST_METRICS)], *cell = cells;
    char baseline[NAME_ROOM];
    *cell++ = plain_cell("System");
    for (int m = 0; m < table->metric_count; m++) fill_header(cell++, &table->metrics[m]);
    for (int s = 0; s < table->system_count; s++) {
        *cell++ = plain_cell(name_of(table, s, baseline));
        for (int m = 0; m < table->metric_count; m++) fill_cell(cell++, &table->metrics[s * table->metric_count + m]);
    }
    print_grid(cells, 1 + table->system_count, 1 + table->metric_count);

    puts("");
    if (paired(table)) explain(table);
    puts("-----------------\nMetric signatures\n-----------------");
    for (int m = 0; m < table->metric_count; m++)
        printf(" - %-10s %s\n", table->metrics[m].name, table->metrics[m].signature);
}

// ---- JSON -----------------------------------------------------------------------------------------------------------

static void add_number(cJSON *object, const char *key, double number)
{
    cJSON_AddItemToObject(object, key, isnan(number) ? cJSON_CreateNull() : cJSON_CreateNumber(number));
}

// sacreBLEU's keys, and the signature.
void score_table_print_json(const ScoreTable *table)
{
    cJSON *list = cJSON_CreateArray();
    for (int s = 0; s < table->system_count; s++) {
        char baseline[NAME_ROOM];
        cJSON *system = cJSON_CreateObject();
        cJSON_AddStringToObject(system, "system", name_of(table, s, baseline));
        for (int m = 0; m < table->metric_count; m++) {
            const dm_metric *metric = &table->metrics[s * table->metric_count + m];
            cJSON *result = cJSON_AddObjectToObject(system, metric->name);
            add_number(result, "score", metric->score);
            add_number(result, "p_value", metric->p_value);
            add_number(result, "mean", metric->mean);
            add_number(result, "ci", metric->interval);
            cJSON_AddStringToObject(result, "signature", metric->signature);
        }
        cJSON_AddItemToArray(list, system);
    }
    char *text = cJSON_Print(list);
    if (text) puts(text);
    cJSON_free(text);
    cJSON_Delete(list);
}
