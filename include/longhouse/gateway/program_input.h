#ifndef GATEWAY_PROGRAM_INPUT_H
#define GATEWAY_PROGRAM_INPUT_H

/*
 * The stdin of a CGI program: takes the body of a request to the pipe. What the client has sent
 * with its head comes from our memory; the rest goes from the socket into the pipe past us, where
 * the connection can do that (an outlet, see http/body.h).
 */
#include "gateway/upload.h"
#include "loop/io.h"

struct program_input {
    struct exchange *x;    /* borrowed */
    struct upload *upload; /* borrowed */
    struct io io;          /* our end of the pipe; fd -1: none, or closed */
};

/* Not open yet. */
void program_input_init(struct program_input *input, struct exchange *x, struct upload *upload);

/* Takes our end of the pipe; a long body gets a larger one. */
void program_input_open(struct program_input *input, int fd);

/* Moves what can be moved; closes the pipe behind the last byte, or when the program wants no more.
 */
void program_input_pump(struct program_input *input);

/* It has read all that there was and waits for the client. */
bool program_input_is_hungry(const struct program_input *input);

/* Harmless when repeated. */
void program_input_close(struct program_input *input);

#endif
