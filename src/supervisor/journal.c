/* The supervisor's own lines: on the terminal and in the system log. */
#include "supervisor_private.h"

#include "base/text.h"
#include "os/fd.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 100 /* with whoever reads our lines */

/* "2026-11-22 13:26:01.123 ", as the server's lines in the same file begin. */
static void add_time(struct text *text)
{
    struct timespec now;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME, &now);
    if (!localtime_r(&now.tv_sec, &tm))
        return;
    text_printf(text, "%04d-%02d-%02d %02d:%02d:%02d.%03ld ", tm.tm_year + 1900, tm.tm_mon + 1,
                tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, now.tv_nsec / 1000000);
}

/*
 * A log that is full or gone must not stop the house: nothing can be said about it but this. Nor
 * must a reader of our terminal lines who stands still: a pipe with room takes a line at once.
 */
static void write_line(int fd, const struct text *text)
{
    struct pollfd room = { .fd = fd, .events = POLLOUT };

    if (poll(&room, 1, PATIENCE_MS) > 0)
        (void)fd_write_all(fd, text->at, text->len);
}

void journal_write_to(int fd, const char *level, struct slice line)
{
    char room[2048];
    struct text text = text_on(room, sizeof(room) - 1);

    add_time(&text);
    text_add_cstr(&text, level);
    text_add_cstr(&text, ": ");
    text_add(&text, line);
    text.room++;
    text_add_char(&text, '\n');
    write_line(fd, &text);
}

static void journal_write(struct log *log, enum log_level level, struct slice line)
{
    struct journal *journal = container_of(log, struct journal, log);
    char room[2048];

    int patience_ms = 0;

    if (journal->copies)
        syslog_socket_send(&journal->syslog, level, "system", line, &patience_ms);
    if (journal->fd >= 0)
        journal_write_to(journal->fd, log_level_name(level), line);
    bool shown = journal->fd == STDOUT_FILENO || journal->fd == STDERR_FILENO;
    if (shown || level < (journal->quiet ? LEVEL_WARNING : LEVEL_NOTICE))
        return;
    struct text text = text_on(room, sizeof(room) - 1);
    text_add_cstr(&text, "longhouse: ");
    text_add(&text, line);
    text.room++;
    text_add_char(&text, '\n');
    write_line(STDERR_FILENO, &text);
}

void journal_init(struct journal *journal, bool quiet)
{
    *journal = (struct journal){
        .log = { .least = LEVEL_INFO, .write = journal_write },
        .fd = -1,
        .quiet = quiet,
    };
}

void journal_tell_syslog(struct journal *journal, const struct server_conf *conf)
{
    if (journal->copies)
        syslog_socket_done(&journal->syslog);
    journal->copies = (conf->syslog.kinds & SYSLOG_SYSTEM) != 0;
    if (journal->copies)
        syslog_socket_init(&journal->syslog, conf->syslog.socket, conf->syslog.ident);
}
