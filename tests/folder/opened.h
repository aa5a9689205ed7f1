// A model of a folder that has to open.
#pragma once
#include "folder/folder.h"
#include "test.h"

static Model *opened(const char *folder)
{
    Model *model;
    Error error = {""};
    if (dm_model_read(&model, NULL, folder, &error)) fprintf(stderr, "\n%s\n", error.message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    return model;
}
