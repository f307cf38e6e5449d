#ifndef HANDLER_KEEPER_H
#define HANDLER_KEEPER_H

/*
 * Who may come in: compares what clients send in Authorization with the files that PasswordFile
 * names. One for all reactors.
 *
 * A hash of a password is made to take long, so a few threads of the keeper's own do that, and read
 * the files; who waits for them stands in a fair line of bounded length. What was right is known
 * for a minute without another hash: by a seal (HMAC) on file, user and password under a key of
 * this process, never by the password. What was wrong is not remembered, and costs as much for a
 * user who does not exist as for one who does.
 *
 * A file is looked at (stat) once a second at most, and read again when it has changed: then what
 * was known is forgotten.
 */
#include "base/log.h"
#include "config/model.h"
#include "gateway/desk.h"
#include "gateway/fair_line.h"
#include "http/authorization.h"
#include "site/digest.h"

#include <stdbool.h>
#include <stdint.h>

struct keeper;
struct login_file;

#define KEEPER_LINE_MOST     64u /* who may wait for a thread */
#define KEEPER_FILE_MOST     ((size_t)16 * 1024 * 1024)
#define KEEPER_BELIEVE_MS    1000u  /* so long a file is taken to be as it was */
#define KEEPER_KNOWS_MS      60000u /* so long a good password is known */
#define KEEPER_RETRY_AFTER_S 2u

enum login_answer {
    LOGIN_WAITS, /* login->told will be called */
    LOGIN_GOOD,
    LOGIN_NEEDED,    /* there is no user and password of the kind that is wanted */
    LOGIN_WRONG,     /* they are wrong, or the user does not exist */
    LOGIN_STALE,     /* right, but with a Digest nonce that is used up */
    LOGIN_NO_MEMBER, /* right, but in none of the groups */
    LOGIN_BUSY,      /* too many wait */
    LOGIN_BROKEN,    /* a file cannot be read */
};

enum login_state { LOGIN_IDLE, LOGIN_QUEUED, LOGIN_WORKING, LOGIN_TOLD };

/* One question; embedded. What it points to lives until it is answered. */
struct login {
    /* By who asks. */
    const struct conf_login *conf;
    const struct conf_word *groups; /* one of them is enough; NULL: none is wanted */
    struct slice realm;
    struct authorization auth;
    bool is_proven; /* auth.user is who he says: only the groups are asked for */
    struct slice method;
    unsigned host; /* any number that tells hosts apart */
    const union socket_address *client;
    struct desk *desk;
    void (*told)(struct login *login);
    uint64_t now_ms;

    /* By the keeper. */
    enum login_answer answer;
    unsigned algorithms; /* LOGIN_NEEDED, WRONG, STALE of Digest: bits of what to offer */
    const char *broken;  /* LOGIN_BROKEN: static, what could not be read */
    int error;           /* LOGIN_BROKEN: negative errno */

    /* Its own. */
    struct keeper *keeper;
    enum login_state state;
    struct fair_waiter waiter;
    struct desk_note note;
    struct login_file *file;
    struct login_file *group_file;
};

/* `threads`: so many; with 0 (tests) only keeper_work() works. They start when they are needed. */
struct keeper *keeper_new(unsigned threads, struct log *log);

/* Nobody asks any more, and everybody was answered. */
void keeper_free(struct keeper *keeper);

/* The answer, or LOGIN_WAITS; then login->told is called once, in the thread of the desk. */
enum login_answer keeper_ask(struct keeper *keeper, struct login *login);

/* True: it will not be told. False: a thread is at it, and it will be told soon. For one that
 * waits. */
bool keeper_forget(struct login *login);

/* A new nonce for a challenge. */
void keeper_nonce(struct keeper *keeper, struct slice realm, uint64_t now_ms,
                  char ret[DIGEST_NONCE_LEN]);

/* What a thread does, once: false, there was nothing to do. */
bool keeper_work(struct keeper *keeper);

#endif
