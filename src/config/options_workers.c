/* Options of FastCGIserver sections whose program the house runs itself. */
#include "build.h"

#define YEAR_MS (UINT64_C(365) * 24 * 3600 * 1000)

static void run_set(struct build *build, void *record, const struct tree_node *node,
                    const struct option_row *row)
{
    struct run_conf *run = &((struct fastcgi_conf *)record)->run;
    struct slice rest = node->value;
    struct slice word;

    if (!word_next(&rest, &word) || !path_clean(build, node, row, word, &run->program))
        return;
    run->place = tree_place(node, word);
    run->arguments = NULL;
    while (word_next(&rest, &word))
        words_add(build->arena, &run->arguments, word);
}

static const struct option_row rows[] = {
    {
        .name = "Run",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .set = run_set,
        .grammar = "/PROGRAM [argument ...]",
        .text = "In place of ConnectTo: the house itself runs this FastCGI program, for example "
                "/usr/bin/php-cgi, on a socket of its own: as many workers as there is work for, "
                "between MinWorkers and MaxWorkers. A host with RunAs that uses the section has "
                "workers of its own, which run as that user.",
    },
    {
        .name = "MinWorkers",
        .type = OPT_COUNT,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, run.min_workers),
        .fallback = "0",
        .least = 0,
        .most = 10000,
        .grammar = "number",
        .text = "Workers of a pool that are there even when nothing is to be done. 0: the first "
                "request starts one.",
    },
    {
        .name = "MaxWorkers",
        .type = OPT_COUNT,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, run.max_workers),
        .fallback = "8",
        .least = 1,
        .most = 10000,
        .grammar = "number",
        .text = "Workers of a pool at most; further requests wait. A worker that forks children "
                "(Setenv PHP_FCGI_CHILDREN = 4) counts as one.",
    },
    {
        .name = "MaxRequests",
        .type = OPT_COUNT,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, run.max_requests),
        .fallback = "0",
        .least = 0,
        .most = UINT32_MAX,
        .grammar = "number; 0 = no limit",
        .text = "After so many requests a worker ends and the next one takes its place. The worker "
                "counts them itself: it is told by the variable PHP_FCGI_MAX_REQUESTS, which "
                "php-cgi obeys; other programs do only if they look at it.",
    },
    {
        .name = "WorkerAge",
        .type = OPT_DURATION,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, run.age_ms),
        .fallback = "0",
        .least = 0,
        .most = YEAR_MS,
        .unit = 1000,
        .grammar = "seconds, or with a unit; 0 = no limit",
        .text = "A worker that is older is replaced as soon as it has finished its request.",
    },
    {
        .name = "WorkerMemory",
        .type = OPT_SIZE,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, run.memory_bytes),
        .fallback = "0",
        .least = 0,
        .most = UINT64_C(1) << 50,
        .unit = 1,
        .grammar = "bytes, or with a unit; 0 = no limit",
        .text = "A worker that has grown beyond this resident memory, with its children, is "
                "replaced as soon as it has finished its request. It is looked at every second; "
                "CGImemory is a limit that the kernel keeps.",
    },
    {
        .name = "IdleTime",
        .type = OPT_DURATION,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, run.idle_ms),
        .fallback = "60",
        .least = 1000,
        .most = YEAR_MS,
        .unit = 1000,
        .grammar = "seconds, or with a unit",
        .text = "Workers beyond MinWorkers end when for this time, or up to half as long again, "
                "fewer of them would have been enough.",
    },
    {
        .name = "Setenv",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .repeat = REPEAT_APPENDS,
        AT(fastcgi_conf, run.setenv),
        .set = setenv_set,
        .grammar = "NAME = VALUE",
        .text = "A variable in the environment of the workers, which otherwise holds PATH and "
                "PHP_FCGI_MAX_REQUESTS only. May be repeated; of one name the first counts.",
    },
    {
        .name = "ErrorLogfile",
        .type = OPT_LOG,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, run.error_log),
        .grammar = "absolute path[, daily|weekly|monthly] | none | stdout | stderr",
        .text = "Log of what the workers themselves write to their stderr, outside of requests. "
                "Without it these lines are in the SystemLogfile.",
    },
    {
        .name = "RunAs",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .set = run_as_set,
        .grammar = "USER[:GROUP[,GROUP ...]]",
        .text = "The account that workers run as, in place of ServerId, for hosts without a RunAs "
                "of their own. Needs a house started by root.",
    },
    {
        .name = "CGImemory",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, run.confine.memory_bytes),
        .least = UINT64_C(1024) * 1024,
        .unit = 1,
        .set = limit_set,
        .grammar = "bytes, or with a unit",
        .text = "Address space of each process of a worker (RLIMIT_AS).",
    },
    {
        .name = "CGIprocesses",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, run.confine.processes),
        .least = 1,
        .set = limit_set,
        .grammar = "number",
        .text = "Processes and threads that the user of the workers may have in all "
                "(RLIMIT_NPROC).",
    },
    {
        .name = "CGIfiles",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, run.confine.files),
        .least = 3,
        .set = limit_set,
        .grammar = "number",
        .text = "Open files of each process of a worker (RLIMIT_NOFILE).",
    },
    {
        .name = "CGIcpu",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .least = 1,
        .most = UINT64_C(24) * 3600 * 1000,
        .unit = 1000,
        .set = cpu_limit_set,
        .grammar = "seconds, or with a unit",
        .text = "Processor time of each process of a worker in its whole life (RLIMIT_CPU).",
    },
    {
        .name = "CGIgroupMemory",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, run.confine.group_memory_bytes),
        .least = UINT64_C(1024) * 1024,
        .unit = 1,
        .set = group_limit_set,
        .grammar = "bytes, or with a unit",
        .text = "Memory of a worker and its children together (memory.max of its control group). "
                "Needs control groups: see Cgroup.",
    },
    {
        .name = "CGIgroupProcesses",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, run.confine.group_processes),
        .least = 1,
        .set = group_limit_set,
        .grammar = "number",
        .text = "Processes and threads of a worker and its children (pids.max of its control "
                "group). Needs control groups: see Cgroup.",
    },
    {
        .name = "CGIcpuShare",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, run.confine.cpu_share),
        .least = 1,
        .most = 10000,
        .set = group_limit_set,
        .grammar = "1 to 10000",
        .text = "What a worker gets of scarce processors, against 100 of others (cpu.weight of its "
                "control group). Needs control groups: see Cgroup.",
    },
    {
        .name = "CGInice",
        .type = OPT_COUNT,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, run.confine.nice),
        .fallback = "0",
        .least = 0,
        .most = 19,
        .grammar = "0 to 19",
        .text = "How far workers step back when processors are scarce.",
    },
    {
        .name = "CGIumask",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .set = umask_set,
        .grammar = "octal number",
        .text = "Rights that files made by workers do not get; 022 without the option.",
    },
    {
        .name = "NoNewPrivs",
        .type = OPT_YES_NO,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, run.confine.no_new_privs),
        .fallback = "yes",
        .grammar = "yes | no",
        .text = "Whether set-user-id programs (sudo, some sendmails) give a worker no more rights "
                "than it has.",
    },
    {
        .name = "WorkersMemory",
        .type = OPT_SIZE,
        .scopes = SCOPE_SERVER,
        AT(server_conf, workers_memory_bytes),
        .fallback = "0",
        .least = 0,
        .most = UINT64_C(1) << 50,
        .unit = 1,
        .grammar = "bytes, or with a unit; 0 = no limit",
        .text = "Resident memory of the workers of all FastCGIserver sections with Run together. "
                "Before more is used, the pool that was without work for the longest time gives up "
                "an idle worker; while there is none to give up, a pool that has a worker gets no "
                "further one.",
    },
};

const struct option_group worker_options = { rows, sizeof(rows) / sizeof(rows[0]) };
