#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

/*
 * Questions of the administrator over a unix socket, answered by the main thread: one line in
 * ("status", "status json", "reload"), a text out, end. Only those whom the socket's mode lets in
 * can ask.
 */
#include "loop/loop.h"
#include "server/house.h"

struct control;

/* Who brings about what this process cannot: another generation of the configuration, and
 * certificates. */
struct control_boss {
    /* Asked for the number-th time; or, in the same row, for an upgrade. */
    void (*reload)(void *self, uint64_t number, bool upgrade);
    /* The certificate of AutoTLS of this host, or with an empty name all, are got anew. */
    void (*renew)(void *self, struct slice host);
    void *self;
};

/* Listens on `fd` (taken). */
struct control *control_open(struct loop *loop, struct house *house, int fd,
                             struct control_boss boss);

/* The outcome, for those who asked for a reload up to the number-th time. */
void control_tell(struct control *control, uint64_t number, struct slice text);
void control_close(struct control *control);

/* The answers, into a buffer of the caller. */
struct text;
void control_write_status(const struct house *house, struct text *text);
void control_write_status_json(const struct house *house, struct text *text);

#endif
