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

/* ---- router_programs.c ---- */

/* Nothing here has this name. What goes on behind a file is none of its business. */
bool router_is_for_front_controller(const struct judge *judge);

/* Behind a FastCGIserver; by CGIpattern, CGIextension or CGIhandler. False: it is no such program.
 */
bool router_judge_fastcgi(const struct judge *judge);
bool router_judge_cgi(const struct judge *judge);

/* ---- router_trace.c: for who wants to know; there is a trace ---- */

void router_tell_answer(const struct judge *judge);
void router_tell_access(const struct judge *judge, enum access access, bool is_open_to_all);

#endif
