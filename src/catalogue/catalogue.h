// The catalogue: the table of all commands and options, put together from rows in files by subject. It is the topmost
// room of the library, so that rows may take their words and ranges from the tables of any other.
#pragma once
#include "options/command_table.h"

// The commands, as bits
enum {
    DM_TRAIN = 1,
    DM_TRANSLATE = 2,
    DM_RESCORE = 4,
    DM_SCORE = 8,
    DM_REPORT = 16,
    DM_AVERAGE = 32,
    DM_DOCS = 64,
    DM_INFO = 128,
    DM_SERVE = 256,
    DM_BENCH = 512,
    DM_QUANTIZE = 1024,
    DM_SHORTLIST = 2048,
    DM_GENERATE = 4096,
    DM_ALIGN = 8192,
    DM_PREPARE = 16384,
    DM_EVERY_COMMAND = 32767
};

extern const CommandTable dm_catalogue;

extern const OtherName dm_other_names[];
extern const Meaning dm_other_commands[];

extern const OptionRow dm_rows_data[];
extern const OptionRow dm_rows_segmentation[], dm_rows_shape[];
extern const OptionRow dm_rows_training[], dm_rows_schedule[], dm_rows_validation[];
extern const OptionRow dm_rows_search[], dm_rows_writing[];
extern const OptionRow dm_rows_scoring[];
extern const OptionRow dm_rows_serving[], dm_rows_measuring[], dm_rows_machine[], dm_rows_general[];
