#ifndef GATEWAY_PROGRAM_OUTPUT_H
#define GATEWAY_PROGRAM_OUTPUT_H

/*
 * The stdout of a CGI program: what it says goes into the delivery of its answer. While the client
 * is behind nothing is read, and the program waits.
 */
#include "gateway/delivery.h"
#include "loop/io.h"

/* So many bytes in one go, then the others have their turn. */
#define PROGRAM_OUTPUT_BYTES_PER_TURN ((size_t)256 * 1024)

struct program_output {
    struct delivery *delivery; /* borrowed */
    struct io io;              /* our end of the pipe; fd -1: none, or closed */
};

enum program_output_news {
    PROGRAM_OUTPUT_WAITS,     /* for the program, or for the client */
    PROGRAM_OUTPUT_GOES_ON,   /* others have their turn: to be pumped again in the next one */
    PROGRAM_OUTPUT_ENDED,     /* nobody will write any more */
    PROGRAM_OUTPUT_REFUSED,   /* the head cannot be sent (reply.why) */
    PROGRAM_OUTPUT_UNWATCHED, /* the kernel does not tell us of it */
};

/* Not open yet. */
void program_output_init(struct program_output *output, struct delivery *delivery);

/* Takes our end of the pipe. `is_over`: its program has ended, and has said all that it had to say.
 */
void program_output_open(struct program_output *output, int fd, bool is_over);

/* UNWATCHED: *ret_error is a positive errno. */
enum program_output_news program_output_pump(struct program_output *output, int *ret_error);

/* It has more to say than the client takes. */
bool program_output_is_ahead(const struct program_output *output);

/* Harmless when repeated. */
void program_output_close(struct program_output *output);

#endif
