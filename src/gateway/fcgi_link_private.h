#ifndef FCGI_LINK_PRIVATE_H
#define FCGI_LINK_PRIVATE_H

/*
 * What the link lends to its dialects.
 */
#include "gateway/fcgi_link.h"

enum step { STEP_AGAIN, STEP_WAIT };

/* The talk is over, and the connection closed. */
enum step fcgi_link_end(struct fcgi_link *link, enum link_end end, int error);

/*
 * The answer is whole. The connection is left open for another request if that `is_fit` as far as
 * the dialect can tell, if it was asked for, and if nothing is under way on it; else it is closed.
 */
void fcgi_link_complete(struct fcgi_link *link, bool is_fit);

/* The connection carries something else from here on. */
void fcgi_link_switch(struct fcgi_link *link);

/* The request has gone, its end included. */
bool fcgi_link_all_is_sent(const struct fcgi_link *link);

#endif
