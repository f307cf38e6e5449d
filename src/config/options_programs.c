/* Options about who a host's programs are, and what they may use. */
#include "build.h"

#include <stdint.h>

/* user[:group[,group ...]] */
bool run_as_parse(struct arena *arena, struct slice text, struct slice *ret_user,
                  struct conf_word **ret_groups)
{
    struct slice groups;
    struct slice group;
    bool has_groups = slice_cut(text, ':', ret_user, &groups);

    *ret_user = slice_trim(*ret_user);
    *ret_groups = NULL;
    while (has_groups && slice_next(&groups, ',', &group)) {
        group = slice_trim(group);
        if (group.len > 0)
            words_add(arena, ret_groups, group);
    }
    return ret_user->len > 0 && !has_groups == !*ret_groups;
}

struct confine_conf *confine_of(void *record, const struct option_row *row)
{
    return row->scopes & SCOPE_FASTCGI ? &((struct fastcgi_conf *)record)->run.confine
                                       : &((struct vhost_conf *)record)->confine;
}

void run_as_set(struct build *build, void *record, const struct tree_node *node,
                const struct option_row *row)
{
    struct confine_conf *confine = confine_of(record, row);

    confine->user_place = tree_place(node, node->value);
    if (!run_as_parse(build->arena, node->value, &confine->user, &confine->groups))
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'%s' wants a user, and groups behind a ':'", row->name),
                  "for example: RunAs = alice:web");
}

static void wrap_set(struct build *build, void *record, const struct tree_node *node,
                     const struct option_row *row)
{
    struct vhost_conf *host = record;

    (void)build;
    (void)row;
    host->confine.wrap_id = node->value;
    host->confine.wrap_place = tree_place(node, node->value);
}

static void directory_wrap_set(struct build *build, void *record, const struct tree_node *node,
                               const struct option_row *row)
{
    struct folder_conf *folder = record;

    (void)row;
    folder->wrap_id = node->value;
    build->filling->directory->wrap_place = tree_place(node, node->value);
}

static void cgroup_set(struct build *build, void *record, const struct tree_node *node,
                       const struct option_row *row)
{
    struct conf_cgroup *cgroup = &((struct server_conf *)record)->cgroup;

    *cgroup = (struct conf_cgroup){ .place = tree_place(node, node->value) };
    if (slice_equal_nocase(node->value, SLICE("auto")))
        cgroup->kind = CGROUP_AUTO;
    else if (slice_equal_nocase(node->value, SLICE("no")))
        cgroup->kind = CGROUP_NO;
    else if (path_clean(build, node, row, node->value, &cgroup->path))
        cgroup->kind = CGROUP_AT_PATH;
}

void group_limit_set(struct build *build, void *record, const struct tree_node *node,
                     const struct option_row *row)
{
    uint64_t *member = (uint64_t *)(void *)((char *)record + row->offset);

    confine_of(record, row)->group_place = tree_place(node, node->value);
    if (row->unit > 0)
        size_parse(build, node, row, node->value, member);
    else
        count_parse(build, node, row, node->value, member);
}

/* A limit of setrlimit(2), with the place of the last one for what only the system can judge. */
void limit_set(struct build *build, void *record, const struct tree_node *node,
               const struct option_row *row)
{
    uint64_t *member = (uint64_t *)(void *)((char *)record + row->offset);

    confine_of(record, row)->limits_place = tree_place(node, node->value);
    if (row->unit > 0)
        size_parse(build, node, row, node->value, member);
    else
        count_parse(build, node, row, node->value, member);
}

void cpu_limit_set(struct build *build, void *record, const struct tree_node *node,
                   const struct option_row *row)
{
    struct confine_conf *confine = confine_of(record, row);
    uint64_t ms;

    if (!duration_parse(build, node, row, node->value, &ms))
        return;
    confine->cpu_s = (ms + 999) / 1000; /* the kernel counts whole seconds */
    if (ms % 1000 != 0)
        build_fault(build, DIAG_NOTE, node, node->value,
                    "the kernel counts whole seconds: %u are taken", (unsigned)confine->cpu_s);
}

void umask_set(struct build *build, void *record, const struct tree_node *node,
               const struct option_row *row)
{
    struct confine_conf *confine = confine_of(record, row);
    unsigned mask = 0;
    bool good = node->value.len > 0 && node->value.len <= 4;

    for (size_t i = 0; good && i < node->value.len; i++) {
        good = node->value.at[i] >= '0' && node->value.at[i] <= '7';
        mask = mask * 8 + (unsigned)(node->value.at[i] - '0');
    }
    if (!good || mask > 0777) {
        build_fault(build, DIAG_ERROR, node, node->value,
                    "'%s' must be an octal number up to 777, not '%.*s'", row->name,
                    SLICE_ARGS(node->value));
        return;
    }
    confine->umask = mask;
    confine->has_umask = true;
}

static void webdav_app_set(struct build *build, void *record, const struct tree_node *node,
                           const struct option_row *row)
{
    struct vhost_conf *host = record;

    yes_no_parse(build, &host->webdav_app, node, row);
    if (host->webdav_app)
        host->folder.execute_cgi = true; /* a later ExecuteCGI = no wins */
}

static const struct option_row rows[] = {
    {
        .name = "WebDAVapp",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .set = webdav_app_set,
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Whether a program of the host serves WebDAV, CalDAV or CardDAV: PUT and DELETE "
                "are for it alone, also where EnableAlter and AlterList would let files be "
                "altered. Sets ExecuteCGI to yes. PROPFIND, MKCOL, REPORT and all other methods "
                "reach programs without it.",
    },
    {
        .name = "RunAs",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .set = run_as_set,
        .grammar = "USER[:GROUP[,GROUP ...]]",
        .text = "The account that the host's CGI programs run as, in place of ServerId. Without "
                "groups it has those that the system gives it. Needs a house started by root. "
                "Script and folder must belong to that user or to root and be writable by "
                "nobody else; "
                "otherwise the request is 403.",
    },
    {
        .name = "WrapCGI",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .former = "CGIwrapId",
        .set = wrap_set,
        .grammar = "id of a Wrap line in cgi-wrapper.conf",
        .text = "Hiawatha's way to say RunAs: user, groups and the folder in which the scripts "
                "must lie come from the `Wrap = ID ; ROOT ; USER[:GROUP,...]` line of "
                "cgi-wrapper.conf in the configuration folder, and only the interpreters of its "
                "CGIhandler lines are used. One '/' of ROOT may be a '|': what stands before it "
                "is the root directory of the programs. No wrapper is executed.",
    },
    {
        .name = "WrapCGI",
        .type = OPT_OWN,
        .scopes = SCOPE_DIRECTORY,
        .former = "CGIwrapId",
        AT_FOLDER(wrap_id),
        .set = directory_wrap_set,
        .grammar = "id of a Wrap line in cgi-wrapper.conf",
        .text = "The same for the CGI programs that the section covers, in place of what the host "
                "says by RunAs or WrapCGI; its limits stay. It says nothing about programs of "
                "FastCGI, nor about those of accounts (UserWebsites).",
    },
    {
        .name = "MinUid",
        .type = OPT_COUNT,
        .scopes = SCOPE_SERVER,
        AT(server_conf, min_uid),
        .fallback = "100",
        .least = 1,
        .most = UINT32_MAX - 1,
        .grammar = "number",
        .text = "RunAs and WrapCGI refuse accounts with a smaller number.",
    },
    {
        .name = "KillTimedoutCGI",
        .type = OPT_YES_NO,
        .scopes = SCOPE_SERVER,
        AT(server_conf, kill_timed_out_cgi),
        .fallback = "yes",
        .grammar = "yes | no",
        .text = "Whether a CGI program is ended with its family when TimeForCGI is over. `no`: the "
                "answer ends and the pipes are closed, the program is left alone. (Hiawatha ends "
                "the program alone, not what it started.)",
    },
    {
        .name = "WaitForCGI",
        .type = OPT_YES_NO,
        .scopes = SCOPE_SERVER,
        AT(server_conf, wait_for_cgi),
        .fallback = "yes",
        .grammar = "yes | no",
        .text = "Whether a CGI program that has closed its output is watched until it exits: its "
                "exit is logged, and TimeForCGI counts on. `no`: it is left alone then, with its "
                "family. The client never waits for that.",
    },
    {
        .name = "CGImemory",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, confine.memory_bytes),
        .least = UINT64_C(1024) * 1024,
        .unit = 1,
        .set = limit_set,
        .grammar = "bytes, or with a unit",
        .text = "Address space of each process of a CGI program (RLIMIT_AS).",
    },
    {
        .name = "CGIprocesses",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, confine.processes),
        .least = 1,
        .set = limit_set,
        .grammar = "number",
        .text = "Processes and threads that the user of a CGI program may have, those of the "
                "server and of other programs of that user included (RLIMIT_NPROC): to be used "
                "with RunAs.",
    },
    {
        .name = "CGIfiles",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, confine.files),
        .least = 3,
        .set = limit_set,
        .grammar = "number",
        .text = "Open files of each process of a CGI program (RLIMIT_NOFILE).",
    },
    {
        .name = "CGIcpu",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .least = 1,
        .most = UINT64_C(24) * 3600 * 1000,
        .unit = 1000,
        .set = cpu_limit_set,
        .grammar = "seconds, or with a unit",
        .text = "Processor time of each process of a CGI program (RLIMIT_CPU); then it is ended, "
                "and the log names the limit.",
    },
    {
        .name = "CGIgroupMemory",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, confine.group_memory_bytes),
        .least = UINT64_C(1024) * 1024,
        .unit = 1,
        .set = group_limit_set,
        .grammar = "bytes, or with a unit",
        .text = "Memory of all processes of a CGI program together, with the files that the kernel "
                "keeps for them (memory.max of its control group). When it is used up, all of "
                "them are killed, and the log names the limit. Needs control groups: see Cgroup.",
    },
    {
        .name = "CGIgroupProcesses",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, confine.group_processes),
        .least = 1,
        .set = group_limit_set,
        .grammar = "number",
        .text = "Processes and threads of a CGI program (pids.max of its control group). Needs "
                "control groups: see Cgroup.",
    },
    {
        .name = "CGIcpuShare",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, confine.cpu_share),
        .least = 1,
        .most = 10000,
        .set = group_limit_set,
        .grammar = "1 to 10000",
        .text = "What a CGI program gets of scarce processors, against 100 of others (cpu.weight "
                "of its control group). Needs control groups: see Cgroup.",
    },
    {
        .name = "Cgroup",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .set = cgroup_set,
        .grammar = "auto | no | absolute path",
        .text = "Where each CGI program gets a control group (version 2) of its own, by which the "
                "kernel ends all of its processes at once. `auto`, which is the default: in the "
                "house's own, if that was delegated to it (Delegate=yes in the service); without "
                "one programs are known by process group and mark, as with `no`. A path is a "
                "folder below /sys/fs/cgroup that the house may write to; if it may not, it does "
                "not start.",
    },
    {
        .name = "CGInice",
        .type = OPT_COUNT,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, confine.nice),
        .fallback = "0",
        .least = 0,
        .most = 19,
        .grammar = "0 to 19",
        .text = "How far CGI programs step back when processors are scarce.",
    },
    {
        .name = "CGIumask",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .set = umask_set,
        .grammar = "octal number",
        .text = "Rights that files made by CGI programs do not get; 022 without the option.",
    },
    {
        .name = "NoNewPrivs",
        .type = OPT_YES_NO,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, confine.no_new_privs),
        .fallback = "yes",
        .grammar = "yes | no",
        .text = "Whether set-user-id programs (sudo, some sendmails) give a CGI program no more "
                "rights than it has. `no` for hosts whose programs need one of them.",
    },
};

const struct option_group program_options = { rows, sizeof(rows) / sizeof(rows[0]) };
