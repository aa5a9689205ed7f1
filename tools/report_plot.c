// Pictures as inline SVG: curves, and heat maps of attention. Colours and sizes of letters are the style's affair; what
// is drawn here has a size of about that on the screen, so that letters stay letters on a telephone.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

// ---- Axes -----------------------------------------------------------------------------------------------------------

enum { WIDTH = 380, HEIGHT = 230, LEFT = 46, RIGHT = 14, TOP = 10, BOTTOM = 34, MOST_TICKS = 12, MOST_POINTS = 500 };

typedef struct Axis {
    double low, high;  // of the values; of their logarithms where logarithmic
    bool logarithmic;
    int from, to;  // in the picture
    double tick[MOST_TICKS];
    int ticks;
} Axis;

static double place(const Axis *axis, double value)
{
    double v = axis->logarithmic ? log10(value) : value;
    return axis->from + (v - axis->low) / (axis->high - axis->low) * (axis->to - axis->from);
}

// Steps of 1, 2 or 5 times a power of ten, about `wanted` of them.
static double nice_step(double range, int wanted)
{
    double rough = range / wanted, power = pow(10, floor(log10(rough))), digit = rough / power;
    return power * (digit <= 1.25 ? 1 : digit <= 2.5 ? 2 : digit <= 6 ? 5 : 10);
}

static Axis linear_axis(double high, int wanted, int from, int to)
{
    if (!(high > 0)) high = 1;
    Axis axis = {.high = high, .from = from, .to = to};
    double step = nice_step(high, wanted);
    for (int i = 0; i * step <= high * 1.0001 && axis.ticks < MOST_TICKS; i++) axis.tick[axis.ticks++] = i * step;
    return axis;
}

static Axis logarithmic_axis(double low, double high, int from, int to)
{
    Axis axis = {floor(log10(low) * 10 - 0.01) / 10, ceil(log10(high) * 10 + 0.01) / 10, true, from, to, {0}, 0};
    const int all = axis.high - axis.low < 3.5;  // 1, 2, 5, 10 ..., or powers of ten alone
    for (double power = pow(10, floor(axis.low)); log10(power) <= axis.high; power *= 10)
        for (int digit = 1; digit <= 5; digit = digit == 1 ? 2 : 5 + (digit == 5)) {
            double value = digit * power;
            if ((digit == 1 || all) && log10(value) >= axis.low && log10(value) <= axis.high && axis.ticks < MOST_TICKS)
                axis.tick[axis.ticks++] = value;
        }
    return axis;
}

// 0.0005, 12.5, and where the axis goes beyond 10,000, 5k and 15k
static void put_tick(FILE *page, const Axis *axis, int i)
{
    const double value = axis->tick[i], last = axis->tick[axis->ticks - 1];
    if (last >= 10000 && value >= 1000)
        fprintf(page, "%gk", value / 1000);
    else
        fprintf(page, "%g", value);
}

static void put_axes(FILE *page, const Plot *plot, const Axis *x, const Axis *y)
{
    for (int i = 0; i < y->ticks; i++) {
        double at = place(y, y->tick[i]);
        fprintf(page, "<path class=\"%s\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" class=\"end\">",
                i || y->logarithmic ? "grid" : "axis", LEFT, at, WIDTH - RIGHT, LEFT - 6, at + 4);
        put_tick(page, y, i);
        fprintf(page, "</text>\n");
    }
    for (int i = 0; i < x->ticks; i++) {
        fprintf(page, "<text x=\"%.1f\" y=\"%d\" class=\"middle\">", place(x, x->tick[i]), HEIGHT - BOTTOM + 16);
        put_tick(page, x, i);
        fprintf(page, "</text>\n");
    }
    fprintf(page, "<text x=\"%d\" y=\"%d\" class=\"end\">%s</text>\n", WIDTH - RIGHT, HEIGHT - 3,
            plot->minutes ? "minutes" : "updates");
}

// ---- Curves ---------------------------------------------------------------------------------------------------------

static double x_of(const Plot *plot, const Point *p)
{
    return plot->minutes ? p->minutes : p->update;
}

// A long curve is drawn through the lowest and the highest point of each stretch, so that no peak is lost.
static void put_line(FILE *page, const Plot *plot, const Curve *curve, const Axis *x, const Axis *y)
{
    const int stretch = curve->count > MOST_POINTS ? 2 * curve->count / MOST_POINTS + 1 : 1;
    char command = 'M';
    for (int from = 0; from < curve->count; from += stretch) {
        int low = from, high = from;
        for (int i = from; i < from + stretch && i < curve->count; i++) {
            if (curve->points[i].value < curve->points[low].value) low = i;
            if (curve->points[i].value > curve->points[high].value) high = i;
        }
        const int order[] = {low < high ? low : high, low < high ? high : low};
        for (int i = 0; i < (low == high ? 1 : 2); i++) {
            const Point *p = &curve->points[order[i]];
            fprintf(page, "%c%.1f %.1f", command, place(x, x_of(plot, p)), place(y, p->value));
            command = 'L';
        }
    }
}

static void put_series(FILE *page, const Plot *plot, const Series *s, const Axis *x, const Axis *y)
{
    enum { MOST_DOTS = 80 };
    if (!s->curve.count) return;
    fprintf(page, "<g class=\"c%d %s\"><path class=\"curve\" d=\"", s->run % RUN_COLOURS,
            s->validation ? "valid" : "train");
    put_line(page, plot, &s->curve, x, y);
    fprintf(page, "\"/>\n");
    const bool dots = s->curve.count == 1 || (s->validation && s->curve.count <= MOST_DOTS);
    for (int i = 0; dots && i < s->curve.count; i++) {
        const Point *p = &s->curve.points[i];
        fprintf(page, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\"><title>update %.0f, %.1f minutes: %.4g</title></circle>",
                place(x, x_of(plot, p)), place(y, p->value), p->update, p->minutes, p->value);
    }
    fprintf(page, "</g>\n");
}

void report_plot(FILE *page, const Plot *plot)
{
    double most_x = 0, low = INFINITY, high = 0;
    for (int s = 0; s < plot->count; s++)
        for (int i = 0; i < plot->series[s].curve.count; i++) {
            const Point *p = &plot->series[s].curve.points[i];
            most_x = fmax(most_x, x_of(plot, p));
            if (p->value > 0) low = fmin(low, p->value);
            high = fmax(high, p->value);
        }
    const bool logarithmic = plot->logarithmic && low < INFINITY;
    const Axis x = linear_axis(most_x, 4, LEFT, WIDTH - RIGHT);
    const Axis y = logarithmic ? logarithmic_axis(low, high, HEIGHT - BOTTOM, TOP)
                               : linear_axis(high * 1.03, 5, HEIGHT - BOTTOM, TOP);
    fprintf(page, "<svg class=\"plot %s\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s against %s\">\n",
            plot->minutes ? "by-minutes" : "by-updates", WIDTH, HEIGHT, plot->title,
            plot->minutes ? "minutes" : "updates");
    put_axes(page, plot, &x, &y);
    for (int s = 0; s < plot->count; s++) put_series(page, plot, &plot->series[s], &x, &y);
    fprintf(page, "</svg>\n");
}

// ---- Heat maps ------------------------------------------------------------------------------------------------------

// A cell is a unit square. Cells of about the same weight share one path, the lighter the weight the more transparent;
// most weights are next to nothing and need none. That makes a picture of a head a few hundred bytes.
void report_cells(FILE *page, const HeatMap *map)
{
    enum { LEVELS = 20 };
    fprintf(page, "<svg class=\"cells\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"attention\"><g id=\"%s\">",
            map->columns, map->rows, map->id);
    fprintf(page, "<path class=\"paper\" d=\"M0 0h%dv%dH0z\"/>", map->columns, map->rows);
    for (int level = 1; level <= LEVELS; level++) {
        bool begun = false;
        for (int i = 0; i < map->rows * map->columns; i++) {
            if ((int)lroundf(map->weights[i] * LEVELS) != level) continue;
            if (!begun) fprintf(page, "<path fill-opacity=\"%.2g\" d=\"", (double)level / LEVELS);
            begun = true;
            fprintf(page, "M%d %dh1v1h-1z", i % map->columns, i / map->columns);
        }
        if (begun) fprintf(page, "\"/>");
    }
    fprintf(page, "</g></svg>");
}

enum { CELL = 20, LETTER = 8, LONGEST_NAME = 16 };  // pixels; characters

static bool is_wide(const char *c)  // Chinese, Japanese, Korean: from U+2E80 on, but not the sign ▁ of SentencePiece
{
    return (unsigned char)*c > 0xE2 || ((unsigned char)*c == 0xE2 && (unsigned char)c[1] >= 0xBA);
}

// The bytes of a name that are shown: at most LONGEST_NAME characters. *width: in pixels, about.
static int shown_bytes(const char *name, int *width)
{
    int bytes = 0, characters = 0;
    for (*width = 0; name[bytes] && characters < LONGEST_NAME; characters++) {
        *width += is_wide(name + bytes) ? 2 * LETTER - 2 : LETTER;
        do bytes++;
        while (((unsigned char)name[bytes] & 0xC0) == 0x80);
    }
    return bytes;
}

static int widest(const char *const *names, int count)
{
    int most = 0;
    for (int i = 0; i < count; i++) {
        int width;
        shown_bytes(names[i], &width);
        if (width > most) most = width;
    }
    return most;
}

static void put_name(FILE *page, const char *name)
{
    int width, bytes = shown_bytes(name, &width);
    char *shown = report_format("%.*s%s", bytes, name, name[bytes] ? "…" : "");
    report_text(page, shown);
    free(shown);
}

void report_labelled(FILE *page, const HeatMap *map)
{
    const double slant = 0.77;  // of the names above the columns: sine of 50 degrees
    const int above = (int)(widest(map->column_names, map->columns) * slant) + 22;
    const int left = widest(map->row_names, map->rows) + 12, right = (int)(above * 0.84);
    const int width = left + map->columns * CELL + right, height = above + map->rows * CELL + 4;
    // A narrow screen may make it smaller, but not so small that nobody can read it: then it scrolls.
    fprintf(page, "<svg class=\"labelled\" width=\"%d\" viewBox=\"0 0 %d %d\" style=\"min-width:%dpx\" role=\"img\" ",
            width, width, height, width * 4 / 5);
    fprintf(page, "aria-label=\"attention\">\n<g transform=\"translate(%d %d) scale(%d)\"><use href=\"#%s\"/></g>\n",
            left, above, CELL, map->id);
    for (int c = 0; c < map->columns; c++) {
        const int x = left + c * CELL + CELL / 2 + 3;
        fprintf(page, "<text transform=\"translate(%d %d) rotate(-50)\">", x, above - 6);
        put_name(page, map->column_names[c]);
        fprintf(page, "</text>\n");
    }
    for (int r = 0; r < map->rows; r++) {
        fprintf(page, "<text x=\"%d\" y=\"%d\" class=\"end\">", left - 6, above + r * CELL + CELL / 2 + 4);
        put_name(page, map->row_names[r]);
        fprintf(page, "</text>\n");
    }
    fprintf(page, "</svg>\n");
}
