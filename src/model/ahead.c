// The table of the forms of heads that look ahead, and those of a model.
#include "model/ahead.h"

const AheadForm *const dm_ahead_forms[] = {&dm_ahead_apart, &dm_ahead_chain, NULL};

Choice dm_ahead_form_choice(int index)
{
    const AheadForm *form = dm_ahead_forms[index];
    return form ? (Choice){form->name, form->about} : (Choice){0};
}

const AheadForm *dm_ahead_form(const ModelConfig *config)
{
    return config->ahead ? dm_ahead_forms[config->ahead_form] : NULL;
}

// Who writes piece by piece needs none of them.
void dm_ahead_declare(Model *model)
{
    Parameters *p = &model->parameters;
    const AheadForm *form = dm_ahead_form(&model->config);
    if (!form) return;
    const int first = p->count;
    p->keys = "d_model";
    p->depth = "ahead";
    form->declare(model);
    p->depth = NULL;
    for (int i = first; i < p->count; i++) p->list[i].idle = 1;
}

void dm_ahead_connect(Model *model)
{
    const AheadForm *form = dm_ahead_form(&model->config);
    if (form) form->connect(model);
}

void dm_ahead_disconnect(Model *model)
{
    const AheadForm *form = dm_ahead_form(&model->config);
    if (form) form->disconnect(model);
}
