#ifndef HANDLER_OUTPUT_CACHE_H
#define HANDLER_OUTPUT_CACHE_H

/*
 * What programs said, given again without asking them: for as long as the program itself wishes
 * (X-Longhouse-Cache: SECONDS, or Hiawatha's X-Hiawatha-Cache). One per reactor, without a lock;
 * that a program wants something forgotten is noted in one place, which each reactor looks at
 * before it answers.
 *
 * Kept are whole answers with status 200 to a GET. Nothing is kept of, or given to, who is known:
 * requests with Authorization, a login or a cookie of SkipCacheCookie; nor answers with Set-Cookie,
 * "private" or "no-store".
 */
#include "base/slice.h"

#include <stddef.h>
#include <stdint.h>

struct forgotten;
struct output_cache;

/* Shared by all reactors; one lock, taken only when something is to be forgotten. */
struct forgotten *forgotten_new(void);
void forgotten_free(struct forgotten *forgotten);

/* What is kept of the host for this target, in the form of a request ("/a.php?x=1"), or "all" of
 * it; by any thread. */
void output_cache_forget(struct forgotten *forgotten, struct slice host, struct slice target);

/* `most_bytes`: of all that is kept here; `answer_most`: of one body. 0: nothing is kept. */
struct output_cache *output_cache_new(size_t most_bytes, size_t answer_most,
                                      struct forgotten *forgotten);
void output_cache_free(struct output_cache *cache);

#endif
