// The draft of a run takes the place of the run before at one moment: whatever a kill leaves before it is the old run,
// whatever it leaves after it becomes the new one.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "core/memory.h"
#include "core/scratch.h"
#include "folder/draft.h"
#include "folder/folder_files.h"
#include "folder/folder_guard.h"
#include "test.h"

// What each run leaves, in the order in which the old ones are removed, and the new ones moved.
static const char *const olds[] = {"config.json",
                                   "generation_config.json",
                                   "model.safetensors",
                                   "vocab.json",
                                   "target_vocab.json",
                                   "source.spm",
                                   "vmap.txt",
                                   "report.html",
                                   "train.jsonl",
                                   "training.safetensors",
                                   "best-bleu.safetensors",
                                   "epoch-0003.safetensors",
                                   "epoch-0004.safetensors.tmp"};
static const char *const news[] = {
    "training.safetensors", "generation_config.json", "model.safetensors", "vocab.json", "train.jsonl", "config.json"};
enum { OLDS = sizeof olds / sizeof *olds, NEWS = sizeof news / sizeof *news };

static char folder[256], draft[300];

static void put(const char *in, const char *name, const char *text)
{
    char *path = dm_join_path(in, name);
    CU_ASSERT_EQUAL_FATAL(dm_write_file(path, text, strlen(text), NULL), DM_OK);
    dm_free(path);
}

static bool holds(const char *in, const char *name, const char *text)
{
    char *path = dm_join_path(in, name), *bytes = NULL;
    bool same = dm_exists(path) && dm_read_file(path, &bytes, NULL, NULL) == DM_OK && strcmp(bytes, text) == 0;
    dm_free(bytes);
    dm_free(path);
    return same;
}

static bool lacks(const char *in, const char *name)
{
    char *path = dm_join_path(in, name);
    bool there = dm_exists(path);
    dm_free(path);
    return !there;
}

// The old run in the folder, a file that is none of ours, and a draft of the first `count` of the new files.
static void begin(int count)
{
    static int runs;
    char *made = NULL, name[32];
    snprintf(name, sizeof name, "run%d", runs++);
    snprintf(folder, sizeof folder, "%s", scratch(name));
    CU_ASSERT_EQUAL_FATAL(dm_make_folder(folder, NULL), DM_OK);
    for (int i = 0; i < OLDS; i++) put(folder, olds[i], "old");
    put(folder, "mine", "mine");
    CU_ASSERT_EQUAL_FATAL(dm_draft_make(&made, folder, NULL), DM_OK);
    snprintf(draft, sizeof draft, "%s", made);
    dm_free(made);
    for (int i = 0; i < count; i++) put(draft, news[i], "new");
}

static bool is_new(const char *name)
{
    for (int i = 0; i < NEWS; i++)
        if (strcmp(news[i], name) == 0) return true;
    return false;
}

static void expect_the_new_run(void)
{
    for (int i = 0; i < NEWS; i++) CU_ASSERT(holds(folder, news[i], "new"));
    for (int i = 0; i < OLDS; i++) CU_ASSERT(is_new(olds[i]) || lacks(folder, olds[i]));
    CU_ASSERT(holds(folder, "mine", "mine"));
    CU_ASSERT_FALSE(dm_exists(draft));
}

static void settle(bool expected)
{
    bool installed = !expected;
    CU_ASSERT_EQUAL(dm_draft_settle(&installed, folder, NULL), DM_OK);
    CU_ASSERT_EQUAL(installed, expected);
}

static void a_whole_draft_replaces_the_run_before(void)
{
    begin(NEWS);
    CU_ASSERT_EQUAL(dm_draft_install(folder, NULL), DM_OK);
    expect_the_new_run();
    settle(false);
    expect_the_new_run();
}

static void a_draft_that_is_not_whole_leaves_the_run_before(void)
{
    for (int count = 0; count < NEWS; count++) {
        begin(count);
        settle(false);
        for (int i = 0; i < OLDS; i++) CU_ASSERT(holds(folder, olds[i], "old"));
        CU_ASSERT(holds(folder, "mine", "mine"));
        CU_ASSERT_FALSE(dm_exists(draft));
    }
}

static void a_kill_while_the_old_is_removed(void)
{
    for (int gone = 0; gone <= OLDS; gone++) {
        begin(NEWS);
        for (int i = 0; i < gone; i++) {
            char *path = dm_join_path(folder, olds[i]);
            remove(path);
            dm_free(path);
        }
        settle(true);
        expect_the_new_run();
    }
}

static void a_kill_while_the_new_is_moved(void)
{
    for (int moved = 1; moved < NEWS; moved++) {
        begin(NEWS);
        dm_folder_clear(folder);
        for (int i = 0; i < moved; i++) {
            char *from = dm_join_path(draft, news[i]), *to = dm_join_path(folder, news[i]);
            CU_ASSERT_EQUAL(rename(from, to), 0);
            dm_free(from);
            dm_free(to);
        }
        settle(true);
        expect_the_new_run();
    }
}

// ---- The order in which it comes to the disk ------------------------------------------------------------------------

// What was done to the two folders, a letter each: f and d, folder and draft were synced; u, something was removed;
// t, c, m: training.safetensors, config.json or another file was moved; r, the draft was removed.
static char done[256];
static size_t deeds;
static bool watched;

static void note(char deed)
{
    if (watched && deeds + 1 < sizeof done) done[deeds++] = deed;
}

static bool is_open(int file, const char *path)
{
    struct stat open, named;
    return fstat(file, &open) == 0 && stat(path, &named) == 0 && open.st_ino == named.st_ino;
}

// In the place of the C library's.
int fsync(int file)
{
    if (watched) note(is_open(file, folder) ? 'f' : is_open(file, draft) ? 'd' : '?');
    return (int)syscall(SYS_fsync, file);
}

int unlink(const char *path)
{
    const int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (result == 0) note('u');
    return result;
}

int rename(const char *from, const char *to)
{
    note(strstr(from, "/training.") ? 't' : strstr(from, "/config.") ? 'c' : 'm');
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int rmdir(const char *path)
{
    note('r');
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

// Without the repetitions of a letter.
static void expect_deeds(const char *deeds_expected)
{
    size_t kept = 0;
    for (size_t i = 0; i < deeds; i++)
        if (!kept || done[kept - 1] != done[i]) done[kept++] = done[i];
    done[kept] = '\0';
    CU_ASSERT_STRING_EQUAL(done, deeds_expected);
}

static void each_step_is_on_the_disk_before_the_next_begins(void)
{
    begin(NEWS);
    deeds = 0, watched = true;
    const Status status = dm_draft_install(folder, NULL);
    watched = false;
    CU_ASSERT_EQUAL(status, DM_OK);
    expect_deeds("fd"   // the draft is whole
                 "uf"   // the old run goes
                 "tfd"  // the folder is the new run's
                 "mfd"  // all of it is there
                 "cfd"  // and says so
                 "r");
}

// What --overwrite removes goes with a run, a report that shows it as well; the lock is held meanwhile.
static void every_file_of_a_run_is_removed(void)
{
    begin(0);
    for (int i = 0; i < DM_FOLDER_FILES; i++)
        if (i != DM_DRAFT_FOLDER) put(folder, dm_folder_rows[i].name, "old");
    dm_folder_clear(folder);
    for (int i = 0; i < DM_EPOCH_FILES; i++)
        if (i != DM_LOCK_FILE && i != DM_DRAFT_FOLDER) CU_ASSERT_FALSE(dm_folder_has(folder, (FolderFile)i));
    CU_ASSERT(dm_folder_has(folder, DM_LOCK_FILE));
    CU_ASSERT_FALSE(dm_folder_has_weights(folder));
    put(folder, "best-chrf.safetensors", "old");
    CU_ASSERT(dm_folder_has_weights(folder));
}

static void a_lock_that_is_given_back_leaves_no_file(void)
{
    int lock, other;
    begin(0);
    CU_ASSERT_EQUAL_FATAL(dm_folder_lock(&lock, folder, "train", NULL), DM_OK);
    CU_ASSERT_EQUAL(dm_folder_lock(&other, folder, "train", NULL), DM_FAILURE);
    dm_folder_unlock(&lock, folder);
    CU_ASSERT_FALSE(dm_folder_has(folder, DM_LOCK_FILE));
    CU_ASSERT_EQUAL_FATAL(dm_folder_lock(&lock, folder, "train", NULL), DM_OK);
    dm_folder_unlock(&lock, folder);
}

// One process may have opened the file that another is about to remove. Takes and gives back the lock many times; exit
// status 1: another process had it at the same time.
static int contend(const char *witness)
{
    for (int i = 0; i < 2000; i++) {
        int lock, file;
        if (dm_folder_lock(&lock, folder, "train", NULL)) continue;
        if ((file = open(witness, O_CREAT | O_EXCL, 0666)) < 0) return 1;
        close(file);
        usleep(20);
        unlink(witness);
        dm_folder_unlock(&lock, folder);
    }
    return 0;
}

static void no_two_have_the_lock(void)
{
    enum { PROCESSES = 4 };
    begin(0);
    char *witness = dm_join_path(folder, "witness");
    pid_t child[PROCESSES];
    for (int i = 0; i < PROCESSES; i++)
        if ((child[i] = fork()) == 0) _exit(contend(witness));
    for (int i = 0; i < PROCESSES; i++) {
        int status = 1;
        CU_ASSERT_EQUAL(waitpid(child[i], &status, 0), child[i]);
        CU_ASSERT_EQUAL(status, 0);
    }
    dm_free(witness);
}

const Fact facts[] = {
    FACT(a_whole_draft_replaces_the_run_before),
    FACT(a_draft_that_is_not_whole_leaves_the_run_before),
    FACT(a_kill_while_the_old_is_removed),
    FACT(a_kill_while_the_new_is_moved),
    FACT(each_step_is_on_the_disk_before_the_next_begins),
    FACT(every_file_of_a_run_is_removed),
    FACT(a_lock_that_is_given_back_leaves_no_file),
    FACT(no_two_have_the_lock),
    {NULL, NULL},
};
