#ifndef SERVER_WORKERS_STATUS_H
#define SERVER_WORKERS_STATUS_H

/*
 * What the spawner last told about each pool of workers, for `longhouse status`. The main thread's
 * alone: reactors know nothing of workers but the sockets they connect to.
 */
#include "base/text.h"
#include "config/model.h"

struct workers_status;

struct workers_status *workers_status_new(const struct server_conf *conf); /* conf is borrowed */
void workers_status_free(struct workers_status *status); /* NULL: nothing happens */

/* WORKERS of the supervisor; what is not understood is left out. */
void workers_status_take(struct workers_status *status, unsigned pool, struct slice report);

/* Lines of text; or the objects of a JSON list. Nothing without pools. */
void workers_status_describe(const struct workers_status *status, struct text *text);
void workers_status_describe_json(const struct workers_status *status, struct text *text);

#endif
