#ifndef CONFIG_SCREEN_CONF_H
#define CONFIG_SCREEN_CONF_H

/*
 * What requests to the programs of a host may not hold (DenyBody, PreventSQLi, PreventXSS,
 * PreventCSRF), and who is asked to prove that it is a browser (ChallengeClient). Part of the
 * model.
 */
#include "base/diag.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* In the order of the words in the configuration. */
enum prevent { PREVENT_NO, PREVENT_DETECT, PREVENT_TAME, PREVENT_BLOCK };

struct deny_body_conf {
    struct deny_body_conf *next;
    struct slice pattern; /* config/regex.h; any case */
    struct diag_place place;
};

struct screen_conf {
    struct deny_body_conf *deny_body;
    enum prevent csrf;
    enum prevent sqli;
    enum prevent xss;
};

/* True: there is something to look for. */
static inline bool screen_conf_is_on(const struct screen_conf *conf)
{
    return conf->deny_body || conf->csrf || conf->sqli || conf->xss;
}

enum challenge_kind { CHALLENGE_BY_HEADER, CHALLENGE_BY_SCRIPT };

struct challenge_conf {
    uint64_t threshold; /* connections; 0: nobody is challenged */
    enum challenge_kind kind;
    uint64_t ban_ms;
    struct slice secret; /* empty: the key of the house */
};

#endif
