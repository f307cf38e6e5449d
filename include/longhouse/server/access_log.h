#ifndef SERVER_ACCESS_LOG_H
#define SERVER_ACCESS_LOG_H

/*
 * One line per exchange, collected per reactor and file, handed to the log writer when a block is
 * full or ACCESS_LOG_FLUSH_MS old. Nothing a client sends can forge a line: its texts are escaped.
 */
#include "base/text.h"
#include "config/model.h"
#include "http/exchange.h"
#include "loop/loop.h"
#include "server/log_writer.h"

#define ACCESS_LOG_FLUSH_MS 250

struct access_block;

/* One per reactor. */
struct access_log {
    struct loop *loop;               /* borrowed */
    const struct log_format *format; /* borrowed from the current edition */
    struct access_block **by_file; /* owned, as what it points to: by log_file.index; NULL: none */
    unsigned file_room;
    struct access_block *waiting; /* those with lines in them */
    struct timer timer;
    struct task flush;
};

void access_log_init(struct access_log *log, struct loop *loop);
void access_log_flush(struct access_log *log); /* hands over what waits */
void access_log_done(struct access_log *log);  /* hands over what is left */

/* Adds the line for an exchange that has ended, unless a rule says OmitRequestLog. */
void access_log_add(struct access_log *log, struct log_file *file, const struct exchange *x);

/* The line alone, with its newline; `text` has room for 16 KiB. */
void access_log_format(struct text *text, const struct log_format *format,
                       const struct exchange *x);

#endif
