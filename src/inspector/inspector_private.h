#ifndef INSPECTOR_PRIVATE_H
#define INSPECTOR_PRIVATE_H

/* What the verbs of this program share. */
#include "base/text.h"
#include "inspector/stage.h"

#include <stdio.h>

/* Whether `out` is a terminal that wants colours (NO_COLOR is heeded). */
bool has_colours(FILE *out);

/*
 * This process becomes the user of the server, for good, so that files are seen as the house sees
 * them. An ordinary user stays who he is. False (said on stderr): that cannot be.
 */
bool become_server_user(const struct server_conf *conf, struct arena *arena);

/* ---- show_text.c, show_json.c: one question and what came of it ---- */

struct sent; /* send.c: what the running house answered; NULL: it was not asked */

void show_text(FILE *out, bool colours, const struct stage_question *question,
               const struct stage_answer *answer, const struct sent *sent);
/* One object in one line. */
void show_json(FILE *out, const struct stage_question *question, const struct stage_answer *answer,
               const struct sent *sent);

/* "http://a.example/x" with what the parser has filled in. */
void show_url(struct text *text, const struct url *url);

#endif
