#ifndef SITE_COMPRESSION_H
#define SITE_COMPRESSION_H

/*
 * Whether an answer is compressed while it is made, and what its head says then: by Compress and
 * CompressTypes of where it comes from, by its own fields, and by what the client takes. The last
 * that happens to the head of an answer, whoever gave it.
 *
 * Left as they are: what is coded already, parts (206) and answers without content, what is shorter
 * than COMPRESSION_LEAST, and what is not to be transformed (Cache-Control: no-transform). And, for
 * BREACH (docs/compression.md), answers of programs to a request with a cookie or a password that
 * another website has made its visitor send.
 */
#include "config/model.h"
#include "http/exchange.h"
#include "http/press_shelf.h"
#include "site/router.h"

#include <stdbool.h>

/* Shorter ones fit into one packet with their head, compressed or not. */
#define COMPRESSION_LEAST 1024

/* The usual types and those of CompressTypes; "; charset=..." may follow. */
bool compression_is_for(const struct vhost_conf *host, struct slice type);

/* The status and fields of the handler are all there; the head is not yet sent. `verdict`: of the
 * request; NULL: nobody has judged it. Forms of files are kept on the shelf (NULL: nowhere), long
 * ones in `folder`; both live as long as the exchange. */
void compression_apply(struct exchange *x, const struct verdict *verdict, struct press_shelf *shelf,
                       struct slice folder);

#endif
