#ifndef ACME_PRIVATE_H
#define ACME_PRIVATE_H

/*
 * The program for certificates: gets them from a certificate authority by ACME (RFC 8555), proves
 * that the names are ours, and renews them; and asks authorities whether certificates still count
 * (OCSP, RFC 6960). It has the key of the account and the network, and neither reads files nor
 * writes any: the supervisor keeps what it makes.
 *
 *   keys.c         keys of the account and of certificates, and what is signed by them
 *   csr.c          what a certificate is asked for by
 *   certificate.c  what the authority sent: whether it can be used, how long it holds
 *   reading.c      the authority's JSON, as structs
 *   pauses.c       when the next try is
 *   session.c      directory, nonces, account: signed requests and their answers
 *   order.c        one certificate from the order to the chain
 *   sites.c        which certificate is due
 *   responder.c    one question whether a certificate counts, and what the answer is worth
 *   staples.c      which certificate is to be asked about
 *   web.c          requests by libcurl
 *   channel.c      what is said to the supervisor and heard from it
 */
#include "base/arena.h"
#include "base/sum.h"
#include "ipc/acme.h"
#include "ipc/handover.h"
#include "net/staple.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- keys.c ---- */

/* Without padding (RFC 7515 2). */
struct slice base64url(struct arena *arena, struct slice bytes);

/* With its quotes. */
struct slice json_quoted(struct arena *arena, struct slice value);

EVP_PKEY *key_new(void);                  /* ECDSA P-256; owned by the caller */
EVP_PKEY *key_from_pem(struct slice pem); /* NULL: there is no such key in it */
struct slice key_pem(EVP_PKEY *key, struct arena *arena);

/* JSON of the public key, its members in the order of RFC 7638 3; and the thumbprint of that. */
struct slice key_jwk(EVP_PKEY *key, struct arena *arena);
struct slice key_thumbprint(EVP_PKEY *key, struct arena *arena);

struct jws {
    EVP_PKEY *key;
    struct slice account; /* URL; empty: the key itself is in the head */
    struct slice nonce;
    struct slice url;
    struct slice payload; /* JSON; empty: POST-as-GET (RFC 8555 6.3) */
};

/* Flattened JSON serialization, ES256. */
struct slice jws_text(const struct jws *jws, struct arena *arena);

/* ---- csr.c ---- */

/* PKCS #10 in DER for names separated by blanks; empty: OpenSSL refuses. */
struct slice csr_der(EVP_PKEY *key, struct slice names, struct arena *arena);

/* ---- certificate.c ---- */

/* NULL, or why the first certificate of the text cannot be used with the key of `key_pem` for these
 * names at this time. */
const char *certificate_fault(struct slice pem, struct slice key_pem, struct slice names,
                              int64_t now_unix_s);

struct validity {
    int64_t from_unix_s;
    int64_t until_unix_s;
};

/* Of the first certificate; false: there is none. */
bool certificate_validity(struct slice pem, struct validity *ret);

/* Two thirds of its life. */
int64_t certificate_renewal(const struct validity *validity);

/* ---- reading.c ---- */

struct directory {
    struct slice new_nonce;
    struct slice new_account;
    struct slice new_order;
    struct slice terms; /* URL; empty: none */
};

enum order_status {
    ORDER_PENDING,
    ORDER_READY,
    ORDER_PROCESSING,
    ORDER_VALID,
    ORDER_INVALID, /* or expired, deactivated, revoked */
};

#define AUTHORIZATIONS_MOST 100u

struct order {
    enum order_status status;
    struct slice authorizations[AUTHORIZATIONS_MOST]; /* URLs */
    unsigned authorization_count;
    struct slice finalize;
    struct slice certificate; /* URL; with ORDER_VALID */
    struct slice error;       /* for people; empty: none was told */
};

struct authorization {
    enum order_status status; /* PENDING, VALID or INVALID */
    struct slice name;
    struct slice challenge; /* URL of the one asked for; empty: it is not offered */
    struct slice token;
    struct slice error; /* of a challenge that failed, for people */
};

/* An error document (RFC 7807, RFC 8555 6.7). */
struct problem {
    struct slice type;   /* what is behind urn:ietf:params:acme:error: */
    struct slice detail; /* for people */
};

/* Each NULL, or what is wrong; slices are in the arena. Pure. */
const char *read_directory(struct slice text, struct arena *arena, struct directory *ret);
const char *read_order(struct slice text, struct arena *arena, struct order *ret);
const char *read_authorization(struct slice text, enum acme_proof proof, struct arena *arena,
                               struct authorization *ret);

/* What is none is one without type. */
struct problem read_problem(struct slice text, struct arena *arena);

/* ---- pauses.c ---- */

/*
 * After so many failures in a row (1: the first), with what the authority asked for (0: nothing).
 * They grow from one minute to six hours; five tries fall into the first two hours.
 */
uint64_t pause_after_s(unsigned failures, uint64_t asked_s);

/* Below `most_s` (0: none), the same for the same name and number: many houses and many hosts of
 * one do not come at the same moment. */
uint64_t spread_s(const char *name, uint64_t number, uint64_t most_s);

/* ---- the world: what is neither here nor pure ---- */

#define ANSWER_BYTES_MOST (1u << 20)

struct web_request {
    const char *method; /* GET, HEAD, POST */
    struct slice url;
    struct slice body;
    const char *type; /* of the body; with POST */
    bool is_plain;    /* by http, for what its own signature vouches for; else by https */
};

struct web_answer {
    int status;
    struct slice body;
    struct slice nonce;     /* Replay-Nonce; empty: none */
    struct slice location;  /* likewise */
    uint64_t retry_after_s; /* 0: none */
};

struct proof {
    struct slice name;
    struct slice token;
    struct slice answer; /* key authorization, RFC 8555 8.1 */
};

struct world {
    const struct world_ops *ops;
};

struct world_ops {
    /* NULL, or why there is no answer. Slices of the answer are in the arena. */
    const char *(*ask)(struct world *world, const struct web_request *request, struct arena *arena,
                       struct web_answer *ret);
    /* The server answers it from now on; false: it does not. */
    bool (*show)(struct world *world, const struct proof *proof);
    void (*hide)(struct world *world, const struct proof *proof);
    /* A new key of the account, kept for good. NULL, or why not. */
    const char *(*keep_account)(struct world *world, struct slice pem);
    void (*pause)(struct world *world, uint64_t ms);
    int64_t (*now_unix_s)(struct world *world);
};

/* ---- session.c ---- */

/* With an authority; as long as one certificate takes. */
struct session {
    struct world *world;            /* borrowed */
    struct arena *arena;            /* borrowed: of all that is said */
    const struct acme_tasks *tasks; /* borrowed */
    EVP_PKEY *key;                  /* owned: of the account */
    struct slice account;           /* its URL; empty: not known yet */
    struct slice nonce;             /* for the next request; empty: none */
    struct directory directory;
    uint64_t retry_after_s; /* of the last failure; 0: the authority has not said */
    struct slice why;       /* it failed */
};

/* Directory and account, which is made when there is none. False: session->why. */
bool session_open(struct session *session);
void session_close(struct session *session);

/* A signed POST; true: its status is 2xx. False: session->why; *ret_problem is what the authority
 * said, without type when it is not that. */
bool session_post(struct session *session, struct slice url, struct slice payload,
                  struct web_answer *ret, struct problem *ret_problem);

/* Always false, for `return`. */
bool session_fail(struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- order.c ---- */

/* Key, certificate and chain for the names, in one PEM text. False: session->why. */
bool order_certificate(struct session *session, struct slice names, struct slice *ret_pem);

/* ---- sites.c ---- */

struct site {
    char *id; /* owned, as all texts here */
    char *names;
    char *pem;
    char *error; /* of the last try; NULL: none */
    uint64_t until_unix_s;
    int64_t due_unix_s;
    unsigned failures;              /* in a row */
    unsigned char told[SHA256_LEN]; /* sum of the certificate by the last tasks, which may be older
                                       than `pem` for a while */
};

struct sites {
    struct site *sites; /* owned */
    unsigned count;
};

/* Those of the tasks; what is known of the same names is kept, unless the tasks have a certificate
 * that is neither the one that is known nor the one of the tasks before. */
void sites_take(struct sites *sites, const struct acme_tasks *tasks, int64_t now_unix_s);
void sites_done(struct sites *sites);

/* The one that is due first; NULL: there is none. */
struct site *sites_first(const struct sites *sites);

/* By order: it is due now; with an empty id all are. */
void sites_renew(const struct sites *sites, struct slice id, int64_t now_unix_s);

/* How a try ended. True: that it failed so is news. */
void site_obtained(struct site *site, struct slice pem, int64_t now_unix_s);
bool site_failed(struct site *site, struct slice why, uint64_t asked_s, int64_t now_unix_s);

struct acme_state site_state(const struct site *site);

/* ---- responder.c ---- */

struct responder_answer {
    struct slice der; /* with STAPLE_GOOD */
    struct staple_times times;
    struct slice why;       /* otherwise */
    uint64_t retry_after_s; /* the responder has asked for it; 0: it has not */
};

/* Slices are in the arena. */
enum staple_verdict responder_ask(struct world *world, struct slice certificates,
                                  struct arena *arena, struct responder_answer *ret);

/* ---- staples.c ---- */

struct staple {
    char *id; /* owned, as all texts here */
    char *name;
    char *certificates;
    char *error;     /* of the last try, or why there is none; NULL: none */
    bool is_askable; /* the certificate names somebody who can be asked */
    bool is_revoked; /* by the last answer that counts */
    int64_t due_unix_s;
    uint64_t until_unix_s; /* the answer that is kept counts; 0: there is none */
    unsigned failures;     /* in a row */
};

struct staples {
    struct staple *staples; /* owned */
    unsigned count;
};

/* Those of the tasks; what is known of the same certificates is kept. */
void staples_take(struct staples *staples, const struct acme_tasks *tasks, int64_t now_unix_s);
void staples_done(struct staples *staples);

/* The one that is due first; NULL: there is none. */
struct staple *staples_first(const struct staples *staples);

/* By order: all are due now. */
void staples_renew(const struct staples *staples, int64_t now_unix_s);

/* When an answer of these times that was got now is to be got anew: at half its life, at most every
 * hour unless it is shorter, and at least daily. */
int64_t staple_refresh(const struct staple_times *times, int64_t now_unix_s);

/* What is to be said of an answer that is good. */
enum acme_news staple_news(const struct staple *staple);

/* How a try ended. True: that it failed so is news. */
void staple_obtained(struct staple *staple, const struct staple_times *times, int64_t now_unix_s);
bool staple_failed(struct staple *staple, struct slice why, uint64_t asked_s, int64_t now_unix_s);
bool staple_revoked(struct staple *staple, struct slice why, int64_t now_unix_s);

struct acme_state staple_state(const struct staple *staple);

/* ---- web.c ---- */

struct web;

/* `roots`: PEM, empty: the system's. */
struct web *web_new(struct slice roots);
void web_free(struct web *web);

/* NULL, or why there is no answer. */
const char *web_ask(struct web *web, const struct web_request *request, struct arena *arena,
                    struct web_answer *ret);

/* ---- channel.c ---- */

struct channel {
    struct world world;      /* embedded: what the protocol sees */
    struct web *web;         /* owned; NULL: no tasks have come */
    int fd;                  /* borrowed */
    struct sites *sites;     /* borrowed: that may be renewed by order */
    struct staples *staples; /* likewise */
    int tasks_fd;            /* owned: tasks that came and are to be taken; -1: none */
    uint64_t proofs;         /* number of the last one that was shown or hidden */
    uint64_t proofs_told;
    uint64_t kept_told; /* how often it was answered whether something is kept */
    char why[256];      /* the last one is not; empty: it is */
};

void channel_init(struct channel *channel, int fd, struct sites *sites, struct staples *staples);

/* Messages to the supervisor; when it is gone, this process ends. */
void channel_say(const struct channel *channel, enum handover_kind kind, struct slice text);
void channel_tell_state(const struct channel *channel, enum acme_thing thing,
                        struct acme_state state);
void channel_complain(const struct channel *channel, const struct site *site, int64_t now_unix_s);
void channel_complain_of_staple(const struct channel *channel, const struct staple *staple,
                                int64_t now_unix_s);

/* Takes what comes within this time: returns when something did. */
void channel_hear(struct channel *channel, uint64_t wait_ms);

/* The certificate of this site, or with an empty id the key of the account. NULL: the supervisor
 * has written it to the disk; or why not. */
const char *channel_keep(struct channel *channel, struct slice id, struct slice pem);

/* The answer about this certificate, as above; empty: there is none any more. */
const char *channel_keep_staple(struct channel *channel, struct slice id, enum acme_news news,
                                struct slice answer);

#endif
