#ifndef IPC_ACME_H
#define IPC_ACME_H

/*
 * What the supervisor and the program for certificates tell each other beyond one datagram: for
 * which names certificates are wanted and from whom, and of which certificates the authority is
 * asked whether they still count (the tasks, a sealed memory file), and how it stands with one of
 * them (the state, the text of a message). Pure codec.
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

/* One answer of OCSP. */
struct acme_staple {
    struct slice id;           /* of the certificate it is about; without blanks */
    struct slice name;         /* the same for people */
    struct slice certificates; /* PEM: it and its chain; never a key */
    struct slice answer;       /* what there is, DER; empty: nothing */
};

/* What a state, or something to be kept, is about: the index of its message. */
enum acme_thing {
    ACME_CERTIFICATE,
    ACME_STAPLE,
    ACME_THINGS,
};

/* What is to be said of an answer that is to be kept: the number of its message. */
enum acme_news {
    ACME_NEWS_NONE,
    ACME_NEWS_FIRST, /* there was none before */
    ACME_NEWS_AGAIN, /* none was to be had for a while */
    ACME_NEWS_TAKEN, /* the certificate is revoked: an older answer is to be forgotten */
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
    uint32_t staple_count;
    struct acme_staple *staples;
};

/* malloc'd bytes. */
void acme_tasks_encode(const struct acme_tasks *tasks, char **ret_data, size_t *ret_len);

/* Slices point into `data`, which must live as long; the array is in the arena. */
enum parse acme_tasks_decode(struct slice data, struct arena *arena, struct acme_tasks *ret,
                             struct parse_fault *reterr);

struct acme_state {
    struct slice id;       /* of the site or the staple; without blanks */
    uint64_t until_unix_s; /* it holds; 0: there is none */
    uint64_t next_unix_s;  /* the next try */
    struct slice error;    /* of the last try; empty: it went well, or there was none */
};

#define ACME_STATE_MOST 1024u

/* A text without NUL, of at most ACME_STATE_MOST bytes: a longer error is cut. */
void acme_state_encode(const struct acme_state *state, struct text *text);

/* Slices point into `data`. */
enum parse acme_state_decode(struct slice data, struct acme_state *ret, struct parse_fault *reterr);

#endif
