#ifndef CONFIG_LOGS_CONF_H
#define CONFIG_LOGS_CONF_H

/*
 * Where logs go, and when they begin anew. Part of the model.
 */
#include "base/diag.h"
#include "base/slice.h"

enum conf_log_kind { LOG_TO_FILE, LOG_TO_NOWHERE, LOG_TO_STDOUT, LOG_TO_STDERR };

/* When a log begins anew: by local time, at the beginning of the day, Monday or the first. */
enum conf_rotate { ROTATE_NEVER, ROTATE_DAILY, ROTATE_WEEKLY, ROTATE_MONTHLY };

/* Where a log goes: an absolute path, none, stdout, stderr. */
struct conf_log {
    enum conf_log_kind kind;
    enum conf_rotate rotate; /* of a file */
    struct slice path;
    struct diag_place place; /* file NULL: the default */
};

/* Syslog: which logs the system's own log gets as well. Bits. */
enum conf_syslog_kind {
    SYSLOG_SYSTEM = 1,
    SYSLOG_ACCESS = 2,
    SYSLOG_ERROR = 4,
    SYSLOG_EXPLOIT = 8,
    SYSLOG_GARBAGE = 16,
    SYSLOG_ALL = 31,
};

struct conf_syslog {
    unsigned kinds;      /* 0: none */
    struct slice ident;  /* empty: "longhouse" */
    struct slice socket; /* path */
    struct diag_place place;
};

#endif
