#ifndef HTTP_OFFENCE_H
#define HTTP_OFFENCE_H

/*
 * What a client may be banned for. Whoever notices one leaves it in exchange_record.offence (with
 * exchange_blame()) and answers as it would anyway; whether the client is banned, and for how long,
 * is decided by the server when the head of the answer goes out or the exchange ends.
 */
enum offence {
    OFFENCE_NONE,
    OFFENCE_GARBAGE,      /* no HTTP */
    OFFENCE_INVALID_URL,  /* what no link leads to */
    OFFENCE_REQUEST_SIZE, /* over MaxRequestSize */
    OFFENCE_TIMEOUT,      /* began a request and did not complete it in time */
    OFFENCE_FLOODING,
    OFFENCE_MAX_PER_IP,
    OFFENCE_WRONG_PASSWORD, /* one; the server counts them */
    OFFENCE_DENIED_BODY,    /* a body that fits DenyBody */
    OFFENCE_SQL,            /* SQL where none belongs */
    OFFENCE_CHALLENGE,      /* did not learn from challenges: record.ban_ms */
    OFFENCE_RULE,           /* a rule of the configuration says so: record.ban_ms */
    OFFENCE_PROGRAM,        /* a program says so: record.ban_ms */
    OFFENCE_ORDER,          /* the administrator says so */
};

#endif
