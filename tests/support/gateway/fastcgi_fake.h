#ifndef TESTS_FASTCGI_FAKE_H
#define TESTS_FASTCGI_FAKE_H

/*
 * A FastCGI program on a unix socket (or a TCP port) in the test's hands: takes a connection, reads
 * the records that came, says what the test wants, also what no program should.
 */
#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fastcgi_fake {
    union socket_address address;
    char path[108];
    int listener;  /* -1: not there */
    int fd;        /* the connection, -1: none */
    unsigned role; /* by the test: what it must be asked as; 0: a responder */
    bool raw;      /* by the test: what comes is kept in `pending` as it is */

    /* What came on the connection. */
    unsigned begins;
    bool keep;            /* the last of them asked for the connection to be left open */
    char params[1 << 17]; /* "NAME=value\0" */
    size_t params_len;
    bool params_ended;
    char body[1 << 21];
    size_t body_len;
    bool body_ended;
    bool closed; /* by the server */

    char pending[1 << 17]; /* bytes of a record that is not complete */
    size_t pending_len;
};

/* Listens on a fresh unix socket; `backlog` as listen(2). The memory must be zeroed: there is much
 * of it. */
void fastcgi_fake_open(struct fastcgi_fake *fake, int backlog);
void fastcgi_fake_close(struct fastcgi_fake *fake); /* and removes the socket */

/* No connection will be taken any more (refused, or ENOENT when `remove`). */
void fastcgi_fake_stop(struct fastcgi_fake *fake, bool remove);

/* Takes the next connection, without waiting; false: none. Forgets what came on the former one. */
bool fastcgi_fake_accept(struct fastcgi_fake *fake);

/* Forgets what came, for the next request on the same connection, and reads it. */
void fastcgi_fake_again(struct fastcgi_fake *fake);

/* Reads what there is, at most `most` bytes. */
void fastcgi_fake_read(struct fastcgi_fake *fake, size_t most);

const char *fastcgi_fake_param(const struct fastcgi_fake *fake, const char *name); /* NULL: none */

/* Says a record (of request 1), raw bytes, or that the request has ended. */
void fastcgi_fake_say(struct fastcgi_fake *fake, unsigned type, const char *content);
void fastcgi_fake_say_raw(struct fastcgi_fake *fake, const void *bytes, size_t len);
void fastcgi_fake_end(struct fastcgi_fake *fake, unsigned app_status, unsigned char status);
void fastcgi_fake_hang_up(struct fastcgi_fake *fake);

#endif
