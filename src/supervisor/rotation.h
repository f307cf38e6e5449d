#ifndef ROTATION_H
#define ROTATION_H

/*
 * Logs that begin anew (AccessLogfile = FILE, daily). A look once a minute, and at midnight, finds
 * those whose day, week or month is over: the file gets another name in its folder, and the logs
 * are opened again as by USR1. What has such a name is then packed by a process of its own, one
 * file at a time. What was missed while the house was down, or asleep, is made up for by the same
 * look.
 */
#include "base/slice.h"
#include "config/model.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct house;
struct log;
struct logs;

/* ---- calendar.c: pure ---- */

/* The local date as days since 1970-01-01. */
int64_t calendar_day(const struct tm *local);

/* A day, week or month has begun after `since`, by `day`. */
bool calendar_is_due(enum conf_rotate rotate, int64_t since, int64_t day);

/* To the next look: to midnight, but no more than a minute, so that a clock that was put forward
 * and a machine that slept are noticed. */
uint64_t calendar_wait_ms(const struct tm *local);

/* "access.log" of this day: "access-2026-11-28.log", the second one "access-2026-11-28-2.log".
 * NULL: it does not fit into `room`. */
const char *calendar_old_name(const char *name, int64_t day, unsigned number, char *out,
                              size_t room);

/* `candidate` is such a name of the log `name`. */
bool calendar_is_old_name(const char *name, const char *candidate);

/* ---- old_logs.c: names in a folder ---- */

/*
 * The file gets the name of an old one, if `fd` is it and something is in it. Returns whether it is
 * to be opened again, or a negative errno: -ELOOP when it is a link or no file.
 */
int old_log_put_aside(const char *path, int fd, int64_t day, char *ret_name, size_t room);

/* All logs that are due, by local time. Returns how many are to be opened again; what fails is
 * complained about. */
unsigned logs_rotate(struct logs *logs, time_t now, struct log *log);

/* An old log on its way to its packed form. */
struct old_log {
    int folder; /* owned; -1: none */
    int from;   /* owned: the file, to be read */
    int to;     /* owned: what becomes of it */
    dev_t device;
    ino_t inode;
    char name[256];
};

/* 0: one of this log is open and its packed form begun. -ENOENT: none is left. -EAGAIN: somebody
 * still writes to it. Others: *ret->name says which. Failed: nothing is left behind. */
int old_log_begin(const char *path, struct old_log *ret);

/* The packed form takes its place; 0 or negative errno, then the old log stays as it is. */
int old_log_finish(struct old_log *old);
void old_log_give_up(struct old_log *old);

/* ---- rotation.c ---- */

struct rotation {
    struct timer timer; /* the next look */
    struct task task;
    pid_t packer; /* 0: none runs */
    struct old_log old;
    char log_path[4096]; /* whose old log that is */
};

void rotation_init(struct rotation *rotation);

/* The house runs: looks now, and from now on. */
void rotation_begin(struct house *house);

/* The process was the packer. */
bool rotation_reaped(struct house *house, pid_t pid, int status);
void rotation_close(struct house *house);

#endif
