#ifndef SERVER_RELOAD_H
#define SERVER_RELOAD_H

/*
 * From one edition to the next, in the main thread: built while the former serves, mailed to all
 * reactors, settled when each of them has adopted it, and the former freed when the last exchange
 * that began under it has ended.
 */
#include "server/house.h"
#include "server/takeover.h"

struct reload;

struct reload_boss {
    /* All reactors have adopted this generation. */
    void (*settled)(void *self, uint64_t generation);
    /* Nothing of it is in use any more. */
    void (*left)(void *self, uint64_t generation);
    void *self;
};

/* There is one in a process. `house` is borrowed, and was built. */
struct reload *reload_open(struct house *house, struct reload_boss boss);
void reload_close(struct reload *reload); /* NULL: nothing happens */

/* NULL, or why there is no such edition (static text); then nothing has changed. */
const char *reload_begin(struct reload *reload, struct takeover *takeover);

#endif
