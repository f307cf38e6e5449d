#include "login_file.h"

#include "base/container.h"
#include "handler/keeper.h"
#include "os/beneath.h"
#include "os/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FAULTS_MOST 10u /* lines of one file that are told */

struct login_file *login_file_new(enum password_kind kind, struct slice path, struct slice below)
{
    struct login_file *file = calloc(1, sizeof(*file));

    if (!file)
        abort();
    file->kind = kind;
    file->path = slice_dup(path);
    file->below = slice_dup(below);
    return file;
}

void login_text_free(struct login_text *text)
{
    if (!text)
        return;
    password_file_done(&text->parsed);
    arena_done(&text->arena);
    free(text);
}

void login_file_free(struct login_file *file)
{
    login_text_free(file->text);
    free(file->path);
    free(file->below);
    free(file);
}

/* ---- faulty lines ---- */

struct reader {
    struct password_critic critic;
    struct log *log;
    const char *path;
    unsigned faults;
};

static void note_fault(struct password_critic *critic, unsigned line, const char *why)
{
    struct reader *reader = container_of(critic, struct reader, critic);

    if (++reader->faults <= FAULTS_MOST)
        log_warning(reader->log, "%s:%u: %s; the line does not count", reader->path, line, why);
}

/* Told by the check of the configuration, not at each reading. */
static void pass_doubt(struct password_critic *critic, unsigned line, const char *why)
{
    (void)critic;
    (void)line;
    (void)why;
}

/* ---- reading ---- */

static bool stamps_equal(const struct login_stamp *a, const struct login_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static void stamp_of(const struct stat *info, struct login_stamp *ret)
{
    *ret = (struct login_stamp){
        .device = info->st_dev,
        .inode = info->st_ino,
        .size = info->st_size,
        .modified = info->st_mtim,
        .changed = info->st_ctim,
    };
}

static int read_bytes(struct login_text *text, int fd, struct slice *ret)
{
    char *bytes = NULL;
    size_t len = 0;
    int r = fd_read_all(fd, KEEPER_FILE_MOST, &bytes, &len);

    if (r < 0)
        return r;
    *ret = arena_copy(&text->arena, slice_of(bytes, len));
    explicit_bzero(bytes, len);
    free(bytes);
    return 0;
}

/* In a website, where others write. */
static int open_below(const struct login_file *file, struct stat *ret_info, int *ret_fd)
{
    const size_t len = strlen(file->below);
    scoped_fd root = -1;
    int r = beneath_root(file->below, &root);

    return r < 0 ? r
                 : beneath_open(root, file->path + len + 1, BENEATH_OWNED_LINKS, ret_fd, ret_info);
}

static int open_anywhere(const struct login_file *file, struct stat *ret_info, int *ret_fd)
{
    scoped_fd fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0 || fstat(fd, ret_info) < 0)
        return -errno;
    *ret_fd = fd_take(&fd);
    return 0;
}

static int open_file(const struct login_file *file, struct stat *ret_info, int *ret_fd)
{
    scoped_fd fd = -1;
    int r = file->below[0] != '\0' ? open_below(file, ret_info, &fd)
                                   : open_anywhere(file, ret_info, &fd);

    if (r < 0)
        return r;
    if (!S_ISREG(ret_info->st_mode))
        return S_ISDIR(ret_info->st_mode) ? -EISDIR : -EINVAL;
    if (ret_info->st_size > (off_t)KEEPER_FILE_MOST)
        return -EFBIG;
    *ret_fd = fd_take(&fd);
    return 0;
}

struct login_text *login_text_read(const struct login_file *file, const struct login_stamp *known,
                                   struct log *log)
{
    struct reader reader = { .critic = { .fault = note_fault, .doubt = pass_doubt },
                             .log = log,
                             .path = file->path };
    struct slice bytes = SLICE("");
    struct login_text *text;
    struct stat info = { 0 };
    scoped_fd fd = -1;

    if (known && stat(file->path, &info) == 0) {
        struct login_stamp now;

        stamp_of(&info, &now);
        if (stamps_equal(known, &now))
            return NULL;
    }
    text = calloc(1, sizeof(*text));
    if (!text)
        abort();
    text->error = open_file(file, &info, &fd);
    if (text->error == 0)
        text->error = read_bytes(text, fd, &bytes);
    if (text->error == 0)
        stamp_of(&info, &text->stamp);
    password_file_parse(bytes, file->kind, &text->arena, &reader.critic, &text->parsed);
    if (reader.faults > FAULTS_MOST)
        log_warning(log, "%s: %u more lines are faulty and do not count", file->path,
                    reader.faults - FAULTS_MOST);
    return text;
}
