// What a run says of itself: lines for people, in Marian's form, and the same as JSON lines in train.jsonl.
#pragma once
#include "core/cjson.h"
#include <stdbool.h>
#include <stdio.h>

#include "core/error.h"

typedef struct Run Run;
typedef struct Validation Validation;
typedef struct FoundHeads FoundHeads;

typedef struct Journal {
    char *path;
    FILE *stream;  // train.jsonl, at its end
} Journal;

// Sums since the last line was printed.
typedef struct Shown {
    double objective, nll, seconds;
    long count;   // target tokens
    double norm;  // of the last update
} Shown;

// Opens train.jsonl and cuts it to `bytes`, so that a resumed run neither repeats nor misses a line.
Status dm_journal_open(Journal *journal, const char *folder, long bytes, Error *error);
Status dm_journal_sync(Journal *journal, long *bytes, Error *error);  // to the disk; *bytes: its length
void dm_journal_close(Journal *journal);

// A line for the observer alone.
void dm_say(const Run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

Status dm_report_update(Run *run, Error *error);  // one that run->shows; and the sums begin anew
void dm_report_progress(const Run *run);          // to the observer's progress
Status dm_report_validation(Run *run, const Validation *validation, Error *error);
Status dm_report_heads(Run *run, const FoundHeads *found, Error *error);
Status dm_report_change(Run *run, const cJSON *change, Error *error);  // {"option", "from", "to"}
Status dm_report_anew(Run *run, const char *why, Error *error);        // validations until here do not count any more
Status dm_report_note(Run *run, Error *error, const char *format, ...) __attribute__((format(printf, 3, 4)));
Status dm_report_end(Run *run, const char *kept, const char *reason, Error *error);
