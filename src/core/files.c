// Files: read whole; written beside the final name, synced, renamed.
#include "core/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/memory.h"
#include "core/scope.h"

char *dm_join_path(const char *folder, const char *name)
{
    size_t length = strlen(folder);
    return dm_format("%s%s%s", folder, length && folder[length - 1] == '/' ? "" : "/", name);
}

bool dm_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

Status dm_look_for(bool *there, const char *path, Error *error)
{
    struct stat info;
    *there = stat(path, &info) == 0;
    if (*there || errno == ENOENT || errno == ENOTDIR) return DM_OK;
    if (errno == EACCES)
        return dm_fail(error, "cannot look at %s: you have no permission for the folder that it is in (chmod gives it)",
                       path);
    return dm_fail(error, "cannot look at %s: %s", path, strerror(errno));
}

Status dm_refuse_pointer(const char *name, const void *bytes, size_t size, Error *error)
{
    static const char pointer[] = "version https://git-lfs";
    if (size < sizeof pointer || memcmp(bytes, pointer, sizeof pointer - 1) != 0) return DM_OK;
    return dm_fail(error, "%s is only a pointer to the file, which Git LFS keeps: run `git lfs pull` there", name);
}

bool dm_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static void close_file(void *file)
{
    fclose(file);
}

static Status open_file(FILE **file, const char *path, bool named, Error *error)
{
    struct stat info;
    if (dm_is_folder(path)) return dm_fail(error, "%s is a folder, but a file is needed", path);
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | (named ? 0 : O_NONBLOCK));
    const bool other = !named && descriptor >= 0 && fstat(descriptor, &info) == 0 && !S_ISREG(info.st_mode);
    *file = descriptor < 0 || other ? NULL : fdopen(descriptor, "rb");
    if (*file) return DM_OK;
    const int reason = errno;
    if (descriptor >= 0) close(descriptor);
    return other ? dm_fail(error, "%s is not an ordinary file, but one is needed", path)
                 : dm_fail(error, "cannot open %s: %s", path, strerror(reason));
}

static Status read_file(const char *path, bool named, char **bytes, size_t *size, Error *error)
{
    FILE *file;
    const Status status = open_file(&file, path, named, error);
    if (status) return status;
    size_t used = 0, room = 1 << 16, got;
    struct stat info;
    if (fstat(fileno(file), &info) == 0 && S_ISREG(info.st_mode)) room = (size_t)info.st_size + 2;
    dm_guard(close_file, file);
    char *text = dm_reallocate(NULL, room, 1);
    while ((got = fread(text + used, 1, room - used - 1, file)) > 0) {
        used += got;
        if (room - used < 2) text = dm_reallocate(text, room *= 2, 1);
    }
    bool failed = ferror(file);
    int reason = errno;
    dm_unguard(file);
    fclose(file);
    if (failed) {
        dm_free(text);
        return dm_fail(error, "cannot read %s: %s", path, strerror(reason));
    }
    text[used] = '\0';
    if (dm_refuse_pointer(path, text, used, error)) {
        dm_free(text);
        return DM_FAILURE;
    }
    *bytes = text;
    if (size) *size = used;
    return DM_OK;
}

Status dm_read_file(const char *path, char **bytes, size_t *size, Error *error)
{
    return read_file(path, false, bytes, size, error);
}

Status dm_read_named_file(const char *path, char **bytes, size_t *size, Error *error)
{
    return read_file(path, true, bytes, size, error);
}

bool dm_is_same_file(const char *one, const char *other)
{
    struct stat a, b;
    return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// ---- Writing --------------------------------------------------------------------------------------------------------

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return dm_copy_string(".");
    return dm_format("%.*s", slash == path ? 1 : (int)(slash - path), path);
}

// From the end: ".tmp", a number, "-", a number, "."; or, as they were called once, ".tmp" alone.
size_t dm_temporary_stem(const char *name)
{
    static const char digits[] = "0123456789";
    const size_t length = strlen(name);
    if (length < 5 || strcmp(name + length - 4, ".tmp") != 0) return 0;
    const size_t end = length - 4;
    for (size_t at = end - 1; at > 0; at--) {
        if (name[at] != '.') continue;
        const size_t process = strspn(name + at + 1, digits), dash = at + 1 + process;
        const size_t number = name[dash] == '-' ? strspn(name + dash + 1, digits) : 0;
        return process && number && dash + 1 + number == end ? at : end;
    }
    return end;
}

// BASE.PROCESS-NUMBER.tmp; BASE.tmp may be anybody's.
static bool is_temporary_of(const char *name, const char *base)
{
    const size_t length = strlen(base);
    return dm_temporary_stem(name) == length && strncmp(name, base, length) == 0 && strcmp(name + length, ".tmp") != 0;
}

bool dm_is_named(int file, int folder, const char *name)
{
    struct stat held, named;
    return fstat(file, &held) == 0 && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

// Removes what killed writers of the same path have left. A writer that lives holds the lock of its file from the
// moment it is made until it has another name; if we come in that very moment, it makes another one.
static void remove_abandoned(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    char *folder = folder_of(path);
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && (entry = readdir(listing));) {
        if (!is_temporary_of(entry->d_name, base)) continue;
        const int file = openat(dirfd(listing), entry->d_name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (file < 0) continue;
        if (flock(file, LOCK_EX | LOCK_NB) == 0 && dm_is_named(file, dirfd(listing), entry->d_name))
            unlinkat(dirfd(listing), entry->d_name, 0);
        close(file);
    }
    if (listing) closedir(listing);
    dm_free(folder);
}

// A file of a name that nobody else has: PATH.PROCESS-NUMBER.tmp. Other threads and processes of other machines may
// have taken some. Returns a descriptor, locked, or -1 and the reason in errno; the name is NULL then.
static int make_temporary(const char *path, char **name)
{
    for (unsigned number = 0;; number++) {
        *name = dm_format("%s.%ld-%u.tmp", path, (long)getpid(), number);
        const int file = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), reason = errno;
        // Without locks (some file systems have none) nobody can lock it to remove it either.
        if (file >= 0 && (flock(file, LOCK_EX) != 0 || dm_is_named(file, AT_FDCWD, *name))) return file;
        dm_free(*name);
        *name = NULL;
        if (file >= 0) {
            close(file);
        } else if (reason != EEXIST) {
            errno = reason;
            return -1;
        }
    }
}

static void discard(void *writer)
{
    dm_writer_discard(writer);
}

Status dm_writer_open(FileWriter *writer, const char *path, Error *error)
{
    *writer = (FileWriter){.path = dm_copy_string(path), .lock = -1};
    remove_abandoned(path);
    const int file = make_temporary(path, &writer->temporary);
    struct stat old;
    const bool replaces = file >= 0 && stat(path, &old) == 0 && S_ISREG(old.st_mode);
    if (file >= 0 && (!replaces || fchmod(file, old.st_mode & 0777) == 0)) writer->stream = fdopen(file, "wb");
    if (writer->stream) {
        writer->lock = fcntl(file, F_DUPFD_CLOEXEC, 0);
        dm_guard(discard, writer);
        return DM_OK;
    }
    Status status = dm_fail(error, "cannot write %s: %s", path, strerror(errno));
    if (file >= 0) close(file);
    dm_writer_discard(writer);
    return status;
}

void dm_sync_folder(const char *folder)
{
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    fsync(descriptor);
    close(descriptor);
}

static void sync_folder_of(const char *path)
{
    char *folder = folder_of(path);
    dm_sync_folder(folder);
    dm_free(folder);
}

Status dm_writer_commit(FileWriter *writer, Error *error)
{
    const bool failed_before = ferror(writer->stream);  // the reason is gone, but what fails in the middle is the room
    errno = 0;
    bool good = fflush(writer->stream) == 0 && !failed_before && fsync(fileno(writer->stream)) == 0;
    if (fclose(writer->stream) != 0) good = false;
    writer->stream = NULL;
    if (good && rename(writer->temporary, writer->path) != 0) good = false;
    const int reason = errno;
    Status status = DM_OK;
    if (good) {
        dm_free(writer->temporary);
        writer->temporary = NULL;
        sync_folder_of(writer->path);
    } else if (!reason || reason == ENOSPC || reason == EDQUOT || reason == EFBIG) {
        status = dm_fail(
            error, "cannot write %s: %s; what stood there is unchanged: make room, then give the same command again",
            writer->path, strerror(reason ? reason : ENOSPC));
    } else {
        status = dm_fail(error, "cannot write %s: %s", writer->path, strerror(reason));
    }
    dm_writer_discard(writer);
    return status;
}

void dm_writer_discard(FileWriter *writer)
{
    dm_unguard(writer);
    if (writer->stream) fclose(writer->stream);
    if (writer->temporary) unlink(writer->temporary);
    if (writer->lock >= 0) close(writer->lock);
    dm_free(writer->temporary);
    dm_free(writer->path);
    *writer = (FileWriter){.lock = -1};
}

Status dm_write_file(const char *path, const void *bytes, size_t size, Error *error)
{
    FileWriter writer;
    Status status = dm_writer_open(&writer, path, error);
    if (status) return status;
    fwrite(bytes, 1, size, writer.stream);
    return dm_writer_commit(&writer, error);
}

// ---- Folders --------------------------------------------------------------------------------------------------------

Status dm_make_folder(const char *path, Error *error)
{
    char *partial = dm_copy_string(path);
    Status status = DM_OK;
    for (char *at = partial + 1; !status; at++) {
        if (*at != '/' && *at != '\0') continue;
        char kept = *at;
        *at = '\0';
        if (mkdir(partial, 0777) != 0 && errno != EEXIST)
            status = dm_fail(error, "cannot make the folder %s: %s", partial, strerror(errno));
        *at = kept;
        if (!kept) break;
    }
    if (!status && !dm_is_folder(path)) status = dm_fail(error, "%s is a file, but a folder is needed", path);
    dm_free(partial);
    return status;
}
