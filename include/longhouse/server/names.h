#ifndef SERVER_NAMES_H
#define SERVER_NAMES_H

/*
 * The hosts in ConnectTo, looked after by the main thread: what the resolver says about them
 * (gateway/name_watch) becomes targets of their sections (gateway/named).
 */
#include "server/house.h"

#include "loop/loop.h"
#include "loop/mailbox.h"

struct names;

/* NULL: ConnectTo names no host. `loop`, `mailbox` and `house` are borrowed; the reactors of the
 * house have been started, or never will be. */
struct names *names_open(struct loop *loop, struct mailbox *mailbox, struct house *house);
void names_close(struct names *names); /* NULL: nothing happens */

/* A channel to the resolver (taken); -1 or names NULL: nothing happens. */
void names_connect(struct names *names, int channel);

#endif
