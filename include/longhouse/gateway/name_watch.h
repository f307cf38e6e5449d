#ifndef GATEWAY_NAME_WATCH_H
#define GATEWAY_NAME_WATCH_H

/*
 * Keeps the addresses of the hosts in ConnectTo up to date: asks the resolver program for each when
 * its answer has become old, and tells what came. A name that cannot be resolved keeps its last
 * good addresses; that is logged once, and asked again after 1 s, 2 s ... 60 s. A resolver that is
 * started anew is asked for all that was under way. Runs on one loop.
 */
#include "base/log.h"
#include "base/text.h"
#include "config/model.h"
#include "ipc/resolve.h"
#include "loop/loop.h"

struct name_watch;

/* Who wants to know; each call is for one host. */
struct name_listener {
    /* Each good answer; count > 0. */
    void (*found)(void *self, const struct connect_conf *conf, const struct resolved *addresses,
                  unsigned count);
    /* There was never one, and there is none. */
    void (*missing)(void *self, const struct connect_conf *conf);
    void *self;
};

/* `loop` and `log` are borrowed. */
struct name_watch *name_watch_new(struct loop *loop, struct log *log);
void name_watch_free(struct name_watch *watch); /* NULL: nothing happens */

/* `conf` names a host and outlives the watch. To be called before the first channel comes. */
void name_watch_add(struct name_watch *watch, const struct connect_conf *conf,
                    struct name_listener listener);

/* A channel to the resolver (taken), in place of the former. */
void name_watch_connect(struct name_watch *watch, int channel);

/* For `longhouse status`: lines of text, or a JSON array. */
void name_watch_describe(const struct name_watch *watch, struct text *text);
void name_watch_describe_json(const struct name_watch *watch, struct text *text);

#endif
