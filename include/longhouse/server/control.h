#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

/*
 * Questions of the administrator over a unix socket, answered by the main thread: one line in
 * ("status", "status json"), a text out, end. Only those whom the socket's mode lets in can ask.
 */
#include "loop/loop.h"
#include "server/house.h"

struct control;

/* Listens on `fd` (taken). */
struct control *control_open(struct loop *loop, struct house *house, int fd);
void control_close(struct control *control);

/* The answers, into a buffer of the caller. */
struct text;
void control_write_status(const struct house *house, struct text *text);
void control_write_status_json(const struct house *house, struct text *text);

#endif
