#ifndef INSPECTOR_STAGE_H
#define INSPECTOR_STAGE_H

/*
 * A house without doors: the snapshot of a configuration, and what handlers need, to rehearse
 * requests on (site/trace.h). Nothing is started or talked to, no log is written; files are looked
 * at by the user of this process.
 */
#include "base/address.h"
#include "base/log.h"
#include "handler/services.h"
#include "http/exchange.h"
#include "inspector/url.h"
#include "loop/mailbox.h"
#include "site/trace.h"

#include <stdbool.h>

struct stage;

/* What is asked, and by whom. All is borrowed. */
struct stage_question {
    const struct url *url;
    const struct binding_conf *binding;
    struct slice method;
    struct slice fields; /* lines with CRLF: those besides Host */
    union socket_address from;
    bool is_banned; /* the running house has banned this client */
};

/* What comes of it; in the arena that was given. */
struct stage_answer {
    struct trace trace;
    struct slice head; /* the request as it was sent */
    int status;        /* 0: the program's to say */
    const char *handler;
    struct slice host;     /* its name; empty: it did not come so far */
    bool is_unknown;       /* no host has the name: the default host answered */
    struct slice path;     /* on the disk; empty: none */
    struct slice location; /* of a redirect */
};

/* 0 or negative errno. The configuration is borrowed. */
int stage_open(const struct server_conf *conf, struct stage **ret);
void stage_close(struct stage *stage);

void stage_ask(struct stage *stage, const struct stage_question *question, struct arena *arena,
               struct stage_answer *ret);

#endif
