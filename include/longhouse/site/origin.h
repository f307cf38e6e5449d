#ifndef SITE_ORIGIN_H
#define SITE_ORIGIN_H

/*
 * The client behind trusted proxies: whom a request really comes from, by what the proxies say.
 *
 * A proxy writes down whom it got the request from, behind what the request carried already; so a
 * list is believed from its right end only, as far as trusted proxies reach, and not a step
 * further. What anybody else says in these fields is data.
 */
#include "base/address.h"
#include "config/model.h"
#include "http/exchange.h"
#include "http/field.h"

#include <stdbool.h>

/* The peer is a trusted proxy for this binding (NULL: none). */
bool origin_trusts(const struct server_conf *conf, const struct binding_conf *binding,
                   const union socket_address *address);

struct origin {
    bool found;                  /* the fields tell a client */
    union socket_address client; /* without port, unmapped; only when found */
    bool has_scheme;             /* the fields tell how the client came */
    bool secure;
};

/*
 * What the fields of a request that came from a trusted proxy say. `conf->proxy_field` tells which
 * are looked at:
 *
 *   PROXY_FIELD_ANY  X-Forwarded-For, all lines joined; without one Forwarded; without both
 *                    X-Real-IP
 *   others           that one alone
 *
 * In a list the client is the right-most address that is no trusted proxy. An element that is no
 * address stops the walk: the last address before it counts, none when there was none. The scheme
 * is that of the chosen element (Forwarded), or the right-most of X-Forwarded-Proto.
 *
 * Pure.
 */
struct origin origin_find(const struct server_conf *conf, const struct binding_conf *binding,
                          const struct fields *fields);

/* Puts whom the trusted proxy names in the place of the proxy; from here on it is the client. */
void origin_take(const struct origin *origin, struct visit *visit);

/* An address as proxies write it: 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1],
 * [2001:db8::1]:80. The port is dropped. False: it is none. */
bool origin_parse_node(struct slice text, union socket_address *ret);

#endif
