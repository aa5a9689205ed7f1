// An output that takes the place of an old file: it is on the disk before it has the name, and what a kill has left
// goes.
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/scratch.h"
#include "output.h"

// ---- In place of the C library's ------------------------------------------------------------------------------------

static char done[200];
static bool is_broken;                         // the disk
static void (*meanwhile)(const char *beside);  // what others do between the opening of a file and its lock, once
static char beside[300];                       // the first name that is tried

int fsync(int file)
{
    struct stat info;
    fstat(file, &info);
    snprintf(done + strlen(done), sizeof done - strlen(done), "%d bytes, ", (int)info.st_size);
    return is_broken ? (errno = EIO, -1) : (int)syscall(SYS_fsync, file);
}

int rename(const char *from, const char *to)
{
    snprintf(done + strlen(done), sizeof done - strlen(done), "rename");
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int flock(int file, int operation)
{
    void (*const now)(const char *) = meanwhile;
    meanwhile = NULL;
    if (now) now(beside);
    return (int)syscall(SYS_flock, file, operation);
}

// ---- Facts ----------------------------------------------------------------------------------------------------------

static const char *old_file(void)
{
    static char path[256];
    snprintf(path, sizeof path, "%s", scratch_file("old", "old", 3));
    snprintf(beside, sizeof beside, "%s.%ld-0.tmp", path, (long)getpid());
    done[0] = '\0';
    return path;
}

// A command that writes the text, and then ends so.
static dm_status write_and(const char *path, const char *text, dm_status end)
{
    Output output;
    dm_error error = {""};
    dm_status status = output_open(&output, path, false, &error);
    if (!status) fputs(text, output.stream);
    return output_close(&output, status ? status : end, &error);
}

static dm_status replace(const char *path, const char *text)
{
    return write_and(path, text, DM_OK);
}

static bool holds(const char *path, const char *expected)
{
    char text[64] = "";
    FILE *file = fopen(path, "r");
    if (!file) return false;
    const size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    return size == strlen(expected) && strcmp(text, expected) == 0;
}

static void a_replaced_file_is_on_the_disk_before_it_has_the_name(void)
{
    const char *path = old_file();
    CU_ASSERT_EQUAL(replace(path, "new text"), DM_OK);
    CU_ASSERT_STRING_EQUAL(done, "8 bytes, rename");
    CU_ASSERT(holds(path, "new text"));
    is_broken = true;
    CU_ASSERT_EQUAL(replace(path, "lost"), DM_FAILURE);
    is_broken = false;
    CU_ASSERT(holds(path, "new text"));
    CU_ASSERT_FALSE(dm_exists(beside));
}

static void a_new_file_and_a_device_are_written_as_they_go(void)
{
    old_file();
    CU_ASSERT_EQUAL(replace(scratch("new"), "text"), DM_OK);
    CU_ASSERT_EQUAL(replace("/dev/null", "text"), DM_OK);
    CU_ASSERT_STRING_EQUAL(done, "");
    CU_ASSERT(holds(scratch("new"), "text"));
    unlink(scratch("new"));
}

static void a_command_that_fails_leaves_no_new_file_without_text(void)
{
    const char *path = scratch("fails");
    CU_ASSERT_EQUAL(write_and(path, "", DM_FAILURE), DM_FAILURE);
    CU_ASSERT_FALSE(dm_exists(path));
    CU_ASSERT_EQUAL(write_and(path, "the first line", DM_FAILURE), DM_FAILURE);
    CU_ASSERT(holds(path, "the first line"));
    unlink(path);
    CU_ASSERT_EQUAL(replace(path, ""), DM_OK);
    CU_ASSERT(holds(path, ""));
    unlink(path);
}

static void what_a_kill_leaves_goes_with_the_next_and_what_lives_stays(void)
{
    const char *path = old_file();
    Output living;
    dm_error error;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        Output killed;
        if (output_open(&killed, path, false, &error)) _exit(1);
        kill(getpid(), SIGKILL);
    }
    waitpid(child, NULL, 0);
    char left[300];
    snprintf(left, sizeof left, "%s.%ld-0.tmp", path, (long)child);
    CU_ASSERT(dm_exists(left));
    CU_ASSERT_EQUAL_FATAL(output_open(&living, path, false, &error), DM_OK);
    CU_ASSERT_FALSE(dm_exists(left));
    CU_ASSERT(dm_exists(beside));
    fputs("of the first", living.stream);
    CU_ASSERT_EQUAL(replace(path, "of the second"), DM_OK);
    CU_ASSERT(holds(path, "of the second"));
    CU_ASSERT(dm_exists(beside));
    unlink(beside);
    output_close(&living, DM_FAILURE, &error);
}

static void remove_it(const char *name)
{
    CU_ASSERT_EQUAL(unlink(name), 0);
}

static void a_new_file_that_is_taken_for_a_dead_ones_is_made_again(void)
{
    const char *path = old_file();
    meanwhile = remove_it;
    CU_ASSERT_EQUAL(replace(path, "all the same"), DM_OK);
    CU_ASSERT_PTR_NULL(meanwhile);
    CU_ASSERT(holds(path, "all the same"));
}

const Fact facts[] = {
    FACT(a_replaced_file_is_on_the_disk_before_it_has_the_name),
    FACT(a_new_file_and_a_device_are_written_as_they_go),
    FACT(a_command_that_fails_leaves_no_new_file_without_text),
    FACT(what_a_kill_leaves_goes_with_the_next_and_what_lives_stays),
    FACT(a_new_file_that_is_taken_for_a_dead_ones_is_made_again),
    {NULL, NULL},
};
