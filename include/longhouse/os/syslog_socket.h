#ifndef OS_SYSLOG_SOCKET_H
#define OS_SYSLOG_SOCKET_H

/*
 * Lines for the system's own log (syslogd, the journal): datagrams to a unix socket, in the form
 * that all of them take there (RFC 3164, as the C library writes it). Who listens may be away or
 * slow: it is connected to again, at most once a second, and what could not be sent is counted and
 * told with the next line that can. One of these belongs to one thread.
 */
#include "base/log.h"
#include "base/slice.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>
#include <time.h>

#define SYSLOG_LINE_MOST 8192 /* bytes of a datagram; longer ones are cut */

struct syslog_socket {
    struct sockaddr_un address;
    char ident[64];
    int fd;               /* owned; -1: not connected */
    uint64_t retry_at_ms; /* of the monotonic clock */
    uint64_t lost;        /* lines, since it was told last */
};

/* Opens nothing yet. */
void syslog_socket_init(struct syslog_socket *syslog, struct slice path, struct slice ident);
void syslog_socket_done(struct syslog_socket *syslog);

/*
 * One line: "KIND|text". `patience_ms`: how long a reader whose queue is full is waited for; what
 * is left of it is written back. False: it is lost.
 */
bool syslog_socket_send(struct syslog_socket *syslog, enum log_level level, const char *kind,
                        struct slice line, int *patience_ms);

/* Pure: the datagram. <27>Nov 28 09:01:02 longhouse[4711]: error|text */
void syslog_line(struct text *text, enum log_level level, const struct tm *local, const char *ident,
                 int pid, const char *kind, struct slice line);

#endif
