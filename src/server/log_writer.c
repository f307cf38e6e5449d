#include "server/log_writer.h"

#include "base/container.h"
#include "base/table.h"
#include "base/text.h"
#include "os/fd.h"
#include "os/syslog_socket.h"
#include "server/log_clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYSLOG_PATIENCE_MS 200 /* with each queue of a file that is written */

/* What the system's log gets. Of the writer's thread, but for the next one. */
struct copies {
    unsigned kinds; /* enum conf_syslog_kind */
    struct syslog_socket socket;
};

struct log_writer {
    pthread_t thread;
    struct copies *copies; /* owned; NULL: none are sent */
    pthread_mutex_t lock;  /* guards all below and the queues of the files */
    pthread_cond_t news;
    struct log_file *files;
    struct table by_path; /* of those that are files */
    unsigned file_count;
    size_t waiting_bytes;
    struct copies *copies_next; /* owned: the thread changes over */
    bool stopping;
};

static void log_file_write_line(struct log *log, enum log_level level, struct slice line);

struct log_block *log_block_new(size_t room)
{
    struct log_block *block = malloc(sizeof(*block) + room);

    if (!block)
        abort();
    *block = (struct log_block){ .room = room };
    return block;
}

static void queue_put(struct log_file *file, struct log_block *block)
{
    block->next = NULL;
    *file->end = block;
    file->end = &block->next;
}

void log_file_put(struct log_file *file, struct log_block *block)
{
    struct log_writer *writer = file->writer;

    pthread_mutex_lock(&writer->lock);
    if (writer->waiting_bytes + block->len > LOG_QUEUE_MOST) {
        file->lost_lines++;
        free(block);
    } else {
        bool was_idle = writer->waiting_bytes == 0;

        writer->waiting_bytes += block->len;
        queue_put(file, block);
        if (was_idle)
            pthread_cond_signal(&writer->news);
    }
    pthread_mutex_unlock(&writer->lock);
}

static const char *level_colour(enum log_level level)
{
    switch (level) {
    case LEVEL_DEBUG:
        return "\033[2m";
    case LEVEL_INFO:
    case LEVEL_NOTICE:
        return "\033[36m";
    case LEVEL_WARNING:
        return "\033[33m";
    case LEVEL_ERROR:
        return "\033[31m";
    }
    return "";
}

/* An error-log line: "2026-11-22 13:26:01.123 error  text". */
static void log_file_write_line(struct log *log, enum log_level level, struct slice line)
{
    struct log_file *file = container_of(log, struct log_file, log);
    struct log_block *block = log_block_new(line.len + 96);
    struct text text = text_on(block->data, block->room);

    log_clock_add(&text, LOG_CLOCK_ERROR);
    text_add_char(&text, ' ');
    if (file->colours)
        text_add_cstr(&text, level_colour(level));
    text_add_cstr(&text, log_level_name(level));
    if (file->colours)
        text_add_cstr(&text, "\033[0m");
    text_add_cstr(&text, ": ");
    block->level = level;
    block->text_at = text.len;
    text_add(&text, line);
    text_add_char(&text, '\n');
    block->len = text.len;
    log_file_put(file, block);
}

/* ---- copies for the system's log ---- */

static struct copies *copies_new(const struct conf_syslog *conf)
{
    struct copies *copies = calloc(1, sizeof(*copies));

    if (!copies)
        abort();
    copies->kinds = conf->kinds;
    syslog_socket_init(&copies->socket, conf->socket, conf->ident);
    return copies;
}

static void copies_free(struct copies *copies)
{
    if (!copies)
        return;
    syslog_socket_done(&copies->socket);
    free(copies);
}

void log_writer_tell_syslog(struct log_writer *writer, const struct server_conf *conf)
{
    struct copies *copies = copies_new(&conf->syslog);

    pthread_mutex_lock(&writer->lock);
    copies_free(writer->copies_next);
    writer->copies_next = copies;
    for (struct log_file *file = writer->files; file; file = file->next)
        file->is_system =
            file->kind == conf->system_log.kind &&
            (file->kind != LOG_TO_FILE || slice_equal(file->path, conf->system_log.path));
    pthread_mutex_unlock(&writer->lock);
}

/* Under the lock. What the former one could not send is told by the next. */
static void change_copies(struct log_writer *writer)
{
    struct copies *next = writer->copies_next;

    if (!next)
        return;
    if (writer->copies)
        next->socket.lost = writer->copies->socket.lost;
    copies_free(writer->copies);
    writer->copies = next;
    writer->copies_next = NULL;
}

static void copy_block(struct copies *copies, const struct log_block *block, bool is_system,
                       int *patience_ms)
{
    static const struct copy_of {
        const char *name;
        unsigned bit;
        enum log_level level;
    } copies_of[] = {
        [LOG_OF_EVENTS] = { "error", SYSLOG_ERROR, LEVEL_ERROR },
        [LOG_OF_REQUESTS] = { "access", SYSLOG_ACCESS, LEVEL_INFO },
        [LOG_OF_EXPLOITS] = { "exploit", SYSLOG_EXPLOIT, LEVEL_WARNING },
        [LOG_OF_GARBAGE] = { "garbage", SYSLOG_GARBAGE, LEVEL_WARNING },
    };
    struct copy_of of = copies_of[block->source];
    struct slice rest = slice_skip(slice_of(block->data, block->len), block->text_at);
    struct slice line;

    if (block->source == LOG_OF_EVENTS)
        of.level = block->level;
    if (block->source == LOG_OF_EVENTS && is_system)
        of = (struct copy_of){ "system", SYSLOG_SYSTEM, block->level };
    if (!copies || (copies->kinds & of.bit) == 0)
        return;
    while (rest.len > 0) {
        slice_cut(rest, '\n', &line, &rest);
        syslog_socket_send(&copies->socket, of.level, of.name, line, patience_ms);
    }
}

/* ---- the thread ---- */

/*
 * All bytes, waiting for a full pipe or terminal; false when the file takes no more, perhaps in the
 * middle of a line.
 */
static bool write_whole(struct log_file *file, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(file->fd, data, len);

        if (n > 0) {
            data += n;
            len -= (size_t)n;
            file->torn = data[-1] != '\n';
        } else if (errno == EAGAIN) {
            struct pollfd poll_fd = { .fd = file->fd, .events = POLLOUT };

            if (poll(&poll_fd, 1, 5000) == 0)
                return false;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

/* What comes after a line that could only be written in part does not continue it. */
static bool write_block(struct log_file *file, const struct log_block *block)
{
    return (!file->torn || write_whole(file, "\n", 1)) &&
           write_whole(file, block->data, block->len);
}

static void write_lost(struct log_file *file, size_t lost_lines)
{
    char line[160];
    struct text text = text_on(line, sizeof(line));

    log_clock_add(&text, LOG_CLOCK_ERROR);
    text_printf(&text, " warning: %zu log blocks were lost: the disk was full or too slow\n",
                lost_lines);
    write_whole(file, line, text.len);
}

/* Takes a file's queue and writes it with the lock released. */
static void write_file(struct log_writer *writer, struct log_file *file)
{
    struct log_block *block = file->first;
    size_t lost_lines = 0;
    size_t written_bytes = 0;

    file->first = NULL;
    file->end = &file->first;
    if (file->fd_next >= 0) {
        if (file->kind == LOG_TO_FILE)
            fd_close(&file->fd);
        file->fd = fd_take(&file->fd_next);
        file->torn = false;
    }
    size_t lost_before = file->lost_lines;
    file->lost_lines = 0; /* others count while we write */
    const bool is_system = file->is_system;
    int patience_ms = SYSLOG_PATIENCE_MS;
    change_copies(writer);
    pthread_mutex_unlock(&writer->lock);

    while (block) {
        struct log_block *next = block->next;

        if (!write_block(file, block))
            lost_lines++;
        else if (lost_before > 0) {
            write_lost(file, lost_before);
            lost_before = 0;
        }
        copy_block(writer->copies, block, is_system, &patience_ms);
        written_bytes += block->len;
        free(block);
        block = next;
    }

    pthread_mutex_lock(&writer->lock);
    writer->waiting_bytes -= written_bytes;
    file->lost_lines += lost_before + lost_lines;
}

static bool has_work(const struct log_file *file)
{
    return file->first || file->fd_next >= 0;
}

static struct log_file *next_with_work(struct log_writer *writer)
{
    struct log_file *file = writer->files;

    while (file && !has_work(file))
        file = file->next;
    return file;
}

static void *log_writer_run(void *arg)
{
    struct log_writer *writer = arg;

    pthread_mutex_lock(&writer->lock);
    for (;;) {
        struct log_file *file = next_with_work(writer);

        if (file)
            write_file(writer, file);
        else if (writer->stopping)
            break;
        else
            pthread_cond_wait(&writer->news, &writer->lock);
    }
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

struct log_writer *log_writer_start(void)
{
    struct log_writer *writer = calloc(1, sizeof(*writer));

    if (!writer)
        return NULL;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->news, NULL);
    if (pthread_create(&writer->thread, NULL, log_writer_run, writer) != 0) {
        free(writer);
        return NULL;
    }
    return writer;
}

void log_writer_stop(struct log_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    pthread_cond_signal(&writer->news);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);

    while (writer->files) {
        struct log_file *file = writer->files;

        writer->files = file->next;
        if (file->kind == LOG_TO_FILE)
            fd_close(&file->fd);
        free(file);
    }
    table_done(&writer->by_path);
    copies_free(writer->copies);
    copies_free(writer->copies_next);
    pthread_cond_destroy(&writer->news);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

struct log_file *log_writer_add(struct log_writer *writer, enum conf_log_kind kind,
                                struct slice path, int fd)
{
    struct log_file *file = calloc(1, sizeof(*file) + path.len);

    if (!file)
        abort();
    if (path.len > 0)
        memcpy(file->path_bytes, path.at, path.len);
    *file = (struct log_file){
        .log = { .least = LEVEL_INFO, .write = log_file_write_line },
        .writer = writer,
        .path = slice_of(file->path_bytes, path.len),
        .kind = kind,
        .fd = fd,
        .fd_next = -1,
        .colours = kind != LOG_TO_FILE && isatty(fd),
    };
    file->end = &file->first;

    pthread_mutex_lock(&writer->lock);
    file->index = writer->file_count++;
    file->next = writer->files;
    writer->files = file;
    if (kind == LOG_TO_FILE)
        table_put(&writer->by_path, file->path, file);
    pthread_mutex_unlock(&writer->lock);
    return file;
}

/* stdout or stderr. */
static struct log_file *find_stream(const struct log_writer *writer, enum conf_log_kind kind)
{
    struct log_file *file = writer->files;

    while (file && file->kind != kind)
        file = file->next;
    return file;
}

struct log_file *log_writer_find(struct log_writer *writer, const struct conf_log *conf)
{
    struct log_file *found;

    if (conf->kind == LOG_TO_NOWHERE)
        return NULL;
    pthread_mutex_lock(&writer->lock);
    found = conf->kind == LOG_TO_FILE ? table_find(&writer->by_path, conf->path)
                                      : find_stream(writer, conf->kind);
    pthread_mutex_unlock(&writer->lock);
    return found;
}

void log_file_reopen(struct log_file *file, int fd)
{
    struct log_writer *writer = file->writer;

    pthread_mutex_lock(&writer->lock);
    fd_close(&file->fd_next);
    file->fd_next = fd;
    pthread_cond_signal(&writer->news);
    pthread_mutex_unlock(&writer->lock);
}

size_t log_file_lost(struct log_file *file)
{
    struct log_writer *writer = file->writer;

    pthread_mutex_lock(&writer->lock);
    size_t lost = file->lost_lines;
    pthread_mutex_unlock(&writer->lock);
    return lost;
}
