#ifndef SITE_GATE_H
#define SITE_GATE_H

/*
 * Requests that are turned away, or sent to another name, whatever lies there. Pure.
 */
#include "http/exchange.h"
#include "site/resource.h"
#include "site/snapshot.h"

/* The place that was asked for, by another scheme, name or port (0: the usual one). */
struct slice gate_same_place(struct exchange *x, bool secure, struct slice name, unsigned port);

/* EnforceFirstHostname: the URL that the visitor should use, in x->arena; empty: this one. */
struct slice gate_other_name(const struct host *host, struct exchange *x);

/* SecureURL: the query has an encoded control byte. */
bool gate_query_is_foul(struct slice query);

/* BlockExtensions: the file, or what the link of its name leads to, has one of them. */
bool gate_blocks(const struct conf_word *extensions, const struct resource *resource);

#endif
