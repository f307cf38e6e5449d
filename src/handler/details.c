/*
 * What DebugCGI shows on the page of a failed request, to allowed clients only: the reason, how the
 * answer began, what was said on stderr, the variables.
 */
#include "base/text.h"
#include "errand.h"

#define OWN_TEXT 1024u /* the headings */

static bool is_allowed(const struct errand *errand)
{
    const union socket_address *client = &errand->x->visit->client;

    return conf_nets_hold(errand->verdict->folder->debug_cgi, client);
}

struct slice errand_variables(const struct errand *errand)
{
    struct meta_block block;
    struct slice name;

    if (!errand->told.exchange)
        return SLICE("");
    meta_block_init(&block, &errand->x->arena,
                    errand->services->snapshot->conf->max_environment_bytes);
    if (meta_build(&errand->told, &block.sink, &name) != META_DONE)
        return SLICE("");
    return meta_block_slice(&block);
}

/* One on each line. */
static void add_variables(struct text *text, struct slice variables)
{
    struct slice variable;

    while (slice_next(&variables, '\0', &variable)) {
        text_add(text, variable);
        text_add_char(text, '\n');
    }
}

static void add_heading(struct text *text, const char *heading)
{
    text_add_cstr(text, "\n\n");
    text_add_cstr(text, heading);
    text_add_cstr(text, "\n\n");
}

static void add_part(struct text *text, const char *heading, struct slice part)
{
    if (part.len == 0)
        return;
    add_heading(text, heading);
    text_add(text, part);
}

struct slice errand_details(const struct errand *errand, struct slice why)
{
    const struct reply *reply = &errand->delivery.reply;
    char said[LAST_WORDS_KEPT];

    if (!is_allowed(errand))
        return (struct slice){ 0 };

    struct slice words = last_words_tail(&errand->words, said, sizeof(said));
    struct slice variables = errand_variables(errand);
    size_t room =
        why.len + errand->script.len + words.len + variables.len + reply->sample_len + OWN_TEXT;
    struct text text = text_on(arena_bytes(&errand->x->arena, room), room);
    text_add(&text, errand->script);
    text_add_cstr(&text, ": ");
    text_add(&text, why);
    add_part(&text, "ITS OUTPUT BEGAN WITH", slice_of(reply->sample, reply->sample_len));
    add_part(&text, "ITS LAST WORDS (stderr)", words);
    if (variables.len > 0)
        add_heading(&text, "ITS VARIABLES");
    add_variables(&text, variables);
    return text_slice(&text);
}
