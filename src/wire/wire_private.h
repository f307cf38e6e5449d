#ifndef WIRE_WIRE_PRIVATE_H
#define WIRE_WIRE_PRIVATE_H

/*
 * What the rooms of this floor share: the connection as every protocol has it, which protocol its
 * first bytes begin (introduction, opening), and HTTP/1 in four rooms (those of HTTP/2 share
 * h2_private.h):
 *
 *   h1_conn    the states of the connection
 *   h1_input   bytes that were read and belong to nobody yet
 *   h1_intake  the request's body, from the socket to the exchange
 *   h1_answer  the answer, from the exchange to the socket
 */
#include "base/chunk.h"
#include "http/h1_chunk.h"
#include "loop/loop.h"
#include "net/transport.h"
#include "wire/conn.h"
#include "wire/h1_write.h"

enum step {
    STEP_AGAIN, /* something was done: look again */
    STEP_WAIT,  /* nothing can be done before something happens */
};

/* ---- HTTP/1: input ---- */

/* A chunk while something is in it, or, for a head that is larger than a chunk, memory of its own.
 */
struct h1_input {
    struct chunk *chunk; /* owned; NULL while empty */
    char *large;         /* owned; malloc'd; used instead of the chunk's data */
    size_t begin;        /* filled: [begin, end) */
    size_t end;
    size_t room; /* of the memory in use */
};

struct slice input_filled(const struct h1_input *input);
void input_take(struct h1_input *input, size_t len); /* the memory goes back when nothing is left */
void input_release(struct h1_input *input);          /* drops what is in it */

/*
 * Reads once from the transport behind what is there; at most `limit` bytes are held. Bytes read, 0
 * at the end, -EAGAIN, -ENOBUFS when `limit` bytes are there already, or negative errno.
 */
ssize_t input_fill(struct h1_input *input, struct transport *transport, size_t limit);

/* ---- HTTP/1: the exchange in progress ---- */

/*  HELD ──wanted──> LENGTH or CHUNKED ──> OVER          both ── bad, too slow, too large ──> FAILED
 *                                          └── a tunnel is opened ──> TUNNEL ──> OVER
 */
enum h1_intake {
    H1_INTAKE_HELD,    /* the client waits for 100 Continue */
    H1_INTAKE_LENGTH,  /* `intake_left` bytes are to come */
    H1_INTAKE_CHUNKED, /* in chunked coding */
    H1_INTAKE_TUNNEL,  /* whatever comes, until the client ends its side */
    H1_INTAKE_OVER,    /* read to its end, or there was none */
    H1_INTAKE_FAILED,  /* the rest is not to be understood: no further request */
};

/*  WAITING ──head is final──> BODY ──> OVER  */
enum h1_answer {
    H1_ANSWER_WAITING, /* for the head; interim ones may go out */
    H1_ANSWER_BODY,    /* head, then bytes as they come */
    H1_ANSWER_OVER,    /* all is with the kernel */
};

/*
 * What is to be written next, in this order. Bytes that are put into the body later belong to the
 * next frame.
 */
struct h1_frame {
    struct slice head;   /* of the answer, or an interim one */
    struct slice before; /* the size of the chunk */
    uint64_t data;       /* from the front of the answer's body */
    struct slice after;  /* the end of the chunk, the last chunk */
};

/* Lives in the arena of the exchange. */
struct h1_leg {
    enum h1_intake intake;
    enum h1_answer answer;

    struct h1_framing framing; /* of the request */
    struct h1_chunk chunk;     /* the decoder */
    uint64_t intake_left;      /* H1_INTAKE_LENGTH; H1_INTAKE_TUNNEL: more than ever comes */
    uint64_t intake_bytes;     /* content received */
    uint64_t intake_since_ms;  /* when the client could begin to send; moved on by our own pauses */
    uint64_t intake_held_ms;   /* since when the handler takes nothing; 0: it does */

    enum h1_body coding;  /* of the answer */
    uint64_t answer_left; /* H1_BODY_LENGTH: bytes not yet in a frame */
    struct h1_frame frame;
    char size_line[20];        /* of the chunk in the frame */
    uint64_t blocked_since_ms; /* data waits and the client takes none; 0: not so */
    bool keep_alive;           /* said in the head */
    bool last_chunk_framed;
    bool finished;           /* H1_BODY_TUNNEL: the client was told that no more comes */
    struct slice interim;    /* heads of interim answers that are to be written */
    enum reset_reason reset; /* asked for by the handler */
};

/*  IDLE ──bytes──> HEAD ──whole──> EXCHANGE ──answered──> IDLE, or first REST
 *   │                │                 └── must close ──> LINGER
 *   └── nothing came, left, drained, LINGER over, or any failure ──> CLOSED            */
enum h1_state {
    H1_IDLE,     /* between requests: no chunk, no exchange */
    H1_HEAD,     /* a head has begun */
    H1_EXCHANGE, /* the body comes in, the answer goes out */
    H1_REST,     /* the rest of a body that nobody wanted, read and dropped */
    H1_LINGER, /* no more is written; what comes is dropped, so that the answer is not reset away */
    H1_CLOSED,
};

struct h1 {
    enum h1_state state;
    bool lags;          /* H1_LINGER: a close would still lose what was written */
    struct exchange *x; /* borrowed from the two legs; NULL unless H1_EXCHANGE */
    struct h1_leg *leg; /* in x->arena */
    struct h1_input input;
    size_t scanned;         /* of the input, for the end of the head */
    uint64_t since_ms;      /* when the state that has a time limit began */
    uint64_t drop_left;     /* H1_REST, H1_LINGER: bytes that are still read */
    unsigned turn_bytes;    /* moved in this turn, roughly: since it last waited */
    unsigned turn_requests; /* answered likewise */
};

/* ---- the connection ---- */

struct conn;
struct h2;

/* HTTP/1 and its siblings. */
struct protocol {
    const char *name;
    void (*advance)(
        struct conn *); /* looks at everything once; harmless when nothing has changed */
    void (*end)(struct conn *, enum reset_reason);
    bool (*idle)(const struct conn *);
};
extern const struct protocol protocol_h1;
extern const struct protocol protocol_h2;
extern const struct protocol protocol_opening;      /* HTTP/1 or HTTP/2? */
extern const struct protocol protocol_introduction; /* then one of those */

/* ---- prelude.c: what the two have in common, before anybody has asked for anything ---- */

/* Reads on, `most` bytes in all; closes when the client has left. */
enum step prelude_fill(struct conn *conn, size_t most);
enum step prelude_close(struct conn *conn);

/* Its time counts for the first head; 0: never. */
uint64_t prelude_due(const struct conn *conn);
bool prelude_is_late(const struct conn *conn);

/* For their protocols. */
void prelude_end(struct conn *conn, enum reset_reason reason);
bool prelude_idle(const struct conn *conn);

/* How a visit is packed: most of one is room for addresses of any family. */
struct visit_parts {
    uint8_t client_len;
    uint8_t peer_len; /* 0: the client is the peer */
    uint8_t local_len;
    uint8_t text_len;
};

struct conn {
    struct loop *loop;           /* borrowed */
    struct transport *transport; /* owned; NULL once closed */
    const struct protocol *protocol;
    const struct wire_limits *limits; /* borrowed */
    struct exchange_owner *exchanges; /* borrowed */
    struct conn_owner *owner;         /* borrowed */
    struct task wake;                 /* runs protocol->advance() */
    struct timer timer;
    struct grave grave;
    struct list_link link; /* the owner's */
    bool draining;
    bool last;         /* no request after the next, or the present one */
    bool tells_rest;   /* the owner wants to hear when it has no exchange any more */
    bool looks_again;  /* woke itself: need not watch the transport yet */
    bool next_turn;    /* ... in the next turn, when its budget is a new one */
    unsigned requests; /* begun so far */
    struct h1 h1;
    struct h2 *h2; /* owned; NULL: it does not speak HTTP/2 */
    struct visit_parts visit_parts;
    char visit[]; /* packed; see conn_tell_visit() */
};

/* Packs it into the room behind the connection. */
void conn_keep_visit(struct conn *conn, const struct visit *visit);

void conn_tell_visit(const struct conn *conn, struct visit *ret);

/* The protocol of the first request. */
const struct protocol *conn_first_protocol(const struct conn *conn);

/* An exchange of this connection, which wakes it when there is news. */
struct exchange *conn_new_exchange(struct conn *conn, const struct wire_ops *wire, void *wire_self);

/* Looks again in this turn, behind everybody who is waiting already / in the next turn. */
void conn_again(struct conn *conn);
void conn_again_next_turn(struct conn *conn);

/* Before waiting: watches the transport, sets the time limit (0: none). False: it cannot be
 * watched. */
bool conn_wait(struct conn *conn, uint64_t due_ms);

/* To the owner, if it asked for that: the exchange is over. */
void conn_tell_rest(struct conn *conn);

/* Closes the transport and tells the owner. The protocol has let go of everything. */
void conn_close(struct conn *conn);

/* Nothing more is said: the transport is finished, and closed when the client has heard all. */
void conn_linger(struct conn *conn);

/* The client closed its side, as far as can be known without reading. */
static inline bool conn_saw_end(const struct conn *conn)
{
    return conn->transport->io.read_closed || conn->transport->io.hung_up;
}

/* A read is worth a try. At the end of the stream the transport may have cleared `readable`
 * already. */
static inline bool conn_may_read(const struct conn *conn)
{
    return conn->transport->io.readable || conn_saw_end(conn);
}

/* ---- the request, whatever carries it ---- */

/* The first Expect field that asks for something else than 100-continue, or NULL. */
const struct field *find_unknown_expectation(const struct fields *fields, bool *ret_continue);

/* ---- the answer, whatever carries it ---- */

/*
 * What the answer looks like on the wire. False: no body goes out (HEAD, 204, 304).
 * *ret_length: what is announced; -1: nothing is.
 */
bool answer_has_body(const struct exchange *x, int64_t *ret_length);

/* Fields go out behind its body. Known when that is finished. */
bool answer_has_trailers(const struct exchange *x);

/*
 * The wire alone frames. And whatever a handler let through, no field ends its line early: what
 * could split an answer in two is left out here, at the last place where it can be seen.
 */
bool answer_field_goes_out(const struct field *field);

/* ---- HTTP/1: between its rooms ---- */

#define H1_TURN_BYTES    0x80000u /* moved in one go; then other connections have their turn */
#define H1_TURN_REQUESTS 16u      /* pipelined ones likewise */
#define H1_REST_MOST     0x10000u /* of a body nobody wanted, read to keep the connection */

/* Time ends it, rarely the amount: a close while a fast sender goes on resets its connection, and
 * it never sees why it was refused. */
#define H1_LINGER_MS    2000u
#define H1_FRESH_MS     1000u /* a client that has just connected may still ask, drained or not */
#define H1_LINGER_BYTES 0x8000000u

/* The socket is to be read now; false as well when this turn's budget is used up (then it is looked
 * at again in the next one). */
bool h1_may_read(struct conn *conn);

void h1_intake_start(struct conn *conn);
void h1_intake_tunnel(struct conn *conn); /* what comes is the other side's */
enum step h1_intake_step(struct conn *conn);
void h1_intake_fail(struct conn *conn, int status, const char *why);
uint64_t h1_intake_due(const struct conn *conn); /* when the client is too slow; 0: never */

enum step h1_answer_step(struct conn *conn);

/* Before the head. */
void h1_answer_interim(struct conn *conn, int status, const struct fields *fields);
uint64_t h1_answer_due(const struct conn *conn); /* when the client takes too little; 0: never */

/* When the answer is to be looked at again, though nothing has happened; 0: never. */
uint64_t h1_answer_look_ms(const struct conn *conn);

/* All that the handler has to say is there: the client can leave, and it is only written out. */
bool h1_answer_is_whole(const struct conn *conn);

/* h1_conn.c: closes; a state with a time limit begins. */
enum step h1_close(struct conn *conn);
enum step h1_enter_timed(struct conn *conn, enum h1_state state);

/* h1_rest.c: a look in these states. */
enum step h1_rest(struct conn *conn);
enum step h1_linger(struct conn *conn);

enum step h1_enter_linger(struct conn *conn);

/* Nobody has anything to say any more. What the transport holds back would be lost by a close. */
enum step h1_part(struct conn *conn);

/* The exchange cannot go on: cancelled, forgotten; the connection is closed so that the client sees
 * it. */
void h1_cut(struct conn *conn, enum reset_reason reason, const char *cause);

#endif
