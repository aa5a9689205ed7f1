// A corpus that is cut by chance: other pieces in every epoch, the same ones for the same epoch and any threads.
#include "data/corpus.h"

#include "core/files.h"
#include "core/lines.h"
#include "core/memory.h"
#include "tensor/check.h"
#include "test.h"
#include "text/trained_folder.h"

enum { PAIRS = 300 };

static Corpus clean_corpus(const Segmenter *segmenter)
{
    Corpus corpus = {.pairs = PAIRS};
    Ids ids;
    dm_encode(segmenter, DM_SOURCE, "I love machine learning and the capital of China", &ids);
    dm_corpus_make_room(&corpus, PAIRS, 2 * PAIRS * (size_t)ids.count);
    for (int i = 0; i < PAIRS; i++) {
        corpus.line[i] = i + 1;
        corpus.source[i] = 2 * (size_t)i * (size_t)ids.count;
        corpus.target[i] = corpus.source[i] + (size_t)ids.count;
        corpus.source_length[i] = corpus.target_length[i] = ids.count;
        for (int side = 0; side < 2; side++)
            memcpy(corpus.ids + corpus.source[i] + (size_t)(side * ids.count), ids.id, (size_t)ids.count * sizeof(int));
    }
    dm_free(ids.id);
    return corpus;
}

static int that_differ(const Corpus *a, const Corpus *b)
{
    int count = 0;
    for (int i = 0; i < PAIRS; i++)
        count += a->target_length[i] != b->target_length[i] ||
                 memcmp(a->ids + a->target[i], b->ids + b->target[i], (size_t)a->target_length[i] * sizeof(int)) != 0;
    return count;
}

static void every_epoch_has_pieces_of_its_own(void)
{
    char *folder = trained_folder();
    Segmenter *segmenter = opened(folder, "sentencepiece", false);
    Noise *noise = dm_noise_create(segmenter, 0.3);
    Corpus clean = clean_corpus(segmenter), first, again, second, other, bounded;
    CorpusNoise how = {.noise = noise, .seed = 1, .epoch = 1, .threads = 1};
    dm_corpus_noisy(&first, &clean, &how);
    how.threads = 3;
    dm_corpus_noisy(&again, &clean, &how);
    how.epoch = 2;
    dm_corpus_noisy(&second, &clean, &how);
    how.seed = 2;
    dm_corpus_noisy(&other, &clean, &how);
    how.max_length = clean.target_length[0];
    dm_corpus_noisy(&bounded, &clean, &how);
    CU_ASSERT_EQUAL(that_differ(&first, &again), 0);
    expect(that_differ(&first, &clean) > PAIRS / 2, "%d pairs differ from the clean ones", that_differ(&first, &clean));
    expect(that_differ(&first, &second) > PAIRS / 2, "%d pairs differ in the second epoch",
           that_differ(&first, &second));
    expect(that_differ(&second, &other) > PAIRS / 2, "%d pairs differ with another seed", that_differ(&second, &other));
    int sides = 0;
    for (int i = 0; i < PAIRS; i++) {
        CU_ASSERT_EQUAL(second.line[i], i + 1);
        CU_ASSERT(bounded.source_length[i] <= how.max_length && bounded.target_length[i] <= how.max_length);
        sides += second.source_length[i] != second.target_length[i];
    }
    expect(sides > 0, "both sides of %d pairs are cut alike", PAIRS);
    Corpus *all[] = {&clean, &first, &again, &second, &other, &bounded};
    for (size_t i = 0; i < DM_COUNT(all); i++) dm_corpus_free(all[i]);
    dm_noise_free(noise);
    dm_segmenter_close(segmenter);
    dm_free(folder);
}

const Fact facts[] = {FACT(every_epoch_has_pieces_of_its_own), {NULL, NULL}};
