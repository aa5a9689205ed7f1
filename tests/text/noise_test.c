// Facts about noise of the segmentation: without noise it is SentencePiece's own segmentation, what is spelt stays, and
// segmentations come as often as they should.
#include "test.h"

#include <math.h>

#include "tensor/check.h"
#include "text/noise.h"
#include "text/sentencepiece.h"
#include "text/trained_folder.h"

static const char *const lines[] = {
    "The new teacher sees a doctor in the kitchen.",
    "他们 wait for the bus ☃ behind the station.",
    "my sister",
    "I",
    "",
};

typedef struct Bed {
    Segmenter *segmenter;
    Noise *noise;
} Bed;

// Of the toy text, in few pieces.
static Bed bed_of(const char *kind, double rate)
{
    char *folder = scratch_path(kind);
    dm_lines text;
    Error error = {""};
    CU_ASSERT_EQUAL_FATAL(dm_lines_read(&text, TEST_DATA "/../data/toy/dev.en", &error), DM_OK);
    const SegmenterTraining training = {.folder = folder,
                                        .kind = kind,
                                        .text = &text,
                                        .text_count = 1,
                                        .text_name = "dev.en",
                                        .languages = {"en", "en"},
                                        .size = 300};
    if (!dm_exists(folder)) CU_ASSERT_EQUAL_FATAL(dm_segmenter_train(&training, &error), DM_OK);
    Segmenter *segmenter = opened(folder, "sentencepiece", false);
    dm_lines_free(&text);
    dm_free(folder);
    return (Bed){segmenter, dm_noise_create(segmenter, rate)};
}

static void close_bed(Bed *bed)
{
    dm_noise_free(bed->noise);
    dm_segmenter_close(bed->segmenter);
}

// The most probable segmentation, and all merges.
static void without_noise_it_is_that_of_search(void)
{
    static const struct {
        const char *kind;
        double rate;
    } cases[] = {{"bpe", 0}, {"unigram", 1000}};
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        Bed bed = bed_of(cases[i].kind, cases[i].rate);
        for (size_t k = 0; k < DM_COUNT(lines); k++) {
            Ids clean, noisy;
            Random stream = dm_random(1, 2, (uint32_t)k, 0);
            dm_encode(bed.segmenter, DM_SOURCE, lines[k], &clean);
            dm_noise_cut(bed.noise, DM_SOURCE, &stream, clean, &noisy);
            expect(clean.count == noisy.count && !memcmp(clean.id, noisy.id, (size_t)clean.count * sizeof(int)),
                   "%s: \"%s\" is cut otherwise", cases[i].kind, lines[k]);
            dm_free(clean.id);
            dm_free(noisy.id);
        }
        close_bed(&bed);
    }
}

static void what_is_spelt_stays(void)
{
    static const char *const kinds[] = {"bpe", "unigram"};
    for (size_t i = 0; i < DM_COUNT(kinds); i++) {
        Bed bed = bed_of(kinds[i], 0.2);
        int others = 0;
        for (size_t k = 0; k < DM_COUNT(lines); k++) {
            Ids clean;
            dm_encode(bed.segmenter, DM_TARGET, lines[k], &clean);
            char *text = dm_decode(bed.segmenter, clean.id, clean.count);
            for (uint32_t draw = 0; draw < 20; draw++) {
                Ids noisy, again;
                Random stream = dm_random(1, draw, (uint32_t)k, 0), same = stream;
                dm_noise_cut(bed.noise, DM_TARGET, &stream, clean, &noisy);
                dm_noise_cut(bed.noise, DM_TARGET, &same, clean, &again);
                char *spelt = dm_decode(bed.segmenter, noisy.id, noisy.count);
                CU_ASSERT_STRING_EQUAL(spelt, text);
                CU_ASSERT_EQUAL(noisy.id[noisy.count - 1], clean.id[clean.count - 1]);
                CU_ASSERT(noisy.count == again.count && !memcmp(noisy.id, again.id, (size_t)noisy.count * sizeof(int)));
                others +=
                    noisy.count != clean.count || memcmp(noisy.id, clean.id, (size_t)clean.count * sizeof(int)) != 0;
                dm_free(spelt);
                dm_free(noisy.id);
                dm_free(again.id);
            }
            dm_free(text);
            dm_free(clean.id);
        }
        expect(others > 40, "%s: %d of %d draws are cut otherwise", kinds[i], others, 20 * (int)DM_COUNT(lines));
        close_bed(&bed);
    }
}

static void where_all_merges_are_left_out_there_are_characters(void)
{
    Bed bed = bed_of("bpe", 1);
    Ids clean, noisy;
    Random stream = dm_random(1, 0, 0, 0);
    dm_encode(bed.segmenter, DM_SOURCE, "the teacher", &clean);
    dm_noise_cut(bed.noise, DM_SOURCE, &stream, clean, &noisy);
    CU_ASSERT_EQUAL(noisy.count, 1 + 11 + 1);  // a mark of the beginning, the end
    dm_free(clean.id);
    dm_free(noisy.id);
    close_bed(&bed);
}

// ---- How often ------------------------------------------------------------------------------------------------------

enum { MOST_CUTS = 4096, DRAWS = 20000 };

typedef struct Cuts {
    const SentencePiece *model;
    const char *text;
    double alpha, weight[MOST_CUTS];
    int made[MOST_CUTS], count;
} Cuts;

// All segmentations of what is left of the text, by whether a piece ends behind each character (the bits of `ends`).
static void enumerate(Cuts *cuts, size_t from, unsigned ends, double log_weight)
{
    if (!cuts->text[from]) {
        CU_ASSERT_FATAL(ends < MOST_CUTS);
        cuts->weight[ends] = exp(log_weight);
        cuts->count++;
        return;
    }
    for (size_t to = from + 1; to <= strlen(cuts->text); to++) {
        char *piece = dm_format("%.*s", (int)(to - from), cuts->text + from);
        const int id = dm_sentencepiece_id(cuts->model, piece);
        dm_free(piece);
        if (id < 0) continue;
        enumerate(cuts, to, ends | (cuts->text[to] ? 1u << (to - 1) : 0),
                  log_weight + cuts->alpha * (double)dm_sentencepiece_score(cuts->model, id));
    }
}

// Pearson's chi-square of as many draws; segmentations that are hardly ever to be drawn are one.
static void segmentations_are_drawn_by_their_probabilities(void)
{
    const double alpha = 0.3;
    Bed bed = bed_of("unigram", alpha);
    const Vocabulary *vocabulary = dm_segmenter_vocabulary(bed.segmenter, DM_SOURCE);
    Cuts *cuts = dm_allocate(1, sizeof *cuts);
    *cuts = (Cuts){.model = dm_segmenter_model(bed.segmenter, DM_SOURCE), .text = "teacher", .alpha = alpha};
    enumerate(cuts, 0, 0, 0);
    expect(cuts->count >= 5, "\"%s\" has %d segmentations", cuts->text, cuts->count);
    int letters[7];
    for (int i = 0; i < 7; i++) letters[i] = dm_vocabulary_id(vocabulary, (char[2]){cuts->text[i], 0});
    for (uint32_t draw = 0; draw < DRAWS; draw++) {
        Ids noisy;
        Random stream = dm_random(7, draw, 0, 0);
        dm_noise_cut(bed.noise, DM_SOURCE, &stream, (Ids){letters, 7}, &noisy);
        unsigned ends = 0, at = 0;
        for (int i = 0; i + 1 < noisy.count; i++) {
            at += (unsigned)strlen(dm_vocabulary_piece(vocabulary, noisy.id[i]));
            ends |= 1u << (at - 1);
        }
        cuts->made[ends]++;
        dm_free(noisy.id);
    }
    double sum = 0, chi = 0, rare[2] = {0, 0};
    int classes = 0;
    for (int i = 0; i < MOST_CUTS; i++) sum += cuts->weight[i];
    for (int i = 0; i < MOST_CUTS; i++) {
        const double expected = DRAWS * cuts->weight[i] / sum;
        CU_ASSERT(expected > 0 || !cuts->made[i]);
        if (expected >= 5) {
            chi += pow(cuts->made[i] - expected, 2) / expected;
            classes++;
        } else {
            rare[0] += expected, rare[1] += cuts->made[i];
        }
    }
    if (rare[0] > 0) chi += pow(rare[1] - rare[0], 2) / rare[0];
    expect(classes >= 5 && chi < classes + 5 * sqrt(2.0 * classes), "chi-square %g of %d classes", chi, classes);
    dm_free(cuts);
    close_bed(&bed);
}

const Fact facts[] = {FACT(without_noise_it_is_that_of_search),
                      FACT(what_is_spelt_stays),
                      FACT(where_all_merges_are_left_out_there_are_characters),
                      FACT(segmentations_are_drawn_by_their_probabilities),
                      {NULL, NULL}};
