/* A look at what a program does, for the log of its host. */
#include "spawner_private.h"

void program_look(struct program *program)
{
    char room[SPAWN_SEEN_MOST];
    struct glance_report report = { .text = text_on(room, sizeof(room)) };

    adopted_look(program->spawner); /* what has left it meanwhile is shown as well */
    if (!program->leader_gone)
        glance_at_family(&report, program->pid);
    adopted_glance(program, &report);
    glance_end(&report);

    const struct spawn_message seen = {
        .kind = SPAWN_SEEN,
        .seen = { .token = program->token, .text = text_slice(&report.text) },
    };
    channel_send(program->channel, &seen, NULL, 0);
}
