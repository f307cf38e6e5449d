#ifndef INSPECTOR_BINDING_H
#define INSPECTOR_BINDING_H

/*
 * Which binding a URL means: one with its port that speaks TLS or does not, as the scheme says; of
 * several the one whose address the host is. A URL without a port may mean any port, since the
 * house may be behind something that is called by the usual one.
 */
#include "config/model.h"
#include "inspector/url.h"
#include "site/trace.h"

/* NULL: there is none. */
const struct binding_conf *binding_for(const struct server_conf *conf, const struct url *url);

/* How it was found, for an explanation. */
void binding_tell(const struct binding_conf *binding, const struct url *url, struct trace *trace);

#endif
