/*
 * `longhouse doctor [HOST]`: is all there that the configuration needs, and does it work?
 */
#include "doctor.h"

#include "inspector/inspector.h"
#include "inspector_private.h"
#include "tool/load.h"
#include "tool/tool.h"

#include <string.h>

static const char how[] = "doctor [HOST] [-c FILE|DIR] [--json]";

struct order {
    const char *config;
    const char *host; /* NULL: all */
    bool json;
};

static int read_words(struct order *order, int argc, char **argv)
{
    *order = (struct order){ .config = CONFIG_FOLDER };
    for (int i = 0; i < argc; i++) {
        const char *value = word_value("-c", argc, argv, &i);

        if (value)
            order->config = value;
        else if (strcmp(argv[i], "--json") == 0)
            order->json = true;
        else if (argv[i][0] == '-' || order->host)
            return usage(how);
        else
            order->host = argv[i];
    }
    return 0;
}

/* ---- which host ---- */

static const struct vhost_conf *find_host(const struct server_conf *conf, const char *name)
{
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        for (const struct conf_word *word = host->hostnames; word; word = word->next)
            if (slice_equal_nocase(word->text, slice_cstr(name)))
                return host;
    return NULL;
}

static int no_host(const struct server_conf *conf, const char *name)
{
    const struct vhost_conf *host = conf->hosts;

    fprintf(stderr,
            "longhouse: no Hostname of the configuration is '%s'\n      = there are:", name);
    for (unsigned shown = 0; host && shown < 20; host = host->next)
        for (const struct conf_word *word = host->hostnames; word && shown < 20; word = word->next)
            fprintf(stderr, "%s %.*s", shown++ > 0 ? "," : "", SLICE_ARGS(word->text));
    fprintf(stderr, "%s\n", host ? ", ..." : "");
    return 2;
}

/* ---- the visit ---- */

static void look(const struct visit_of_doctor *visit)
{
    doctor_house(visit);
    doctor_certificates(visit);
    doctor_limits(visit);
    doctor_disks(visit);
    doctor_programs(visit);
    if (!become_server_user(visit->conf, visit->findings->arena)) {
        finding_add(visit->findings, FINDING_FAIL, "user", "adduser, or correct ServerId",
                    "the user of the server cannot be had");
        return;
    }
    doctor_kernel_tls(visit);
    doctor_folders(visit);
    doctor_backends(visit);
}

static int examine(const struct order *order, struct arena *arena)
{
    const char *why = NULL;
    struct findings findings;
    struct diags diags;

    diags_init(&diags, arena);
    findings_init(&findings, arena);
    const struct server_conf *conf = tool_load_into(order->config, true, &diags, &why);
    if (why) {
        fprintf(stderr, "longhouse: %s: %s\n", order->config, why);
        return 1;
    }
    struct visit_of_doctor visit = { .conf = conf, .findings = &findings };
    if (conf && order->host && (visit.host = find_host(conf, order->host)) == NULL)
        return no_host(conf, order->host);
    findings_take_diags(&findings, &diags);
    if (conf && diags.errors == 0 && diags.warnings == 0)
        finding_add(&findings, FINDING_OK, "configuration", NULL, "%s is in order", order->config);
    if (conf)
        look(&visit);
    if (order->json)
        findings_print_json(&findings, stdout);
    else
        findings_print(&findings, stdout, has_colours(stdout));
    return findings.counts[FINDING_FAIL] > 0 ? 1 : 0;
}

int inspector_doctor(int argc, char **argv)
{
    struct arena arena = { 0 };
    struct order order;
    int status = read_words(&order, argc, argv);

    if (status == 0)
        status = examine(&order, &arena);
    arena_done(&arena);
    return status;
}
