// What guides attention: links between words that are read, or between pieces that the text itself has, and which heads
// have learnt them.
#include <string.h>

#include "core/text_stream.h"
#include "folder/alignment.h"
#include "train/run.h"

bool dm_run_links_itself(const Run *run)
{
    const char *links = dm_options_text(run->options, "guided-alignment", 0);
    return links && strcmp(links, "auto") == 0;
}

Status dm_run_read_links(Run *run, Error *error)
{
    if (!dm_terms_have(&run->terms, &dm_guided_alignment) || dm_run_links_itself(run)) return DM_OK;
    const char *path = dm_options_text(run->options, "guided-alignment", 0);
    dm_bad_lines bad;
    char count[32], first[32];
    const Status status = dm_links_of_bitext(&run->links, &bad, path, &run->text, error);
    if (status) return status;
    if (bad.count)
        dm_say(run, "%s: %s bad line%s of %s (the first is line %s)",
               bad.on == DM_SKIP_LINE ? "Left out, with their pairs" : "Cropped", dm_with_commas(bad.count, count),
               dm_plural(bad.count), dm_text_name(path), dm_with_commas(bad.line[0] + 1, first));
    dm_bad_lines_free(&bad);
    return DM_OK;
}

Status dm_run_link_corpus(Run *run, Error *error)
{
    if (dm_terms_have(&run->terms, &dm_guided_alignment) && dm_run_links_itself(run)) {
        dm_say(run, "Linking the pieces of %s", run->text.name);
        if (dm_corpus_link_itself(&run->corpus, run->settings.threads, &run->stop)) return DM_OK;
        dm_fail(error, "%s: stopped while its pieces were linked", run->text.name);
        return DM_STOPPED;
    }
    if (!run->links.pairs) return DM_OK;
    const int lost = dm_corpus_link(&run->corpus, &run->links, &run->text, run->segmenter);
    if (lost)
        dm_say(run, "Without their links: %d pair%s, of which nobody can tell which pieces belong to which word", lost,
               dm_plural((size_t)lost));
    dm_links_free(&run->links);
    return DM_OK;
}

cJSON *dm_run_guided_heads(const Run *run)
{
    AlignmentHeads heads = dm_alignment_heads_of_gaze(&run->terms.gaze, &run->model->config);
    cJSON *json = dm_alignment_heads_json(&heads);
    dm_alignment_heads_free(&heads);
    return json;
}
