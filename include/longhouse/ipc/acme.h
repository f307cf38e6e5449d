#ifndef IPC_ACME_H
#define IPC_ACME_H

/*
 * What the supervisor and the program for certificates tell each other beyond one datagram: for
 * which names certificates are wanted and from whom (the tasks, a sealed memory file), and how it
 * stands with one of them (the state, the text of a message). Pure codec.
 */
#include "base/arena.h"
#include "base/parse.h"
#include "base/slice.h"
#include "base/text.h"

#include <stdint.h>

enum acme_proof {
    ACME_PROOF_HTTP, /* HTTP-01, RFC 8555 8.3 */
    ACME_PROOF_ALPN, /* TLS-ALPN-01, RFC 8737 */
    ACME_PROOF_LAST = ACME_PROOF_ALPN,
};

/* One certificate. */
struct acme_site {
    struct slice id;    /* the first of its names */
    struct slice names; /* separated by blanks */
    struct slice pem;   /* what there is: key, certificate, chain; empty: nothing */
};

struct acme_tasks {
    struct slice directory; /* URL of the CA's */
    struct slice contact;   /* URL: mailto:...; empty: none */
    struct slice roots;     /* PEM; empty: those of the system */
    struct slice account;   /* PEM of the account's key; empty: there is none yet */
    enum acme_proof proof;
    uint32_t agrees; /* 1: to the terms of the CA */
    uint32_t count;
    struct acme_site *sites; /* index = number of the site */
};

/* malloc'd bytes. */
void acme_tasks_encode(const struct acme_tasks *tasks, char **ret_data, size_t *ret_len);

/* Slices point into `data`, which must live as long; the array is in the arena. */
enum parse acme_tasks_decode(struct slice data, struct arena *arena, struct acme_tasks *ret,
                             struct parse_fault *reterr);

struct acme_state {
    struct slice id;       /* of the site; without blanks */
    uint64_t until_unix_s; /* the certificate holds; 0: there is none */
    uint64_t next_unix_s;  /* the next try */
    struct slice error;    /* of the last try; empty: it went well, or there was none */
};

#define ACME_STATE_MOST 1024u

/* A text without NUL, of at most ACME_STATE_MOST bytes: a longer error is cut. */
void acme_state_encode(const struct acme_state *state, struct text *text);

/* Slices point into `data`. */
enum parse acme_state_decode(struct slice data, struct acme_state *ret, struct parse_fault *reterr);

#endif
