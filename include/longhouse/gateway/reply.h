#ifndef GATEWAY_REPLY_H
#define GATEWAY_REPLY_H

/*
 * The head of a program's answer (RFC 3875 6): fields up to an empty line; the same for CGI and
 * FastCGI. Fed with bytes as they come, split anywhere; pure but for memory from the arena.
 *
 * Accepted: lines that end in CRLF or LF, mixed; "Status: 404 Not Found", "Status: 404", "HTTP/1.1
 * 404 Not Found" as the first line (Status overrules it); Location without a status means 302. A
 * line that is no field is dropped when fields follow: Python's cgitb begins its report with "<!--:
 * spam".
 *
 * Refused (the answer is 502): no field at all, NUL or a bare CR, a status that is not three digits
 * from 200 to 599, a Content-Length that is no number or differs from another one, more than
 * REPLY_HEAD_MOST bytes, REPLY_FIELDS_MOST fields, an end before the empty line.
 *
 * Taken out: what speaks about one connection, Transfer-Encoding, Status, X-Sendfile and X-Accel-*:
 * the house alone frames. X-Sendfile and X-Accel-Redirect are kept beside the fields: which file
 * they may name is judged elsewhere (site/chosen.h). X-Accel-Buffering asks for nothing: what a
 * program wrote is always on its way when it pauses.
 *
 * A program whose name begins with "nph-" (RFC 3875 5) says the whole head of an HTTP answer; it is
 * read and checked like any other. One that frames its body itself (Transfer-Encoding) is refused:
 * its body is not what it seems.
 */
#include "base/arena.h"
#include "base/parse.h"
#include "base/slice.h"
#include "http/exchange.h"
#include "http/field.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_HEAD_MOST    65536u
#define REPLY_FIELDS_MOST  100u
#define REPLY_DROPPED_MOST 16u /* lines that are no fields; more of them are no head */
#define REPLY_SAMPLE_MOST  200u

struct reply {
    struct arena *arena; /* borrowed: names, values */
    enum parse state;    /* PARSE_MORE until the empty line, then DONE or BAD */
    const char *why;     /* PARSE_BAD: static text */
    struct fields fields;
    int status; /* 0: none said */
    struct slice phrase;
    bool bare;              /* by reply_give_head(): the output has no head */
    bool nph;               /* by whoever feeds it, before the first byte */
    bool is_open_ended;     /* by who gave the head: only the end of the connection ends the body */
    bool status_from_field; /* "Status:" beats the first line */
    int64_t length;         /* Content-Length, -1: none */
    struct slice sendfile;  /* X-Sendfile: a place on disk; empty: none */
    struct slice accel;     /* X-Accel-Redirect: a path of the URL; empty: none */
    unsigned good_lines;
    unsigned dropped_lines;
    const char *dropped_why; /* of the first that was dropped */
    size_t head_bytes;
    char sample[REPLY_SAMPLE_MOST]; /* how the answer begins, for the log */
    size_t sample_len;
    char *partial; /* in the arena: a line whose end has not come yet */
    size_t partial_len;
    size_t partial_room;
};

void reply_init(struct reply *reply, struct arena *arena);

/* The program says no head: it is this one, and all output is the body. Before the first byte. The
 * output is refused only when there is none. */
void reply_give_head(struct reply *reply, int status, const struct fields *fields);

/*
 * Takes what belongs to the head off `bytes`; *ret_used says how much. PARSE_MORE: all was taken.
 * PARSE_DONE: the head is complete, what was not taken is the body. PARSE_BAD: reply->why.
 */
enum parse reply_feed(struct reply *reply, struct slice bytes, size_t *ret_used);

/* The program said all it will: PARSE_MORE becomes PARSE_BAD. */
enum parse reply_end(struct reply *reply);

/* It is no head, as somebody else found: `why` is static text, `begins` what came of it. */
void reply_refuse(struct reply *reply, const char *why, struct slice begins);

/* A head that is PARSE_DONE and wants a file of the house instead of a body. */
static inline bool reply_wants_file(const struct reply *reply)
{
    return reply->sendfile.len > 0 || reply->accel.len > 0;
}

/*
 * A head that is PARSE_DONE and a local redirect (RFC 3875 6.2.2) unless a body follows: nothing
 * but Location with an absolute path and perhaps a query. *ret: that.
 */
bool reply_is_local_redirect(const struct reply *reply, struct slice *ret);

/* Status, phrase, fields and length of a head that is PARSE_DONE. */
void reply_apply(const struct reply *reply, struct response *response, struct arena *arena);

#endif
