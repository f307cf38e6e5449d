#ifndef PLACE_PRIVATE_H
#define PLACE_PRIVATE_H

/*
 * What place.c (a request and its place) and place_line.c (who gets a target, and who waits) share.
 * Everything under the lock of the group; `own` is the desk of the thread that calls.
 */
#include "gateway/place.h"

/* Gives the place a target, or puts it in a line, or decides that there is nothing for it. */
void place_choose(struct place *place);

/* The place is given the target. */
void place_enter(struct place *place, struct backend *backend, const struct desk *own);

/* Out of its line and no prober any more; somebody else is. */
void place_withdraw(struct place *place);

/* A target that it has not tried is there, or will be. */
bool place_may_hope(const struct place *place, const struct backend *apart_from);

/* What was decided takes effect, in the thread of the place. */
void place_heed(struct place *place);

/* Connections or people have changed: whoever can be served is. */
void backend_serve(struct backend_group *group, struct backend *backend, const struct desk *own);

/* In trouble, somebody waits, and nobody asks: one of them does from now on. */
void backend_appoint(struct backend_group *group, struct backend *backend, const struct desk *own);

/* It rests from now on: who waits for it has to choose anew. Returns for how many ms. */
uint64_t backend_send_away(struct backend_group *group, struct backend *backend,
                           const struct desk *own);

#endif
