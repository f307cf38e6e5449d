#ifndef GATEWAY_FCGI_LINK_H
#define GATEWAY_FCGI_LINK_H

/*
 * One request on a connection to a FastCGI program, or to one that speaks another dialect
 * (gateway/dialect.h). Sends and receives at the same time: a program
 * may answer before it has read the body, and one that closes its side early is heard to the end.
 * The connection is closed the moment the request has ended, because php-fpm and libfcgi hold a
 * worker until then, unless it was asked to be kept and is fit for another request.
 *
 * Embedded in what uses it; advanced by its task, which must be the link's `task` as well.
 */
#include "base/address.h"
#include "gateway/delivery.h"
#include "gateway/fcgi_conn.h"
#include "gateway/fcgi_record.h"
#include "gateway/last_words.h"
#include "http/body.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dialect;     /* gateway/dialect.h */
struct http_answer; /* gateway/http_answer.h */
struct tls_remote;  /* net/tls_remote.h */

/* A body up to this length is not given back before the answer begins, so that another target can
 * get all of it. */
#define FCGI_REPLAY_MOST 32768u

/*  CONNECTING ──> GREETING ──> SENDING ──> RECEIVING ──> ENDED       any ── failure ──> ENDED
 *      └──> SECURING ──^       SENDING receives as well  */
enum link_state {
    LINK_CONNECTING,
    LINK_SECURING, /* the handshake of TLS */
    LINK_GREETING, /* the request has begun, and waits for the program to read that */
    LINK_SENDING,
    LINK_RECEIVING, /* all is sent, or the program wants no more */
    LINK_ENDED,
};

enum link_end {
    LINK_NOT_YET,
    LINK_COMPLETE,    /* the program ended the request, or said all that it announced */
    LINK_SWITCHED,    /* it speaks WebSocket from here on, as was asked: the head is delivered, with
                         all that came behind it */
    LINK_BUSY,        /* EAGAIN on a unix socket, its queue is full: nothing was executed */
    LINK_OVERLOADED,  /* it said so, or that it cannot multiplex: nothing was executed */
    LINK_UNREACHABLE, /* connect failed, `error` tells how (-ETIMEDOUT: it took too long): nothing
                         was executed */
    LINK_INSECURE,    /* its TLS handshake failed, `why` tells the cause and the cure: nothing was
                         executed */
    LINK_UNHEARD,     /* it closed before it had more than the greeting: nothing was executed */
    LINK_CLOSED,      /* it closed, and that is no whole answer; `error`: 0 or negative errno */
    LINK_STRANGE,     /* what came is no FastCGI, or no answer to what was asked: `why` */
    LINK_BAD_HEAD,    /* the head of the answer is refused: delivery's reply */
    LINK_BODY_LOST,   /* the request's body cannot be read again from its file: `error` */
};

/* A frame of the body on its way (FastCGI: a record of STDIN); its content is still in the source.
 */
struct fcgi_outgoing {
    unsigned char head[FCGI_HEAD_LEN];
    unsigned head_left;
    size_t content_left;
    unsigned padding_left;
    unsigned char end[FCGI_HEAD_LEN]; /* what ends the body */
    unsigned end_left;
    bool end_begun;
};

struct fcgi_link {
    const struct dialect *dialect; /* borrowed, as all pointers but the chunk */
    struct loop *loop;
    struct task *task;
    struct delivery *delivery;
    struct last_words *words;
    struct body *source;  /* STDIN comes from here */
    struct slice prelude; /* what is sent before the body: what is left of it */
    size_t greeting;      /* bytes of it that go ahead, and are not sent yet */
    enum link_state state;
    enum link_end end;
    int error;
    const char *why;
    struct fcgi_conn *conn; /* owned */
    struct timer connect_timer;
    struct fcgi_outgoing out;
    struct chunk *file_part; /* owned: bytes of a source that is a file */
    uint64_t sent;           /* bytes of the source that are sent but not taken */
    bool greets;             /* it was greeted, and was to read that first */
    bool keep;               /* they are kept, for another target */
    bool keeps_conn;         /* it is asked to leave the connection open */
    bool reused;             /* the connection has served another request */
    bool drained;            /* the last read has left nothing in the socket */
    bool touched;            /* some byte came, of whatever */
    bool heard;              /* something of the answer came */
    bool output_ended;       /* the empty STDOUT record came */
    unsigned skipped;        /* records of types that mean nothing here */
    uint32_t app_status;
    union {
        struct fcgi_reader reader;  /* FastCGI */
        struct http_answer *answer; /* HTTP: in the arena of the exchange; NULL: nothing came */
    };
};

struct fcgi_plan {
    const struct dialect *dialect;
    struct loop *loop;
    struct task *task;
    struct delivery *delivery;
    struct last_words *words;
    struct body *source;
    int64_t source_length; /* -1: no body */
    struct slice prelude;
    bool greets;               /* see below */
    bool keeps_conn;           /* as the prelude says */
    uint32_t socket_owner;     /* see gateway/owner.h */
    struct tls_remote *remote; /* asked by TLS; NULL: without */
};

/*
 * Greeting: what may not be done twice (`greets`) is begun on a unix socket with the first record
 * alone, and goes on when the program has read that. So a request that was in the queue of a
 * program that ended, or was accepted and closed unread, is known not to be executed (LINK_UNHEARD)
 * and can be sent to the next one, whatever its method. When all is sent at once nobody can tell:
 * the kernel says "reset" for what was read in part as well, and counts nothing after the end.
 */

/* Begins to connect. The link must be fresh or closed. */
void fcgi_link_open(struct fcgi_link *link, const struct fcgi_plan *plan,
                    const union socket_address *address, uint64_t connect_ms);

/* The same on a connection that was kept; takes it. */
void fcgi_link_open_kept(struct fcgi_link *link, const struct fcgi_plan *plan,
                         struct fcgi_conn *conn);

/* Does what can be done now; look at state and end afterwards. */
void fcgi_link_advance(struct fcgi_link *link);

/* True while the program could only wait for the client: all of the body that came is sent, more is
 * to come. */
bool fcgi_link_waits_for_client(const struct fcgi_link *link);

/* True when nothing that happened keeps another target from getting the same request: nothing of an
 * answer came, and all of the body is here still. */
bool fcgi_link_is_replayable(const struct fcgi_link *link);

/*
 * True when the program cannot have executed the request: the connection was closed by it while the
 * end of the request was still here.
 */
bool fcgi_link_was_cut_short(const struct fcgi_link *link);

/* After LINK_COMPLETE: the connection if it may serve another request, which is the caller's then;
 * else NULL. After LINK_SWITCHED: the connection. */
struct fcgi_conn *fcgi_link_take_conn(struct fcgi_link *link);

/* Harmless on a zeroed link and when repeated; state, end, error and why stay. */
void fcgi_link_close(struct fcgi_link *link);

#endif
