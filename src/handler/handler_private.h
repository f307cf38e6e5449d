#ifndef HANDLER_PRIVATE_H
#define HANDLER_PRIVATE_H

/*
 * What the short answers share among themselves.
 */
#include "handler/services.h"
#include "http/exchange.h"
#include "site/router.h"

/*
 * Finishes the answer with a small page for `status`: page, head, end, and the handler is done.
 * Fields that were added before stay. `location`: where a redirect leads, else empty. `details`:
 * plain text for those who may read it, else empty.
 */
void page_send(struct exchange *x, int status, const struct host *host, struct slice location,
               struct slice details);

/*
 * ErrorHandler: true when a page or a program of the website answers the failure. Otherwise the
 * small page does, for what error_page_origin() names: the failure of the request itself, when this
 * one is of its error page.
 */
bool error_page_start(struct exchange *x, const struct verdict *failed);

/* ErrorXSLTfile: likewise, when a stylesheet does. `fields`: of the answer. */
bool error_style_start(struct exchange *x, const struct verdict *failed,
                       const struct fields *fields);

const struct verdict *error_page_origin(struct exchange *x, const struct verdict *verdict);

#endif
