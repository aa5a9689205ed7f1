// Heads that look ahead: what a decoder has made of a row says which piece comes next, and head k, from 1, which one comes
// k pieces behind that one. They stand between the decoder and the output layer, which all share. A form of them is a file
// and a row of dm_ahead_forms.
#pragma once
#include "model/model.h"

// What a decoder has made of whole sequences.
typedef struct AheadSeen {
    const Example *example;
    const Memory *memory;    // that it has gone on from
    const Tensor *features;  // [example->read.n, width]
} AheadSeen;

// What a head says of them.
typedef struct AheadSaid {
    Tensor *features;  // [n, width], for the output layer; NULL where n is 0
    const int *rows;   // [n] of which rows of the decoder's
    int n;
} AheadSaid;

typedef struct AheadForm {
    const char *name, *about;
    void (*declare)(Model *model);
    void (*connect)(Model *model);  // fills model->ahead
    void (*disconnect)(Model *model);
    void (*say)(Graph *g, const Model *model, const AheadSeen *seen, AheadSaid *said);  // said[k - 1]: head k
    Name (*outline)(const ModelConfig *config);  // one of them, for people
} AheadForm;

extern const AheadForm dm_ahead_apart, dm_ahead_chain;
extern const AheadForm *const dm_ahead_forms[];  // ends with NULL
Choice dm_ahead_form_choice(int index);
const AheadForm *dm_ahead_form(const ModelConfig *config);  // NULL: it has no heads

void dm_ahead_declare(Model *model);
void dm_ahead_connect(Model *model);
void dm_ahead_disconnect(Model *model);

// What head k of those that are apart makes of rows of the decoder's, for the output layer -> [n, width] (ahead_apart.c)
Tensor *dm_ahead_rows(Graph *g, const Model *model, int k, const Tensor *features);
