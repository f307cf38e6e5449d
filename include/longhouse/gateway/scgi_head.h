#ifndef GATEWAY_SCGI_HEAD_H
#define GATEWAY_SCGI_HEAD_H

/*
 * The head of an SCGI request: a netstring of "NAME\0VALUE\0" pairs, CONTENT_LENGTH first, then
 * SCGI, then the variables. The body follows as it is. Pure.
 *
 * CONTENT_LENGTH says where the request ends, so the one here counts and no variable of that name
 * is told behind it, whoever set it.
 */
#include "base/arena.h"
#include "base/slice.h"
#include "gateway/meta.h"

#include <stddef.h>
#include <stdint.h>

/* In an arena: a sink for meta_build(). */
struct scgi_head {
    struct meta_sink sink;
    struct arena *arena;
    char *at; /* begins with room for the length of the netstring */
    size_t len;
    size_t room;
    size_t most; /* of all pairs */
};

void scgi_head_init(struct scgi_head *head, struct arena *arena, size_t most, uint64_t body_length);

/* Closes the netstring; the bytes to send. */
struct slice scgi_head_end(struct scgi_head *head);

#endif
