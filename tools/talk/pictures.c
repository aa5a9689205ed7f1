// The last translation in pictures that a terminal can show: which words belong together, and how sure the model was.
#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

#include "talk.h"

const char talk_plain[] = "\033[0m", talk_dim[] = "\033[2m", talk_bright[] = "\033[1;36m";

const char *talk_style(const Screen *screen, const char *style)
{
    return screen->styles ? style : "";
}

// ---- Text in columns ------------------------------------------------------------------------------------------------

// A Chinese character takes two columns. What is no character is not shown, and takes none.
static int width_of(const char *text)
{
    mbstate_t state = {0};
    int width = 0;
    for (const char *end = text + strlen(text); text < end;) {
        wchar_t c;
        const size_t bytes = mbrtowc(&c, text, (size_t)(end - text), &state);
        if (bytes == (size_t)-1 || bytes == (size_t)-2) break;
        const int columns = wcwidth(c);
        width += columns > 0 ? columns : 0;
        text += bytes;
    }
    return width;
}

static int widest(char *const *words, int count)
{
    int most = 0;
    for (int i = 0; i < count; i++) {
        const int width = width_of(words[i]);
        if (width > most) most = width;
    }
    return most;
}

static void put_padded(const Screen *screen, const char *text, int width)
{
    fprintf(screen->stream, "%s%*s", text, width - width_of(text), "");
}

static int screen_columns(const Screen *screen)
{
    struct winsize size;
    return ioctl(fileno(screen->stream), TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

// ---- Alignment ------------------------------------------------------------------------------------------------------

enum { CELL = 2 };  // columns

static float share(const dm_translation *t, const dm_hypothesis *h, int word, int source)
{
    return h->alignment[word * (t->source_words + 1) + source];
}

// A share of the attention as two columns of grey, or as its tenths.
static void put_cell(const Screen *screen, float part, bool most)
{
    static const char *const greys[] = {"··", "░░", "▒▒", "▓▓", "██"};
    const char *style = talk_style(screen, most ? talk_bright : talk_dim), *end = talk_style(screen, talk_plain);
    if (screen->blocks) {
        const int grey = part < 0.05f ? 0 : part < 0.25f ? 1 : part < 0.5f ? 2 : part < 0.75f ? 3 : 4;
        fprintf(screen->stream, "%s%s%s", style, greys[grey], end);
        return;
    }
    const int tenths = (int)lroundf(part * 10);
    if (tenths < 1)
        fprintf(screen->stream, ". ");
    else if (tenths < 10)
        fprintf(screen->stream, "%s%d%s ", style, tenths, end);
    else
        fprintf(screen->stream, "%s#%s ", style, end);
}

// A word of the source, or behind the last one the end of the sentence, which words that translate nothing look at.
static const char *source_word(const dm_translation *t, int word)
{
    return word < t->source_words ? t->source_word[word] : "(end)";
}

// Each source word stands on a line of its own, above its column and with a line down to it: words of any length can be
// read, and columns are narrow all the same.
static void put_source_words(const Screen *screen, const dm_translation *t, int left)
{
    const char *down = screen->blocks ? "│ " : "| ";
    for (int word = 0; word <= t->source_words; word++) {
        fprintf(screen->stream, "%*s%s", left, "", talk_style(screen, talk_dim));
        for (int i = 0; i < word; i++) fputs(down, screen->stream);
        fprintf(screen->stream, "%s%s%s\n", word < t->source_words ? talk_style(screen, talk_plain) : "",
                source_word(t, word), talk_style(screen, talk_plain));
    }
}

static void draw_grid(const Screen *screen, const dm_translation *t, const dm_hypothesis *h, int left)
{
    put_source_words(screen, t, left);
    for (int word = 0; word < h->words; word++) {
        const int most = aligned_word(t, h, word);
        put_padded(screen, h->word[word], left);
        for (int source = 0; source <= t->source_words; source++)
            put_cell(screen, share(t, h, word, source), source == most);
        putc('\n', screen->stream);
    }
}

// Where the grid would be too wide: each word with what has most of its attention, in the order of the source.
static void draw_links(const Screen *screen, const dm_translation *t, const dm_hypothesis *h, int left)
{
    for (int word = 0; word < h->words; word++) {
        const int most = aligned_word(t, h, word);
        put_padded(screen, h->word[word], left);
        for (int source = 0; source <= t->source_words; source++) {
            if (source != most && share(t, h, word, source) < 0.2f) continue;
            fprintf(screen->stream, "%s%s%s %.2f  ", talk_style(screen, source == most ? talk_bright : talk_dim),
                    source_word(t, source), talk_style(screen, talk_plain), (double)share(t, h, word, source));
        }
        putc('\n', screen->stream);
    }
}

void draw_alignment(const Screen *screen, const dm_translation *t, const dm_hypothesis *h)
{
    const int left = widest(h->word, h->words) + 2;
    int right = 0;
    for (int word = 0; word <= t->source_words; word++) {
        const int width = word * CELL + width_of(source_word(t, word));
        if (width > right) right = width;
    }
    (left + right <= screen_columns(screen) ? draw_grid : draw_links)(screen, t, h, left);
}

// ---- Scores ---------------------------------------------------------------------------------------------------------

enum { BAR = 20 };

static void put_bar(const Screen *screen, double probability)
{
    const int filled = (int)lround(probability * BAR);
    fputs(talk_style(screen, talk_bright), screen->stream);
    for (int i = 0; i < filled; i++) fputs(screen->blocks ? "█" : "#", screen->stream);
    fprintf(screen->stream, "%s%s", talk_style(screen, talk_plain), talk_style(screen, talk_dim));
    for (int i = filled; i < BAR; i++) fputs(screen->blocks ? "░" : ".", screen->stream);
    fputs(talk_style(screen, talk_plain), screen->stream);
}

void draw_scores(const Screen *screen, const dm_hypothesis *h)
{
    int left = 5;
    for (int i = 0; i < h->pieces; i++)
        if (width_of(h->piece[i]) > left) left = width_of(h->piece[i]);
    for (int i = 0; i < h->pieces; i++) {
        put_padded(screen, h->piece[i], left + 2);
        fprintf(screen->stream, "%9.4f  ", h->piece_scores[i]);
        put_bar(screen, exp(h->piece_scores[i]));
        fprintf(screen->stream, " %5.1f%%\n", 100 * exp(h->piece_scores[i]));
    }
    put_padded(screen, "total", left + 2);
    fprintf(screen->stream, "%9.4f  %d piece%s, score %.4f\n", h->log_probability, h->pieces, h->pieces == 1 ? "" : "s",
            h->score);
}
