#ifndef WIRE_H2_PRIVATE_H
#define WIRE_H2_PRIVATE_H

/*
 * HTTP/2 (RFC 9113) in seven rooms; frames, HPACK and the states of streams are nghttp2's:
 *
 *   h2_conn     the life of a connection: read, look, write, wait; its end
 *   h2_session  what nghttp2 tells about frames that came and went
 *   h2_calm     how much a client may demand besides requests
 *   h2_head     the head of a request, field by field
 *   h2_stream   one request and its answer: exchange here, stream there
 *   h2_answer   the answer, from the exchange to frames
 *   h2_output   frames on their way to the transport
 */
#include "wire_private.h"

#include <nghttp2/nghttp2.h>

/* ---- calm ---- */

/*
 * Two buckets that leak: frames that carry nothing, and requests that came to nothing. Pure.
 */
enum h2_deed {
    H2_DEED_IDLE_FRAME, /* PING, SETTINGS, WINDOW_UPDATE, PRIORITY, empty DATA, unknown ones */
    H2_DEED_RESET,      /* a request that was taken back, or had to be refused as malformed */
    H2_DEED_ANSWER,     /* DATA went out: some WINDOW_UPDATEs are owed for it */
};

struct h2_calm {
    uint64_t at_ms; /* when the levels were true */
    uint32_t idle_frames;
    uint32_t resets;
};

/* NULL: go on. Else what is too much. */
const char *h2_calm_note(struct h2_calm *calm, enum h2_deed deed, uint64_t now_ms);

/* ---- the head of a request ---- */

/* While it is read. All slices are in the arena. */
struct h2_head {
    struct slice method;
    struct slice scheme;
    struct slice authority;
    struct slice path;
    struct slice protocol; /* RFC 8441 4: what CONNECT is to lead to; empty: nothing was said */
    size_t bytes;          /* of names and values, as HTTP/1 would have sent them */
    unsigned crumbs;       /* Cookie fields */
    int failed;            /* the first reason counts; 0: none */
    const char *why;
};

/* The next field, pseudo-fields included; nghttp2 has looked at their order and spelling. */
void h2_head_add(struct h2_head *head, struct exchange *x, const struct h1_limits *limits,
                 struct slice name, struct slice value);

/* One that breaks the rules of RFC 9113 8.2.1. */
void h2_head_add_invalid(struct h2_head *head);

/* That was all: fills x->request, `failed` included. `bare`: no body follows. */
void h2_head_finish(struct h2_head *head, struct exchange *x, const struct h1_limits *limits,
                    bool bare);

/* ---- streams ---- */

/*  HEAD ──whole──> HELD ──wanted──> BODY ──> OVER        BODY ── bad, too slow, too large ──>
 * DROPPED
 *   └──> ASKED ── the answer opens a tunnel ──> TUNNEL ──> OVER        else ──> DROPPED
 */
enum h2_intake {
    H2_INTAKE_HEAD,    /* the head is being read */
    H2_INTAKE_HELD,    /* the client waits for 100 Continue */
    H2_INTAKE_ASKED,   /* for a tunnel: nothing may come before that is agreed to */
    H2_INTAKE_BODY,    /* DATA is to come */
    H2_INTAKE_TUNNEL,  /* DATA comes or does not, until the client ends its side */
    H2_INTAKE_DROPPED, /* what comes is thrown away */
    H2_INTAKE_OVER,    /* the client has said all */
};

/*  WAITING ──head is final──> SENDING ──> OVER  */
enum h2_answer {
    H2_ANSWER_WAITING, /* for the head; interim ones may go out */
    H2_ANSWER_SENDING, /* DATA as the windows and the body allow */
    H2_ANSWER_OVER,    /* the last frame is written */
};

/* Lives in the arena of its exchange. */
struct h2_stream {
    struct list_link link; /* h2.streams */
    struct conn *conn;     /* borrowed */
    struct exchange *x;    /* borrowed from the two legs */
    int32_t id;
    enum h2_intake intake;
    enum h2_answer answer;
    struct h2_head head;

    uint64_t intake_bytes;    /* content received */
    uint64_t given_back;      /* of it, to the window of the stream */
    uint64_t intake_since_ms; /* when the client could begin to send; moved on by our own pauses */
    uint64_t intake_held_ms;  /* since when the handler takes nothing; 0: it does */

    bool announced;            /* Content-Length went out */
    uint64_t answer_left;      /* of it, not yet in a frame */
    bool deferred;             /* nghttp2 waits to be told that there is more */
    uint64_t blocked_since_ms; /* data waits and the client takes none; 0: not so */
    uint64_t lingers_until_ms; /* answered; the client still sends; 0: not so */
    enum reset_reason reset;   /* asked for by the handler */
    bool cut;                  /* cancelled: it only waits for nghttp2 to let go */
};

/* ---- the connection ---- */

/*  OPEN ──drain──> NOTICED ──it knows──> LEAVING ──all answered──> LINGER of HTTP/1
 *    └── idle, misbehaved, gone ──────────────────────────────────────┘            */
enum h2_state {
    H2_OPEN,
    H2_NOTICED, /* "more requests will be in vain" is on its way; those that cross it are served */
    H2_LEAVING, /* the last request is named; its answer and those before it go out */
};

#define H2_STREAMS          100u     /* at a time */
#define H2_STREAM_WINDOW    0x20000  /* bytes of one request's body that nobody took yet */
#define H2_WINDOW           0x100000 /* bytes of all of them on their way */
#define H2_HELD_MOST        0x100000 /* untaken bytes of a connection; beyond, its window shrinks */
#define H2_HEAD_FACTOR      8u       /* a head so many times too large is an attack */
#define H2_CONTINUATIONS    32u      /* frames of one head */
#define H2_UNKNOWN_MOST     0x100000 /* bytes of frames that nobody knows, on one connection */
#define H2_QUEUE_MOST       256u     /* frames that wait: what comes is not read before they went */
#define H2_NOTICE_MS        1000u    /* for the answer to a PING, before the last GOAWAY */
#define H2_TURN_BYTES       0x80000u /* moved in one go; then other connections have their turn */
#define H2_FRAME_HEAD       9u       /* RFC 9113 4.1 */
#define H2_ANSWER_HEAD_MOST 0x40000u

struct h2 {
    enum h2_state state;
    nghttp2_session *session; /* owned */
    struct list streams;
    struct h2_stream *heading; /* the one whose head is being read, or was read last; NULL: over */
    struct h2_calm calm;

    /* what could not be written yet: kept[begin .. end) */
    char *kept; /* owned; malloc'd; NULL: nothing waits */
    size_t kept_begin;
    size_t kept_end;
    uint64_t blocked_since_ms; /* the transport takes nothing; 0: it does */

    uint64_t idle_since_ms; /* no stream since */
    uint64_t noticed_ms;    /* H2_NOTICED began */
    bool notice_read;       /* the client has answered what was sent behind it */

    uint64_t held;  /* bytes of requests that no handler took yet */
    uint64_t owed;  /* received, and not given back to the connection's window */
    uint64_t fed;   /* bytes that came */
    uint64_t known; /* bytes of the frames that were told */
    unsigned head_frames;
    unsigned turn_bytes; /* moved in this turn */
    unsigned begun;      /* exchanges, since the last look at them */
    bool looked_away;    /* once: the exchanges that were begun run before anything is written */
    bool reading_held;   /* until what waits is written */
    bool lost;           /* the transport is broken */
    const char *fault;   /* what the client did; NULL: nothing */
    uint32_t error;      /* RFC 9113 7, with `fault` */
};

/* The connection has to end, for what the client did. The first reason counts. */
void h2_blame(struct conn *conn, uint32_t error, const char *fault);

/* ---- session ---- */

/* A session with its settings on the way. */
void h2_session_open(struct conn *conn);
void h2_session_close(struct conn *conn);

/* Bytes that came. False: they cannot be understood, or the client is to be blamed. */
bool h2_session_feed(struct conn *conn, struct slice bytes);

/* ---- streams ---- */

struct h2_stream *h2_stream_new(struct conn *conn, int32_t id);
void h2_stream_head_is_whole(struct h2_stream *stream, bool bare);
void h2_stream_take_data(struct h2_stream *stream, struct slice data);
void h2_stream_end_of_data(struct h2_stream *stream);

/* What was asked for with CONNECT is agreed to or refused. */
void h2_stream_answer_tunnel(struct h2_stream *stream);

/* The answer is out before the request is. */
void h2_stream_linger(struct h2_stream *stream);

/* Looks at everything once: windows, interim answers, the head, new bytes. */
void h2_stream_look(struct h2_stream *stream);

/* When the client is too slow, in sending or in taking; 0: never. */
uint64_t h2_stream_due(struct h2_stream *stream);
void h2_stream_time_out(struct h2_stream *stream);

/* The exchange is cancelled; the client gets RST_STREAM. */
void h2_stream_cut(struct h2_stream *stream, enum reset_reason reason, uint32_t error,
                   const char *cause);

/* nghttp2 knows nothing of it any more. */
void h2_stream_finish(struct h2_stream *stream);

/* Gives back what the windows owe. */
void h2_window_settle(struct conn *conn);

/* ---- the answer ---- */

/* Once, before the first answer. */
void h2_answer_prepare(void);

/* Before the head. */
void h2_answer_interim(struct h2_stream *stream, int status, const struct fields *fields);
void h2_answer_start(struct h2_stream *stream);
/* A DATA frame with the next `len` bytes; 0 or what nghttp2's send_data callback may say. */
int h2_answer_put_data(struct h2_stream *stream, struct slice frame_head, size_t len);
void h2_answer_frame_sent(struct h2_stream *stream, const nghttp2_frame *frame);

/* ---- output ---- */

/* Bytes of a DATA frame are added to what is being collected; NULL: there is no room now. */
char *h2_output_claim(size_t len);
void h2_output_unclaim(size_t len);

/* The transport did not take all of what was written last. */
bool h2_output_is_blocked(const struct conn *conn);

/* Writes what there is. Wait: nothing more can be written now, or there is nothing. */
enum step h2_output_step(struct conn *conn);

#endif
