#ifndef GATEWAY_PROBE_H
#define GATEWAY_PROBE_H

/*
 * Asks the targets of a FastCGIserver section in turn whether they are well (Probe), so that one
 * that is gone rests before a visitor meets it, and one that is back is used before its rest is
 * over. Each probe has a connection and a deadline of its own; one that meets a full queue, or
 * waits for a worker while visitors are answered, says nothing about the target. Runs on one loop.
 *
 *   Probe = connect   it can be connected to
 *   Probe = /ping     it answers a GET of that path with a status below 500 (php-fpm: ping.path)
 */
#include "base/log.h"
#include "gateway/backend.h"
#include "gateway/desk.h"
#include "loop/loop.h"

struct prober;

/* Who wants to know how each probe ended. */
enum probe_word {
    PROBE_WELL,
    PROBE_ILL,
    PROBE_INSECURE, /* ILL by its TLS handshake: `why` tells the cure as well */
    PROBE_SAYS_NOTHING,
};
struct probe_news {
    /* `why`: of PROBE_ILL and PROBE_INSECURE, valid until it returns. The prober is not to be freed
     * in here. */
    void (*told)(struct probe_news *news, const struct backend *backend, enum probe_word word,
                 const char *why);
};

/* `desk` and `loop` are of the thread that calls. The first probes begin in this turn. */
struct prober *prober_new(struct loop *loop, struct desk *desk, struct log *log,
                          struct backend_group *group);
/* In the turn in which it was made, at the latest. */
void prober_tell(struct prober *prober, struct probe_news *news);
void prober_free(struct prober *prober); /* NULL: nothing happens */

#endif
