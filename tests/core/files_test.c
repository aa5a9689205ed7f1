// Files: a reader sees the old file or the new one, and a failure leaves the old one.
#include "test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "core/files.h"
#include "core/scratch.h"

static bool holds(const char *path, const char *expected)
{
    char *bytes = NULL;
    size_t size;
    bool same = !dm_read_file(path, &bytes, &size, NULL) && size == strlen(expected) && strcmp(bytes, expected) == 0;
    free(bytes);
    return same;
}

static void nothing_is_seen_before_the_commit(void)
{
    char *path = dm_copy_string(scratch_file("file", "old", 3)), *temporary = dm_format("%s.tmp", path);
    FileWriter writer;
    dm_error error;
    CU_ASSERT_FATAL(!dm_writer_open(&writer, path, &error));
    fputs("new", writer.stream);
    fflush(writer.stream);
    CU_ASSERT(holds(path, "old"));
    CU_ASSERT(!dm_writer_commit(&writer, &error));
    CU_ASSERT(holds(path, "new"));
    CU_ASSERT_FALSE(dm_exists(temporary));
    CU_ASSERT_FATAL(!dm_writer_open(&writer, path, &error));
    fputs("never", writer.stream);
    dm_writer_discard(&writer);
    CU_ASSERT(holds(path, "new"));
    CU_ASSERT_FALSE(dm_exists(temporary));
    free(path);
    free(temporary);
}

// In a process that may write files of 4,096 bytes at most: a full disk, as far as the writer can see.
static int write_too_much(const char *path)
{
    struct rlimit limit = {4096, 4096};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    static char bytes[100000];
    dm_error error = {""};
    if (dm_write_file(path, bytes, sizeof bytes, &error) != DM_FAILURE) return 1;
    return strstr(error.message, path) ? 0 : 2;
}

static void a_failed_write_leaves_the_old_file(void)
{
    char *path = dm_copy_string(scratch_file("file", "old", 3)), *temporary = dm_format("%s.tmp", path);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) _exit(write_too_much(path));
    int status = -1;
    waitpid(child, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT(holds(path, "old"));
    CU_ASSERT_FALSE(dm_exists(temporary));
    free(path);
    free(temporary);
}

static void files_that_cannot_be_written_are_named(void)
{
    dm_error error;
    CU_ASSERT_EQUAL(dm_write_file(scratch("no/such/folder"), "x", 1, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "no/such/folder.tmp: No such file or directory"));
    char *folder = dm_copy_string(scratch("folder"));
    CU_ASSERT(!dm_make_folder(folder, &error));
    CU_ASSERT_EQUAL(dm_write_file(folder, "x", 1, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, folder));
    CU_ASSERT(dm_is_folder(folder));
    free(folder);
}

static void a_file_is_read_whole_with_its_nul_bytes(void)
{
    char *bytes;
    size_t size;
    dm_error error;
    CU_ASSERT_FATAL(!dm_read_file(scratch_file("file", "a\0b", 3), &bytes, &size, &error));
    CU_ASSERT_EQUAL(size, 3);
    CU_ASSERT(memcmp(bytes, "a\0b", 4) == 0);
    free(bytes);
    CU_ASSERT_FATAL(!dm_read_file(scratch_file("file", "", 0), &bytes, &size, &error));
    CU_ASSERT_EQUAL(size, 0);
    CU_ASSERT_EQUAL(bytes[0], '\0');
    free(bytes);
    CU_ASSERT_FATAL(!dm_read_file("/proc/self/status", &bytes, &size, &error));  // its size is not known beforehand
    CU_ASSERT(size > 100 && strlen(bytes) == size);
    free(bytes);
    CU_ASSERT_EQUAL(dm_read_file(scratch("missing"), &bytes, &size, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "missing: No such file"));
    CU_ASSERT_EQUAL(dm_read_file("/", &bytes, &size, &error), DM_FAILURE);
    CU_ASSERT_STRING_EQUAL(error.message, "/ is a folder, but a file is needed");
}

static void folders_are_made_with_their_parents(void)
{
    dm_error error;
    CU_ASSERT(!dm_make_folder(scratch("a/b/c"), &error));
    CU_ASSERT(dm_is_folder(scratch("a/b/c")));
    CU_ASSERT(!dm_make_folder(scratch("a/b/c/"), &error));
    scratch_file("file", "x", 1);
    CU_ASSERT_EQUAL(dm_make_folder(scratch("file"), &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "file is a file, but a folder is needed"));
    CU_ASSERT_EQUAL(dm_make_folder(scratch("file/x"), &error), DM_FAILURE);
}

static void paths_are_joined_with_one_slash(void)
{
    static const char *const cases[][3] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"/", "b", "/b"}};
    for (size_t i = 0; i < DM_COUNT(cases); i++) {
        char *path = dm_join_path(cases[i][0], cases[i][1]);
        CU_ASSERT_STRING_EQUAL(path, cases[i][2]);
        free(path);
    }
}

const Fact facts[] = {
    FACT(nothing_is_seen_before_the_commit),
    FACT(a_failed_write_leaves_the_old_file),
    FACT(files_that_cannot_be_written_are_named),
    FACT(a_file_is_read_whole_with_its_nul_bytes),
    FACT(folders_are_made_with_their_parents),
    FACT(paths_are_joined_with_one_slash),
    {NULL, NULL},
};
