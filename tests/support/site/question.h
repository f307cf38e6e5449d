#ifndef TESTS_SITE_QUESTION_H
#define TESTS_SITE_QUESTION_H

/* A request as the router sees it, made of its method and its target. */
#include "http/exchange.h"

/* What was in *x is forgotten; its arena is the caller's to end. A target that is none ends the
 * test. */
void question_make(struct exchange *x, struct loop *loop, const struct visit *visit,
                   enum method method, const char *target);

#endif
