// Text as people have it: a file or standard input, plain or compressed, read in one way. Reading it bit by bit is in
// the public header (dm_text_stream_open).
#pragma once
#include "core/error.h"

// The whole text as bytes with a NUL behind them (not counted in *size). The caller frees it. Compressed text that
// grows beyond all measure is an error rather than an end of the memory.
Status dm_text_read(const char *path, char **bytes, size_t *size, Error *error);

const char *dm_text_name(const char *path);  // how messages call it: "standard input" for "-"
