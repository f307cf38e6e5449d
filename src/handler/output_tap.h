#ifndef HANDLER_OUTPUT_TAP_H
#define HANDLER_OUTPUT_TAP_H

/*
 * How an errand deals with the output cache. Private to this floor.
 */
#include "gateway/delivery.h"
#include "handler/output_cache.h"
#include "site/router.h"

struct stored_answer;

/* Listens to an answer of a program, and keeps it if it may. */
struct output_tap {
    struct delivery_tap tap;
    struct exchange *x; /* borrowed, as what follows */
    const struct verdict *verdict;
    struct output_cache *cache;  /* NULL: there is none */
    uint64_t begun;              /* so much was to be forgotten before the program ran */
    struct stored_answer *draft; /* owned: what is being kept; NULL: nothing */
    char *bytes;                 /* owned: its body */
    size_t len;
    size_t room;
};

/* True: the request was answered from what is kept, and the exchange is done. */
bool output_cache_answers(struct exchange *x, const struct verdict *verdict);

void output_tap_init(struct output_tap *tap, struct exchange *x, const struct verdict *verdict);

/* The output was whole and good: it is kept. */
void output_tap_keep(struct output_tap *tap);

/* It was not. Harmless when repeated, and after output_tap_keep(). */
void output_tap_drop(struct output_tap *tap);

#endif
