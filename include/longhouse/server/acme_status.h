#ifndef SERVER_ACME_STATUS_H
#define SERVER_ACME_STATUS_H

/*
 * How it stands with the certificates of AutoTLS, or with the answers of TLSstaple, as the program
 * that gets them told last, for `longhouse status`. One of each; the main thread's alone.
 */
#include "base/text.h"
#include "config/model.h"

#include <stdbool.h>

struct acme_status;

struct acme_status *acme_status_new(void);
void acme_status_free(struct acme_status *status); /* NULL: nothing happens */

/* What is told of hosts that have no AutoTLS by this configuration. */
void acme_status_forget(struct acme_status *status, const struct server_conf *conf);
void acme_status_forget_staples(struct acme_status *status, const struct server_conf *conf);

/* A state of ipc/acme.h; what is not understood is left out. */
void acme_status_take(struct acme_status *status, struct slice state);

/* Something was told about this host; with an empty name: about any. */
bool acme_status_knows(const struct acme_status *status, struct slice host);

/* Lines of text; or the objects of a JSON list. Nothing when nothing was told. */
void acme_status_describe(const struct acme_status *status, int64_t now_unix_s, struct text *text);
void acme_status_describe_json(const struct acme_status *status, struct text *text);

/* The same about answers; `conf` knows the names of the certificates. */
void acme_status_describe_staples(const struct acme_status *status, const struct server_conf *conf,
                                  int64_t now_unix_s, struct text *text);
void acme_status_describe_staples_json(const struct acme_status *status,
                                       const struct server_conf *conf, struct text *text);

#endif
