/* What the verbs of this program share: colours, URLs, and whose eyes they see with. */
#include "config/run_as.h"
#include "inspector_private.h"
#include "os/sandbox.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool has_colours(FILE *out)
{
    const char *no = getenv("NO_COLOR");

    return isatty(fileno(out)) && (!no || *no == '\0');
}

void show_url(struct text *text, const struct url *url)
{
    text_add_cstr(text, url->secure ? "https://" : "http://");
    text_add(text, url->authority);
    text_add(text, url->target);
}

bool become_server_user(const struct server_conf *conf, struct arena *arena)
{
    struct account account;

    if (geteuid() != 0)
        return true;
    const char *why = account_find(conf->server_user, conf->server_groups, arena, &account);
    if (why) {
        fprintf(stderr, "longhouse: ServerId: %s\n", why);
        return false;
    }
    const int r = sandbox_become(account.user, account.group, account.groups, account.group_count);
    if (r < 0)
        fprintf(stderr, "longhouse: cannot become the user '%.*s': %s\n",
                SLICE_ARGS(conf->server_user), strerror(-r));
    return r == 0;
}
