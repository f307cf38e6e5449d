#ifndef CONFIG_THROTTLE_CONF_H
#define CONFIG_THROTTLE_CONF_H

/*
 * How fast answers may be: Throttle (each answer for itself), UploadSpeed of a Directory and the
 * throttle file of thttpd (all answers of it together). Part of the model.
 */
#include "base/diag.h"
#include "base/slice.h"

#include <stdint.h>

#define SPEED_MOST (UINT64_C(1) << 40) /* bytes per second */

/* Throttle: of two kinds, one text is empty. */
struct throttle_conf {
    struct throttle_conf *next;
    struct slice type;      /* the beginning of a media type, in small letters */
    struct slice extension; /* likewise */
    uint64_t bytes_per_s;
    struct diag_place place;
};

/* What several answers share. */
struct shared_speed_conf {
    struct shared_speed_conf *next;
    unsigned index;       /* 0, 1, ... in the order of the text */
    struct slice name;    /* "UploadSpeed of Directory 'x'", for logs; the same in the next
                             generation of the configuration */
    struct slice pattern; /* which files (site/pattern.h); empty: those of its Directory */
    uint64_t bytes_per_s;
    uint64_t least_per_s; /* what each answer gets, or it is refused; 0: whatever is left */
    uint64_t most;        /* answers at the same time; 0: no bound */
    struct diag_place place;
};

#endif
