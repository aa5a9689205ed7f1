// The table of outputs.
#include "model/outputs/output.h"

const OutputKind *const dm_outputs[] = {&dm_softmax, &dm_pointer, &dm_ctc_output, NULL};

Choice dm_output_choice(int index)
{
    const OutputKind *kind = dm_outputs[index];
    return kind ? (Choice){kind->name, kind->about} : (Choice){0};
}
