#ifndef NET_PROXY_LINE_H
#define NET_PROXY_LINE_H

/*
 * The PROXY protocol: what a proxy that carries bytes and does not read them says about its client,
 * once, before the first of them. Version 1 is a line of text, version 2 is binary (HAProxy's
 * proxy-protocol.txt, sections 2.1 and 2.2).
 */
#include "base/address.h"
#include "base/parse.h"

/* A larger one is refused; without extras it has 232 bytes at most. */
#define PROXY_LINE_MOST 8192u

struct proxy_line {
    bool told;                   /* false: the proxy speaks for itself, or cannot say for whom */
    union socket_address client; /* with its port, unmapped; only when told */
    bool secure;                 /* the client came by TLS (version 2, PP2_TYPE_SSL) */
};

/* The bytes begin no PROXY line, whatever follows. False while they may. */
bool proxy_line_is_none(struct slice in);

/* Decodes one from the front of `in`; *ret_used bytes belong to it. Pure. */
enum parse proxy_line_parse(struct slice in, struct proxy_line *ret, size_t *ret_used,
                            struct parse_fault *ret_fault);

#endif
