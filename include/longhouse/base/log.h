#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * The face of a log: a level, a sink. Who makes the sink decides where lines go; a sink may be
 * called from any thread of its process. One call is one line; control bytes in the text are
 * escaped here, so that nothing a client sends can forge a line.
 */
#include "base/slice.h"

#include <stdarg.h>

enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_NOTICE, LEVEL_WARNING, LEVEL_ERROR };

struct log {
    enum log_level least; /* lines below it are not made */
    void (*write)(struct log *log, enum log_level level, struct slice line); /* without newline */
};

void log_at(struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void log_at_v(struct log *log, enum log_level level, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/* `log` may be NULL: nothing is written. */
#define log_debug(log, ...)   log_at((log), LEVEL_DEBUG, __VA_ARGS__)
#define log_info(log, ...)    log_at((log), LEVEL_INFO, __VA_ARGS__)
#define log_notice(log, ...)  log_at((log), LEVEL_NOTICE, __VA_ARGS__)
#define log_warning(log, ...) log_at((log), LEVEL_WARNING, __VA_ARGS__)
#define log_error(log, ...)   log_at((log), LEVEL_ERROR, __VA_ARGS__)

const char *log_level_name(enum log_level level);

#endif
