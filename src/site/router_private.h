#ifndef ROUTER_PRIVATE_H
#define ROUTER_PRIVATE_H

/* One judgement, as the rooms of the router share it. */
#include "site/access.h"
#include "site/router.h"

/* One judgement on its way. */
struct judge {
    const struct snapshot *snapshot;
    const struct host *host;
    struct exchange *x;
    struct file_cache *cache;
    struct verdict *verdict;
    struct slice asked;                /* the path before a rule rewrote it */
    const struct fastcgi_conf *forced; /* the section that a rule sends it to, or NULL */
};

/* ---- answers: each says "judged" ---- */

static inline bool say(const struct judge *judge, int status, const char *why)
{
    judge->verdict->answer = ANSWER_STATUS;
    judge->verdict->status = status;
    judge->verdict->why = why;
    return true;
}

/* ---- router.c ---- */

/* What lies there cannot be had: 404, 403 ... */
bool router_judge_absent(const struct judge *judge);

/* 403, and nothing of what was judged is told. */
void router_forbid(const struct judge *judge, const char *why);

/* Where certificates are proven, past all rules: authorities ask for it without TLS, as long as
 * there is no certificate. */
bool router_is_challenge(struct slice path);

/* ---- router_ssh.c ---- */

/* CONNECT (TunnelSSH). */
bool router_judge_connect(const struct judge *judge);

/* ---- router_proxy.c ---- */

/* Only which rule: what the host asks of everybody holds for what is sent on as well. What cannot
 * be judged is neither sent on nor looked for on disk: true then. */
bool router_judge_websockets(const struct judge *judge);
bool router_judge_proxies(const struct judge *judge);

/* A rule takes it: nothing on disk has a part in it, but the rules for its path. */
void router_judge_proxied(const struct judge *judge);

/* ---- router_alter.c ---- */

#define ROUTER_FILE_METHODS SLICE("GET, HEAD, OPTIONS")

/* What a file may be asked for here: the value of Allow. */
struct slice router_methods(const struct judge *judge);
bool router_say_not_allowed(const struct judge *judge, const char *why);

/* The request would alter a file, if there is no program for it: by its method, its binding, and
 * because there is an AlterList at all. */
bool router_may_alter(const struct judge *judge);

/* What lies there is a file that the request alters, or something that it may not. False: it is a
 * request of another kind. */
bool router_judge_alter(const struct judge *judge);

/* Who alters files must be let by AlterList, besides all else. */
void router_judge_altering(const struct judge *judge);

/* The wire lets a PUT pass that is long enough for a file; programs take less. */
void router_judge_length(const struct judge *judge);

/* ---- router_programs.c ---- */

/* Nothing here has this name. What goes on behind a file is none of its business. */
bool router_is_for_front_controller(const struct judge *judge);

/* Behind a FastCGIserver; by CGIpattern, CGIextension or CGIhandler. False: it is no such program.
 */
bool router_judge_fastcgi(const struct judge *judge);
bool router_judge_cgi(const struct judge *judge);

/* ---- router_xslt.c ---- */

/* What lies there is an XML file that may be read, and has a stylesheet (UseXSLT). */
bool router_judge_style(const struct judge *judge);

/* ---- router_trace.c: for who wants to know; there is a trace ---- */

void router_tell_answer(const struct judge *judge);
void router_tell_afterwards(const struct judge *judge);
void router_tell_altering(const struct judge *judge, enum access access);
void router_tell_access(const struct judge *judge, enum access access, bool is_open_to_all);

#endif
