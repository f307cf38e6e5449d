#ifndef SERVER_LOG_WRITER_H
#define SERVER_LOG_WRITER_H

/*
 * Log files, written by a thread of their own, so that a stalled disk stops no reactor. Shared: a
 * file's queue has one short lock; the descriptors belong to the writer's thread once handed over.
 *
 * What cannot be written (disk full, queue over LOG_QUEUE_MOST) is counted and said once it works
 * again. Lines of the logs that Syslog names go to the system's log too, by the same thread.
 */
#include "base/log.h"
#include "base/slice.h"
#include "config/model.h"

#include <stdbool.h>
#include <stddef.h>

#define LOG_QUEUE_MOST                                                                             \
    ((size_t)16 * 1024 * 1024) /* bytes that may wait for the disk, over all files */

struct log_writer;

/* Which of the logs of a house a block is for. */
enum log_source { LOG_OF_EVENTS, LOG_OF_REQUESTS, LOG_OF_EXPLOITS, LOG_OF_GARBAGE };

/* Lines of text on their way to a file. */
struct log_block {
    struct log_block *next;
    size_t len;
    size_t room;
    enum log_source source;
    enum log_level level; /* LOG_OF_EVENTS: of its one line */
    size_t text_at;       /* where it begins, behind time and level */
    char data[];
};

struct log_file {
    struct log log; /* as an error log: each line gets time and level in front */
    struct log_writer *writer;
    struct log_file *next;
    unsigned index;    /* 0, 1, ... in the order they were added */
    struct slice path; /* into path_bytes; empty for stdout and stderr */
    enum conf_log_kind kind;
    int fd;                  /* owned by the writer */
    int fd_next;             /* after a reopen: the writer changes over; -1: none */
    bool colours;            /* a terminal */
    bool is_system;          /* its lines are those of the house; under the writer's lock */
    bool torn;               /* its last line is not whole; the writer's own */
    struct log_block *first; /* waiting; under the writer's lock */
    struct log_block **end;
    size_t lost_lines;
    char path_bytes[];
};

/* Starts the thread; NULL when no thread is to be had. */
struct log_writer *log_writer_start(void);

/* Writes what waits, ends the thread, closes the files and frees everything. */
void log_writer_stop(struct log_writer *writer);

/* A file of the writer; takes the descriptor, copies the path. */
struct log_file *log_writer_add(struct log_writer *writer, enum conf_log_kind kind,
                                struct slice path, int fd);

/* The file for a configured log; NULL when the log goes nowhere or was not handed over. */
struct log_file *log_writer_find(struct log_writer *writer, const struct conf_log *conf);

/* Which lines the system's log gets from now on; the texts are copied. */
void log_writer_tell_syslog(struct log_writer *writer, const struct server_conf *conf);

/* After rotation: later lines go to `fd` (taken). */
void log_file_reopen(struct log_file *file, int fd);

/* Gives a block of whole lines away; from any thread, never waits for the disk. */
void log_file_put(struct log_file *file, struct log_block *block);

/* Blocks that were lost; their number is written as soon as the file takes something again. */
size_t log_file_lost(struct log_file *file);

struct log_block *log_block_new(size_t room);

#endif
