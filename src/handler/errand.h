#ifndef HANDLER_ERRAND_H
#define HANDLER_ERRAND_H

/*
 * What a request to a program needs, whether it runs as CGI or behind FastCGI: the body in, the
 * answer out, stderr, the time limit, and one way to fail. Private to this floor.
 */
#include "gateway/delivery.h"
#include "gateway/last_words.h"
#include "gateway/meta.h"
#include "gateway/time_limit.h"
#include "gateway/turnstile.h"
#include "gateway/upload.h"
#include "handler/registry.h"
#include "handler/services.h"
#include "output_tap.h"

enum step { STEP_AGAIN, STEP_WAIT };

struct errand {
    struct exchange *x; /* borrowed, as everything below that is not embedded */
    const struct services *services;
    const struct verdict *verdict;
    const struct host *host;
    struct log *log;           /* of the host */
    struct slice script;       /* where it lies */
    struct slice program_root; /* the folder that the program takes for the root of the disk */
    bool is_watched;           /* set by its handler: a slow program can be looked at */
    struct upload upload;
    struct delivery delivery;
    struct output_tap tap;
    struct last_words words;
    struct time_limit limit;
    struct ticket ticket;
    struct meta_source told; /* what the variables were made of; exchange NULL: not yet */
    uint64_t waits_since_ms; /* for a seat */
    uint64_t came_us;        /* to where it may have to wait */
    uint64_t seated_us;
    uint64_t heard_bytes; /* of the output, when it was looked at last */
};

/* `collect_most`: as upload_init() has it. */
void errand_init(struct errand *errand, struct exchange *x, const struct verdict *verdict,
                 uint64_t collect_most);

/* It asks an authorizer whether the verdict's guarded one may be answered. */
bool errand_is_question(const struct errand *errand);

/* Fills in what CGI and FastCGI tell alike. */
void errand_describe(const struct errand *errand, struct meta_source *ret);

/*
 * Tells all variables to the sink. False: they cannot be told, and *ret_status and *ret_why say
 * what to answer.
 */
bool errand_tell(struct errand *errand, const struct meta_source *source, struct meta_sink *sink,
                 int *ret_status, const char **ret_why);

/*
 * A seat for the program: what runs, and what is talked to, has one. Ask again whenever the task
 * runs until the answer is no longer ERRAND_WAITS.
 */
enum errand_seat {
    ERRAND_SEATED,
    ERRAND_WAITS,
    ERRAND_TURNED_AWAY, /* errand_turned_away_text() says why: 503 */
};
enum errand_seat errand_seat(struct errand *errand);
const char *errand_turned_away_text(const struct errand *errand);

/* It comes to where it may have to wait, and is let in: how long that took is for the log. Only the
 * first time of each counts. */
void errand_came(struct errand *errand);
void errand_let_in(struct errand *errand);

/* The limits of time begin. Harmless when repeated. */
void errand_start_time(struct errand *errand);

/* The program runs, or is connected to: notes how long that took. */
void errand_started(struct errand *errand);

/* After every look at its output: what came of it prolongs CGIidle. */
void errand_listen(struct errand *errand);

/* A limit of time is over. */
bool errand_is_out_of_time(const struct errand *errand);

/*
 * True once: the program has used up most of a limit, and `*ret` says of which ("4000 ms of
 * TimeForCGI (5 s)", in the exchange's arena). Only with `is_watched`, and then to be asked
 * whenever the task runs, before errand_is_out_of_time().
 */
bool errand_is_slow(struct errand *errand, const char **ret);

/* "TimeForCGI (5 s) is over" in the exchange's arena. */
const char *errand_time_text(const struct errand *errand);

/* How a request that came to nothing is to be answered when the client did not send its body as
 * announced. */
int errand_broken_body_status(const struct errand *errand);

/* One line about something that did not hurt the answer. */
void errand_note(const struct errand *errand, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What the answer had that was put right silently: dropped lines, surplus bytes. And that a 5xx was
 * the program's own, for whoever looks for the reason of one. */
void errand_note_repairs(const struct errand *errand);

/* What the program said last, as "; last words: '...'" or nothing, in the exchange's arena. */
const char *errand_last_words(const struct errand *errand);

/* What DebugCGI shows of a failure to this client, in the exchange's arena; empty: nothing. */
struct slice errand_details(const struct errand *errand, struct slice why);

/* The variables as they were told, each with NUL behind, in the exchange's arena; empty when they
 * could not be. */
struct slice errand_variables(const struct errand *errand);

/* Within which limits its program runs that we start, and as whom, unless it is an account's. */
const struct confine_conf *errand_confine(const struct errand *errand);

/* The account whose website it is and that it runs as (WrapUserCGI), or NULL. */
const struct user_conf *errand_owner(const struct errand *errand);

/* ---- rehearsal.c ---- */

/* Before the program is started or talked to: tells the trace, if there is one, who it is and what
 * it may use. */
void errand_tell_trace(const struct errand *errand);

/*
 * It is only rehearsed: the handler lets go of its own things, and instead of starting or talking
 * to the program says errand_end_rehearsal(), which releases the rest and is the end of the
 * exchange; or, for a question to an authorizer, hands over to what that guards.
 */
bool errand_is_rehearsed(const struct errand *errand);
void errand_end_rehearsal(struct errand *errand);

/* Lets go of everything here. Harmless when repeated. */
void errand_release(struct errand *errand);

/*
 * The end of a request whose output is over and good: what the program wants sent from a file or a
 * path of the host is handed over, else the exchange is done. The handler must have let go of its
 * own things; what is here is released.
 */
void errand_conclude(struct errand *errand);

/* The authorizer has consented, and everything is released: hands over to what it guarded. */
void errand_let_pass(struct errand *errand);

/*
 * The end of a request that failed, with the one line that says why; the handler must have let go
 * of its own things, what is here is released. Before the head: answers `status`. Behind it: cuts
 * the answer so that the client sees it.
 */
void errand_fail(struct errand *errand, int status, unsigned retry_after_s,
                 enum reset_reason reason, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
