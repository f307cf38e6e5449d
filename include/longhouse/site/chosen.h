#ifndef SITE_CHOSEN_H
#define SITE_CHOSEN_H

/*
 * Which file a program may have the house send instead of a body of its own (X-Sendfile,
 * X-Accel-Redirect): a decision, not an action.
 *
 * A place on disk lies below WebsiteRoot or a SendfileRoot of the host, a path of the URL below
 * WebsiteRoot. For a program in the website of an account (UserWebsites) it is that website alone:
 * nothing of the host is its to give. No link leads out (FollowSymlinks). Below WebsiteRoot nothing
 * is given that a visitor may not see either: names that begin with a dot, sources of programs.
 * SendfileRoot is the administrator's word that all of the folder may be sent.
 */
#include "http/exchange.h"
#include "site/router.h"

/*
 * `of`: where the program lies. Both: true, and `ret` says ANSWER_FILE with its resource; or false,
 * and `ret` says ANSWER_STATUS: 502 (no such place or path may be named), 403, 404, 500 or 503, and
 * why. `host`, `status` 200 and `chosen` are set; what the resource holds is given back by
 * verdict_done().
 */
bool chosen_by_place(const struct snapshot *snapshot, const struct host *host, struct exchange *x,
                     const struct mapping *of, struct file_cache *cache, struct slice place,
                     struct verdict *ret);
bool chosen_by_path(const struct snapshot *snapshot, const struct host *host, struct exchange *x,
                    const struct mapping *of, struct file_cache *cache, struct slice path,
                    struct verdict *ret);

#endif
