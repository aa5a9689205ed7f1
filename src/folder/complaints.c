// Complaints about the tensors of a file.
#include "folder/complaints.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FEW = 4 };  // are named of each kind

void dm_complain(Complaints *all, Fault fault, const char *format, ...)
{
    char one[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(one, sizeof one, format, arguments);
    va_end(arguments);
    char *text = all->text[fault];
    const size_t room = sizeof all->text[fault], used = all->used[fault];
    const char *separator = used ? "; " : "";
    all->count[fault]++;
    if (all->named[fault] == FEW || used + strlen(separator) + strlen(one) >= room) return;
    all->used[fault] += (size_t)snprintf(text + used, room - used, "%s%s", separator, one);
    all->named[fault]++;
}

static bool any_name_has(const SafeTensors *file, const char *part)
{
    for (int i = 0; i < file->count; i++)
        if (strstr(file->list[i].name, part)) return true;
    return false;
}

// Whether a tensor has the name of a parameter that lacks this beginning.
static bool any_lacks(const SafeTensors *file, const Parameters *parameters, const char *beginning)
{
    const size_t length = strlen(beginning);
    for (int i = 0; i < parameters->count; i++) {
        const char *name = parameters->list[i].name;
        if (strncmp(name, beginning, length) == 0 && dm_safetensors_find(file, name + length)) return true;
    }
    return false;
}

// What a file probably is in which many tensors are missing, and others stand in their place.
static const char *probably(const Complaints *all, const SafeTensors *file, const Parameters *parameters)
{
    if (any_name_has(file, ".lora_A."))
        return ". This is an adapter, not a model: merge it into its model in Python (merge_and_unload), and save that";
    if (all->count[DM_TENSOR_MISSING] <= FEW || !all->count[DM_TENSOR_STRANGE]) return "";
    if (any_lacks(file, parameters, "model."))
        return ". Names lack \"model.\" in front: this is the model without what makes a translation model of it; save "
               "the whole one (in transformers MarianMTModel, not MarianModel)";
    if (all->count[DM_TENSOR_STRANGE] == file->count)
        return ". Not one tensor is of the model that config.json speaks of: these are the weights of another kind of "
               "model, so that the two files do not belong together";
    return ". config.json and the weights seem to be of two models: get both from the same place again";
}

Status dm_complaints_report(const Complaints *all, const SafeTensors *file, const Parameters *parameters, Error *error)
{
    static const char *const rest[DM_FAULTS] = {"missing", "without a place in this model", "wrong"};
    char text[1900] = "";
    size_t used = 0;
    for (int fault = 0; fault < DM_FAULTS; fault++) {
        if (!all->count[fault]) continue;
        const int more = all->count[fault] - all->named[fault];
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? "; " : "", all->text[fault]);
        if (more)
            used += (size_t)snprintf(text + used, sizeof text - used, "; and %d more %s %s", more,
                                     more == 1 ? "is" : "are", rest[fault]);
    }
    if (!used) return DM_OK;
    return dm_fail(error, "%s: %s%s", file->path, text, probably(all, file, parameters));
}
