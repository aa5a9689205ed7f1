// What is wrong with the tensors of a file, in one message: of each kind of fault the first few by name, then how many
// more there are, and what the file probably is.
#pragma once
#include "core/error.h"
#include "folder/safetensors.h"
#include "tensor/parameters.h"

typedef enum Fault { DM_TENSOR_MISSING, DM_TENSOR_STRANGE, DM_TENSOR_UNFIT, DM_FAULTS } Fault;

typedef struct Complaints {
    char text[DM_FAULTS][560];
    size_t used[DM_FAULTS];
    int count[DM_FAULTS], named[DM_FAULTS];
} Complaints;

void dm_complain(Complaints *all, Fault fault, const char *format, ...) __attribute__((format(printf, 3, 4)));
// DM_OK where nobody complained. parameters: what the file should hold.
Status dm_complaints_report(const Complaints *all, const SafeTensors *file, const Parameters *parameters, Error *error);
