#ifndef HANDLER_AFTERWARDS_H
#define HANDLER_AFTERWARDS_H

/*
 * RunOnAlter and RunOnDownload: a program of the host is run when an exchange has ended, told what
 * that was by its environment. Nobody waits for it: the client has its answer, what the program
 * writes is read and thrown away, and a failure is one line in the host's error log. It takes a
 * seat as a CGI program does (MaxCGI, CGIqueue), and TimeForCGI ends it.
 *
 *   ended exchange ──> waits for a seat ──> asked of the spawner ──> runs ──> over
 */
#include "base/list.h"
#include "base/slice.h"

struct exchange;
struct services;
struct verdict;

/* Those that wait or run, of one struct services. */
struct afterwards {
    struct list deeds;
    /* One more, one less: as long as there is one, the services and their snapshot have to stay. */
    void (*begun)(struct services *services);
    void (*over)(struct services *services);
};

void afterwards_init(struct afterwards *afterwards, void (*begun)(struct services *),
                     void (*over)(struct services *));

/* What is to run after this exchange, which has ended; empty: nothing. */
struct slice afterwards_program(const struct exchange *x, const struct verdict *verdict);

/* Begins what is to run, if anything is. `verdict`: what answered. */
void afterwards_start(struct exchange *x, const struct verdict *verdict);

/* Ends all of them, each with a line in the log. */
void afterwards_cut(struct services *services);

#endif
