// Files: a reader sees the old file or the new one, and a failure leaves the old one.
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/files.h"
#include "core/memory.h"
#include "core/scratch.h"

static bool holds(const char *path, const char *expected)
{
    char *bytes = NULL;
    size_t size;
    bool same = !dm_read_file(path, &bytes, &size, NULL) && size == strlen(expected) && strcmp(bytes, expected) == 0;
    dm_free(bytes);
    return same;
}

// How many files in the scratch folder are not committed.
static int uncommitted(void)
{
    int count = 0;
    DIR *listing = opendir(scratch(""));
    for (struct dirent *entry; (entry = readdir(listing));) count += dm_temporary_stem(entry->d_name) > 0;
    closedir(listing);
    return count;
}

static void nothing_is_seen_before_the_commit(void)
{
    char *path = dm_copy_string(scratch_file("file", "old", 3));
    FileWriter writer;
    dm_error error;
    CU_ASSERT_FATAL(!dm_writer_open(&writer, path, &error));
    fputs("new", writer.stream);
    fflush(writer.stream);
    CU_ASSERT(holds(path, "old"));
    CU_ASSERT(!dm_writer_commit(&writer, &error));
    CU_ASSERT(holds(path, "new"));
    CU_ASSERT_EQUAL(uncommitted(), 0);
    CU_ASSERT_FATAL(!dm_writer_open(&writer, path, &error));
    fputs("never", writer.stream);
    dm_writer_discard(&writer);
    CU_ASSERT(holds(path, "new"));
    CU_ASSERT_EQUAL(uncommitted(), 0);
    dm_free(path);
}

// ---- What survives a power cut --------------------------------------------------------------------------------------

// These take the place of the C library's, for all that is linked into this program, and write down what was done.
static struct {
    char *at, events[200];
    int fail_files;  // to say that they cannot be synced: the disk is broken
} done;

static void note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (done.at) done.at += vsnprintf(done.at, sizeof done.events - (size_t)(done.at - done.events), format, arguments);
    va_end(arguments);
}

int fsync(int file)
{
    struct stat info;
    fstat(file, &info);
    if (S_ISDIR(info.st_mode))
        note("folder ");
    else
        note("file of %d bytes ", (int)info.st_size);
    if (done.fail_files && S_ISREG(info.st_mode)) return errno = EIO, -1;
    return (int)syscall(SYS_fsync, file);
}

int rename(const char *from, const char *to)
{
    note("rename ");
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

// Between the moments at which a file is opened and locked, others may do what this does; once.
static void (*meanwhile)(int operation);

int flock(int file, int operation)
{
    void (*const now)(int) = meanwhile;
    meanwhile = NULL;
    if (now) now(operation);
    return (int)syscall(SYS_flock, file, operation);
}

static void start_notes(bool fail_files)
{
    done.at = done.events;
    done.events[0] = '\0';
    done.fail_files = fail_files;
}

// The bytes before the name that leads to them, and the name before the caller is told that all is well.
static void a_commit_is_on_the_disk(void)
{
    char *path = dm_copy_string(scratch("file"));
    dm_error error;
    start_notes(false);
    CU_ASSERT(!dm_write_file(path, "all", 3, &error));
    CU_ASSERT_STRING_EQUAL(done.events, "file of 3 bytes rename folder ");
    start_notes(true);
    CU_ASSERT_EQUAL(dm_write_file(path, "none", 4, &error), DM_FAILURE);
    CU_ASSERT_STRING_EQUAL(done.events, "file of 4 bytes ");
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "Input/output error"));
    done.at = NULL;
    done.fail_files = false;
    CU_ASSERT(holds(path, "all"));
    CU_ASSERT_EQUAL(uncommitted(), 0);
    dm_free(path);
}

static void a_name_without_a_folder_is_synced_too(void)
{
    char *before = getcwd(NULL, 0);
    CU_ASSERT_EQUAL_FATAL(chdir(scratch("")), 0);
    start_notes(false);
    CU_ASSERT(!dm_write_file("file", "x", 1, NULL));
    CU_ASSERT_STRING_EQUAL(done.events, "file of 1 bytes rename folder ");
    done.at = NULL;
    CU_ASSERT_EQUAL(chdir(before), 0);
    free(before);
}

// ---- Several writers ------------------------------------------------------------------------------------------------

static void two_writers_of_one_path_both_end_whole(void)
{
    char *path = dm_copy_string(scratch("file"));
    FileWriter first, second;
    dm_error error;
    CU_ASSERT_FATAL(!dm_writer_open(&first, path, &error));
    CU_ASSERT_FATAL(!dm_writer_open(&second, path, &error));
    CU_ASSERT_EQUAL(uncommitted(), 2);
    fputs("of the first", first.stream);
    fflush(first.stream);
    fputs("second", second.stream);
    CU_ASSERT(!dm_writer_commit(&second, &error));
    CU_ASSERT(holds(path, "second"));
    CU_ASSERT(!dm_writer_commit(&first, &error));
    CU_ASSERT(holds(path, "of the first"));
    CU_ASSERT_EQUAL(uncommitted(), 0);
    dm_free(path);
}

// What a child has of its own is freed, or valgrind calls it a leak.
static void end_child(int status, char *path)
{
    dm_free(path);
    _exit(status);
}

// Is killed while it writes.
static void write_and_die(const char *path)
{
    FileWriter writer;
    if (dm_writer_open(&writer, path, NULL)) _exit(1);
    fputs("half", writer.stream);
    fflush(writer.stream);
    kill(getpid(), SIGKILL);
}

// Of the same path: no other file is touched, be it named alike.
static void what_a_killed_writer_leaves_goes_with_the_next_write(void)
{
    char *path = dm_copy_string(scratch_file("file", "old", 3)), *other = dm_copy_string(scratch("file.more"));
    const char *const alike[] = {"file.tmp", "file.7-a.tmp", "file.7-0.tmp.gz", "afile.7-0.tmp"};
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        const pid_t child = fork();
        if (child == 0) write_and_die(i ? other : path);
        waitpid(child, NULL, 0);
    }
    CU_ASSERT_EQUAL(uncommitted(), 2);
    CU_ASSERT(holds(path, "old"));
    for (size_t i = 0; i < DM_COUNT(alike); i++) scratch_file(alike[i], "mine", 4);
    FileWriter living;
    CU_ASSERT_FATAL(!dm_writer_open(&living, path, NULL));
    CU_ASSERT(!dm_write_file(path, "new", 3, NULL));
    CU_ASSERT(!dm_writer_commit(&living, NULL));
    for (size_t i = 0; i < DM_COUNT(alike); i++) {
        CU_ASSERT(holds(scratch(alike[i]), "mine"));
        unlink(scratch(alike[i]));
    }
    CU_ASSERT_EQUAL(uncommitted(), 1);  // of the other path
    CU_ASSERT(!dm_write_file(other, "new", 3, NULL));
    CU_ASSERT_EQUAL(uncommitted(), 0);
    dm_free(path);
    dm_free(other);
}

static char *contested;
static FileWriter contestant;

static void commit_and_begin_anew(int operation)
{
    CU_ASSERT(operation & LOCK_NB);
    CU_ASSERT(!dm_writer_commit(&contestant, NULL));
    CU_ASSERT_FATAL(!dm_writer_open(&contestant, contested, NULL));
}

// The next file of a writer has the name that the last one had.
static void a_writer_that_commits_while_another_looks_keeps_its_next_file(void)
{
    contested = dm_copy_string(scratch("file"));
    CU_ASSERT_FATAL(!dm_writer_open(&contestant, contested, NULL));
    meanwhile = commit_and_begin_anew;
    CU_ASSERT(!dm_write_file(contested, "of another", 10, NULL));
    CU_ASSERT_PTR_NULL(meanwhile);
    fputs("next", contestant.stream);
    CU_ASSERT(!dm_writer_commit(&contestant, NULL));
    CU_ASSERT(holds(contested, "next"));
    CU_ASSERT_EQUAL(uncommitted(), 0);
    dm_free(contested);
}

static void remove_the_new_file(int operation)
{
    CU_ASSERT_EQUAL(operation, LOCK_EX);
    char *name = dm_format("%s.%ld-0.tmp", contested, (long)getpid());
    CU_ASSERT_EQUAL(unlink(name), 0);
    dm_free(name);
}

static void a_writer_whose_new_file_is_taken_for_a_dead_ones_makes_another(void)
{
    contested = dm_copy_string(scratch("file"));
    meanwhile = remove_the_new_file;
    CU_ASSERT(!dm_write_file(contested, "all the same", 12, NULL));
    CU_ASSERT_PTR_NULL(meanwhile);
    CU_ASSERT(holds(contested, "all the same"));
    dm_free(contested);
}

// Writes the file a hundred times, each time a megabyte of one letter.
static int write_letter(const char *path, char letter)
{
    static char bytes[1 << 20];
    memset(bytes, letter, sizeof bytes);
    for (int i = 0; i < 100; i++)
        if (dm_write_file(path, bytes, sizeof bytes, NULL)) return 1;
    return 0;
}

static void two_processes_that_write_one_path_do_not_mix(void)
{
    char *path = dm_copy_string(scratch_file("file", "", 0)), *bytes;
    pid_t children[2];
    fflush(NULL);
    for (int i = 0; i < 2; i++)
        if ((children[i] = fork()) == 0) end_child(write_letter(path, (char)('a' + i)), path);
    for (int left = 2; left > 0;) {
        size_t size = 0;
        CU_ASSERT_FATAL(!dm_read_file(path, &bytes, &size, NULL));
        CU_ASSERT(!size || (size == 1 << 20 && strspn(bytes, (char[]){bytes[0], '\0'}) == size));
        dm_free(bytes);
        int status;
        if (waitpid(children[left - 1], &status, WNOHANG) <= 0) continue;
        CU_ASSERT_EQUAL(status, 0);
        left--;
    }
    CU_ASSERT_EQUAL(uncommitted(), 0);
    dm_free(path);
}

static unsigned mode_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? info.st_mode & 07777 : 0;
}

static void a_file_has_the_mode_of_the_one_that_it_replaces(void)
{
    const mode_t before = umask(027);
    const char *path = scratch_file("moded", "old", 3);
    CU_ASSERT_EQUAL(mode_of(path), 0640);
    chmod(path, 0606);
    scratch_file("moded", "new", 3);
    CU_ASSERT_EQUAL(mode_of(path), 0606);
    umask(before);
}

static void uncommitted_files_are_told_by_their_names(void)
{
    static const struct {
        const char *name;
        size_t stem;
    } cases[] = {{"model.safetensors.123-0.tmp", 17},
                 {"model.safetensors.tmp", 17},
                 {"a.1-23.tmp", 1},
                 {"a.b-1.tmp", 5},
                 {"a.1-.tmp", 4},
                 {"model.safetensors", 0},
                 {".tmp", 0},
                 {"", 0}};
    for (size_t i = 0; i < DM_COUNT(cases); i++) CU_ASSERT_EQUAL(dm_temporary_stem(cases[i].name), cases[i].stem);
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
    char *path = dm_copy_string(scratch_file("file", "old", 3));
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) end_child(write_too_much(path), path);
    int status = -1;
    waitpid(child, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT(holds(path, "old"));
    CU_ASSERT_EQUAL(uncommitted(), 0);
    dm_free(path);
}

static void files_that_cannot_be_written_are_named(void)
{
    dm_error error;
    CU_ASSERT_EQUAL(dm_write_file(scratch("no/such/folder"), "x", 1, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "no/such/folder: No such file or directory"));
    char *folder = dm_copy_string(scratch("folder"));
    CU_ASSERT(!dm_make_folder(folder, &error));
    CU_ASSERT_EQUAL(dm_write_file(folder, "x", 1, &error), DM_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, folder));
    CU_ASSERT(dm_is_folder(folder));
    dm_free(folder);
}

static void a_file_is_read_whole_with_its_nul_bytes(void)
{
    char *bytes;
    size_t size;
    dm_error error;
    CU_ASSERT_FATAL(!dm_read_file(scratch_file("file", "a\0b", 3), &bytes, &size, &error));
    CU_ASSERT_EQUAL(size, 3);
    CU_ASSERT(memcmp(bytes, "a\0b", 4) == 0);
    dm_free(bytes);
    CU_ASSERT_FATAL(!dm_read_file(scratch_file("file", "", 0), &bytes, &size, &error));
    CU_ASSERT_EQUAL(size, 0);
    CU_ASSERT_EQUAL(bytes[0], '\0');
    dm_free(bytes);
    CU_ASSERT_FATAL(!dm_read_file("/proc/self/status", &bytes, &size, &error));  // its size is not known beforehand
    CU_ASSERT(size > 100 && strlen(bytes) == size);
    dm_free(bytes);
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
        dm_free(path);
    }
}

const Fact facts[] = {
    FACT(nothing_is_seen_before_the_commit),
    FACT(a_commit_is_on_the_disk),
    FACT(a_name_without_a_folder_is_synced_too),
    FACT(two_writers_of_one_path_both_end_whole),
    FACT(what_a_killed_writer_leaves_goes_with_the_next_write),
    FACT(a_writer_that_commits_while_another_looks_keeps_its_next_file),
    FACT(a_writer_whose_new_file_is_taken_for_a_dead_ones_makes_another),
    FACT(two_processes_that_write_one_path_do_not_mix),
    FACT(a_file_has_the_mode_of_the_one_that_it_replaces),
    FACT(uncommitted_files_are_told_by_their_names),
    FACT(a_failed_write_leaves_the_old_file),
    FACT(files_that_cannot_be_written_are_named),
    FACT(a_file_is_read_whole_with_its_nul_bytes),
    FACT(folders_are_made_with_their_parents),
    FACT(paths_are_joined_with_one_slash),
    {NULL, NULL},
};
