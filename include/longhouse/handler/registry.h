#ifndef HANDLER_REGISTRY_H
#define HANDLER_REGISTRY_H

/*
 * The only place that knows all handlers: a verdict's answer to what answers it.
 */
#include "http/exchange.h"
#include "site/router.h"

const struct handler_ops *handler_for(enum answer answer);

/*
 * What is to be answered first: the verdict itself, or, where a password comes before it, the
 * question for one, behind which authorizer_first() follows.
 */
const struct verdict *login_first(struct exchange *x, const struct verdict *verdict);

/* Tells log and programs whom a password has proven; nothing without proof. */
void login_grant(struct exchange *x);

/*
 * What is to be answered first: the verdict itself, or, where its host has FastCGIauth, the
 * question to that program, which hands over to the verdict when it lets the request pass.
 */
const struct verdict *authorizer_first(struct exchange *x, const struct verdict *verdict);

/*
 * What is to be answered first: the verdict itself, or, where it is a program of a host with
 * DenyBody or a Prevent option, a look at what the request holds, which hands over to the verdict
 * when it may pass.
 */
const struct verdict *screen_first(struct exchange *x, const struct verdict *verdict);

/*
 * The same for a host with FileHashes: the verdict itself when its file is the one that is noted, a
 * 403 when it is not, or the handler that finds it out.
 */
const struct verdict *hashes_first(struct exchange *x, const struct verdict *verdict);

/* For handlers that are done, or have handed over, when they have started: neither is ever called.
 */
void handler_never_advances(struct exchange *x);
void handler_never_cancelled(struct exchange *x, enum reset_reason reason);

/* The handlers, for tests. */
extern const struct handler_ops handler_reply;   /* ANSWER_STATUS, ANSWER_REDIRECT */
extern const struct handler_ops handler_file;    /* ANSWER_FILE */
extern const struct handler_ops handler_xslt;    /* ANSWER_XSLT */
extern const struct handler_ops handler_cgi;     /* ANSWER_CGI */
extern const struct handler_ops handler_fastcgi; /* ANSWER_FASTCGI */
extern const struct handler_ops handler_alter;   /* ANSWER_ALTER */
extern const struct handler_ops handler_listing; /* ANSWER_LISTING */
extern const struct handler_ops handler_login;   /* ANSWER_LOGIN */
extern const struct handler_ops handler_screen;  /* ANSWER_SCREEN */
extern const struct handler_ops handler_hash;    /* ANSWER_HASH */
extern const struct handler_ops handler_ssh;     /* ANSWER_SSH */

/*
 * Answers `status` with a small page instead of whatever was going to answer (nothing of an answer
 * may have been sent). `why` (static or in the arena) goes to the log, not to the client.
 * Retry-After is added for 503 when `retry_after_s` > 0. The calling handler must have let go of
 * everything but still be the exchange's handler: this hands over.
 */
void reply_status(struct exchange *x, int status, const char *why, unsigned retry_after_s);

/* The same, with text on the page that is for this client only. */
void reply_status_with(struct exchange *x, int status, const char *why, unsigned retry_after_s,
                       struct slice details);

#endif
