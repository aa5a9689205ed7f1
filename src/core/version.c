// The version, which the build takes from CMakeLists.txt.
#include "dragoman/dragoman.h"

const char *dm_version(void)
{
    return DM_VERSION;
}
