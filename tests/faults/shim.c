/* Faults of a disk, for LD_PRELOAD: logs, fails and tears what a process does to the files below a path.
 *
 * The process controls it itself, through ctypes:
 *   shim_watch(prefix, log)          watch the files whose path begins with prefix; append what happens to log
 *   shim_arm(first, count, error, half)  let the watched calls number first .. first + count - 1 fail with errno error;
 *                                    half: a write that fails has written its first half
 *   shim_arm_reads(first, count)     the same for reads, with EIO
 *   shim_read_only(on)               opening for writing fails with EROFS
 *   shim_full(on)                    writing that would make a file longer fails with ENOSPC
 *   shim_calls(), shim_reads()       how many watched calls there were since shim_arm, shim_arm_reads
 *   shim_mark(text)                  a line of the process's own in the log
 *
 * A log entry: op (1 byte), length of the name (2), offset (8), length of the data (4), name, data; little-endian.
 *   W write   T truncate to offset   S synchronised   F failed to synchronise   C created   U unlinked   R renamed
 *   M mark. Shared-memory and lock files are left alone: their content does not matter after a crash.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define FDS 1024
#define NAME 512

static char prefix[NAME];
static char names[FDS][NAME];
static int log_fd = -1;
static long calls, first_call = -1, call_count;
static long reads, first_read = -1, read_count;
static int fail_errno, fail_half, read_only, full;

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static ssize_t raw_write(int fd, const void *data, size_t size)
{
    REAL(write);
    return real(fd, data, size);
}

static void entry(char op, const char *name, uint64_t offset, const void *data, uint32_t size)
{
    char head[15];
    uint16_t length = (uint16_t)strlen(name);
    if (log_fd < 0) return;
    head[0] = op;
    memcpy(head + 1, &length, 2);
    memcpy(head + 3, &offset, 8);
    memcpy(head + 11, &size, 4);
    raw_write(log_fd, head, sizeof head);
    raw_write(log_fd, name, length);
    if (size) raw_write(log_fd, data, size);
}

static int ends_with(const char *path, const char *end)
{
    size_t n = strlen(path), m = strlen(end);
    return n >= m && !strcmp(path + n - m, end);
}

static int is_watched(const char *path)
{
    return prefix[0] && !strncmp(path, prefix, strlen(prefix)) && !ends_with(path, "-shm") && !ends_with(path, ".lock");
}

static const char *name_of(int fd)
{
    return fd >= 0 && fd < FDS && names[fd][0] ? names[fd] : 0;
}

static int fails(void)
{
    long call = calls++;
    return first_call >= 0 && call >= first_call && call < first_call + call_count;
}

static int lacks_room(int fd, uint64_t end)
{
    struct stat seen;
    return full && fstat(fd, &seen) == 0 && (uint64_t)seen.st_size < end;
}

void shim_watch(const char *path, const char *log)
{
    memset(names, 0, sizeof names);
    strncpy(prefix, path, NAME - 1);
    if (log_fd >= 0) close(log_fd);
    log_fd = *log ? open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
}

void shim_arm(long first, long count, int error, int half)
{
    calls = 0;
    first_call = first;
    call_count = count;
    fail_errno = error;
    fail_half = half;
}

void shim_arm_reads(long first, long count)
{
    reads = 0;
    first_read = first;
    read_count = count;
}

void shim_full(int on) { full = on; }
void shim_read_only(int on) { read_only = on; }
long shim_calls(void) { return calls; }
long shim_reads(void) { return reads; }
void shim_mark(const char *text) { entry('M', "", 0, text, (uint32_t)strlen(text)); }

static int opened(int fd, const char *path, int existed)
{
    if (fd >= 0 && fd < FDS) {
        names[fd][0] = 0;
        if (is_watched(path)) {
            strncpy(names[fd], path, NAME - 1);
            if (!existed) entry('C', path, 0, 0, 0);
        }
    }
    return fd;
}

static int forbidden(const char *path, int flags)
{
    return read_only && prefix[0] && !strncmp(path, prefix, strlen(prefix)) && (flags & (O_WRONLY | O_RDWR | O_CREAT));
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) \
    { \
        REAL(name); \
        va_list rest; \
        struct stat seen; \
        mode_t mode; \
        int existed = stat(path, &seen) == 0; \
        va_start(rest, flags); \
        mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        if (forbidden(path, flags)) { errno = EROFS; return -1; } \
        return opened(real(path, flags, mode), path, existed); \
    }
OPEN(open)
OPEN(open64)

int close(int fd)
{
    REAL(close);
    if (fd >= 0 && fd < FDS) names[fd][0] = 0;
    return real(fd);
}

#define PWRITE(name, offset_type) \
    ssize_t name(int fd, const void *data, size_t size, offset_type offset) \
    { \
        REAL(name); \
        const char *file = name_of(fd); \
        ssize_t done; \
        if (!file) return real(fd, data, size, offset); \
        if (lacks_room(fd, (uint64_t)offset + size)) { errno = ENOSPC; return -1; } \
        if (fails()) { \
            if (fail_half && (done = real(fd, data, size / 2, offset)) > 0) entry('W', file, (uint64_t)offset, data, (uint32_t)done); \
            errno = fail_errno; \
            return -1; \
        } \
        done = real(fd, data, size, offset); \
        if (done > 0) entry('W', file, (uint64_t)offset, data, (uint32_t)done); \
        return done; \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t size)
{
    const char *file = name_of(fd);
    off_t offset = file ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t done;
    if (!file) return raw_write(fd, data, size);
    if (lacks_room(fd, (uint64_t)offset + size)) { errno = ENOSPC; return -1; }
    if (fails()) {
        if (fail_half && (done = raw_write(fd, data, size / 2)) > 0) entry('W', file, (uint64_t)offset, data, (uint32_t)done);
        errno = fail_errno;
        return -1;
    }
    done = raw_write(fd, data, size);
    if (done > 0) entry('W', file, (uint64_t)offset, data, (uint32_t)done);
    return done;
}

#define PREAD(name, offset_type) \
    ssize_t name(int fd, void *data, size_t size, offset_type offset) \
    { \
        REAL(name); \
        if (name_of(fd)) { \
            long call = reads++; \
            if (first_read >= 0 && call >= first_read && call < first_read + read_count) { errno = EIO; return -1; } \
        } \
        return real(fd, data, size, offset); \
    }
PREAD(pread, off_t)
PREAD(pread64, off64_t)

#define SYNC(name) \
    int name(int fd) \
    { \
        REAL(name); \
        const char *file = name_of(fd); \
        if (!file) return real(fd); \
        if (fails()) { entry('F', file, 0, 0, 0); errno = fail_errno == ENOSPC ? EIO : fail_errno; return -1; } \
        entry('S', file, 0, 0, 0); \
        return 0; \
    }
SYNC(fsync)
SYNC(fdatasync)

#define TRUNCATE(name, offset_type) \
    int name(int fd, offset_type size) \
    { \
        REAL(name); \
        const char *file = name_of(fd); \
        if (file && fails()) { errno = fail_errno; return -1; } \
        if (file) entry('T', file, (uint64_t)size, 0, 0); \
        return real(fd, size); \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int unlink(const char *path)
{
    REAL(unlink);
    if (is_watched(path)) {
        if (fails()) { errno = fail_errno; return -1; }
        entry('U', path, 0, 0, 0);
    }
    return real(path);
}

int rename(const char *from, const char *to)
{
    REAL(rename);
    if (is_watched(from)) {
        if (fails()) { errno = fail_errno; return -1; }
        entry('R', from, 0, to, (uint32_t)strlen(to));
    }
    return real(from, to);
}
