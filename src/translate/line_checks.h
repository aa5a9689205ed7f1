// What of a caller's lines a model can take.
#pragma once
#include "model/model.h"
#include "text/segmenter.h"

// A line of more pieces is refused: attention needs memory and time that grow with the square of its length, and no
// model has seen anything like it.
enum { DM_MOST_PIECES = 4096 };

// The same of this model, which may know fewer places.
int dm_most_pieces(const ModelConfig *config);

typedef struct LineCheck {
    const Segmenter *segmenter;
    const char *what;  // "line", "source line", "target line", "prefix"
    Side side;
    int most;              // pieces
    bool has_to_be_known;  // every piece of it
} LineCheck;

// The error names the line and says what to do.
Status dm_lines_check(const LineCheck *check, const char *const *lines, size_t count, Error *error);
// The same of labels against what they are of: as many as are needed, and all known. Text is not looked at.
Status dm_lines_check_labels(const Segmenter *segmenter, const char *const *sources, const char *const *targets,
                             size_t count, Error *error);
// Cuts a line down to what would be taken, in place.
void dm_line_crop(const LineCheck *check, char *line);
