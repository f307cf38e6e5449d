#ifndef SERVER_TRACE_REPLY_H
#define SERVER_TRACE_REPLY_H

/*
 * A request that asks for it is told why it is answered as it is: from an address that TraceFor of
 * its host allows, with the field `X-Longhouse-Trace: yes`, it gets a field of that name for each
 * decision. Nobody else learns anything, caches included. What programs are told is not among it.
 */
#include "http/exchange.h"
#include "site/snapshot.h"

#include <stdbool.h>

/* Fields of an answer, and bytes of one. */
#define TRACE_REPLY_MOST       100u
#define TRACE_REPLY_BYTES_MOST 500u

/* Before it is judged: true, x->trace is there from now on. */
bool trace_reply_begin(struct exchange *x, const struct host *host);

/* The head of the answer is about to leave. Harmless without a trace. */
void trace_reply_add(struct exchange *x);

#endif
