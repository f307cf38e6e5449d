#ifndef TESTS_HANDLER_PROBE_H
#define TESTS_HANDLER_PROBE_H

/*
 * One site on a real folder, and a client that asks it one thing after the other without any
 * network: the router judges, the handler answers, the probe keeps head and body. Before it reads
 * the body it empties the file cache, so that an answer that leans on it is found out.
 */
#include "base/log.h"
#include "handler/services.h"
#include "http/exchange.h"
#include "loop/driver_fake.h"
#include "loop/loop.h"
#include "site/conf.h"
#include "site/router.h"
#include "site/tree.h"

#include <stdbool.h>
#include <stdint.h>

#define PROBE_SPANS_MOST 32
#define PROBE_BODY_MOST  (256u * 1024)

struct probe_span {
    uint64_t offset;
    uint64_t len;
};

struct probe {
    struct tree tree;
    struct snapshot *snapshot;
    struct loop loop;
    struct driver *driver;
    struct services services;
    struct exchange_owner owner;
    struct binding_conf binding;
    struct visit visit;
    struct log log;
    /* Instead of router and handler, when set: what is to answer. */
    void (*answer)(struct exchange *x);

    /* The last answer. */
    int status;
    int64_t length;
    char head[4096]; /* "Name: value\n" for each field */
    char body[PROBE_BODY_MOST];
    size_t body_len;
    uint64_t put_bytes;                        /* what the handler put, whatever was read of it */
    struct probe_span spans[PROBE_SPANS_MOST]; /* of files that carry no bytes */
    unsigned span_count;
    enum body_end end;
    unsigned heads;
    unsigned resets;
    unsigned ended;
    char cause[256];
    char id[20];

    /* Since probe_new(). */
    char logged[4096]; /* lines */
    unsigned logged_lines;
};

/* `host` may be changed before probe_open(). */
struct probe *probe_new(void);
void probe_open(struct probe *probe, struct conf *conf);
void probe_free(struct probe *probe);

/* A host "site.test" with the tree as its root and everything else as conf_host() has it. */
struct vhost_conf *probe_host(struct probe *probe, struct conf *conf);

/* `fields`: lines "Name: value\n", may be NULL. The answer is in the probe afterwards. */
void probe_ask(struct probe *probe, const char *method, const char *target, const char *fields);

/* The value of a field of the answer, NULL: there is none. Valid until the next call. */
const char *probe_field(struct probe *probe, const char *name);

#endif
