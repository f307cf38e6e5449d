#include "outcome.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* What an administrator can do about an execve that failed. */
static const char *exec_cure(int error)
{
    switch (error) {
    case EACCES:
        return "is it executable (chmod +x), and is its interpreter?";
    case ENOENT:
        return "its interpreter is not there; look at its first line (a CR at the end?) and at "
               "CGIhandler";
    case ENOEXEC:
        return "it is no program and has no #! line";
    case E2BIG:
        return "environment and arguments are too long for the kernel";
    default:
        return "see execve(2)";
    }
}

static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == EAGAIN;
}

static int status_of(const struct spawn_failed *failed)
{
    const bool forbidden = failed->error == EACCES || failed->error == EPERM ||
                           failed->error == ELOOP || failed->error == EXDEV;

    switch (failed->stage) {
    case SPAWN_STAGE_RULE:
        return 500;
    case SPAWN_STAGE_SCRIPT:
        if (is_shortage(failed->error))
            return 503;
        return forbidden ? 403 : failed->error == EIO ? 500 : 404;
    case SPAWN_STAGE_FOLDER:
        return forbidden ? 403 : 500;
    case SPAWN_STAGE_OWNER:
        return 403;
    case SPAWN_STAGE_LIMITS:
    case SPAWN_STAGE_USER:
    case SPAWN_STAGE_GROUP:
    case SPAWN_STAGE_SANDBOX:
    case SPAWN_STAGE_CHROOT:
        return 500;
    case SPAWN_STAGE_EXEC:
        return forbidden ? 403 : failed->error == E2BIG ? 431 : 500;
    case SPAWN_STAGE_PIPES:
    case SPAWN_STAGE_PROCESS:
    case SPAWN_STAGE_GONE:
        return 503;
    }
    return 500;
}

struct refusal refusal_of(const struct spawn_failed *failed, struct slice user, struct arena *arena)
{
    struct refusal refusal = { .status = status_of(failed) };

    switch (failed->stage) {
    case SPAWN_STAGE_EXEC:
        refusal.why = arena_printf(arena, "it cannot be executed: %s; %s", strerror(failed->error),
                                   exec_cure(failed->error))
                          .at;
        break;
    case SPAWN_STAGE_OWNER:
        refusal.why = arena_printf(arena, "not run as '%.*s': %s", SLICE_ARGS(user),
                                   spawn_refusal_text(failed->error))
                          .at;
        break;
    case SPAWN_STAGE_GONE:
        refusal.why = "there is no spawner now to start it";
        break;
    default:
        refusal.why = arena_printf(arena, "not started, %s: %s", spawn_stage_text(failed->stage),
                                   strerror(failed->error))
                          .at;
        break;
    }
    return refusal;
}

/* The kernel kills when it cannot free a page, which is a little before the peak is the limit. */
static bool used_up(const struct spawn_exited *exited, uint64_t limit_bytes)
{
    return limit_bytes > 0 && exited->peak_kib >= limit_bytes / 1024 / 100 * 97;
}

const char *exit_text(const struct program *program, const struct confine_conf *confine,
                      struct arena *arena)
{
    const int status = program->exited.status;

    switch (program->state) {
    case PROGRAM_EXITED:
        if (WIFEXITED(status))
            return arena_printf(arena, "it exited with status %d", WEXITSTATUS(status)).at;
        if (WTERMSIG(status) == SIGXCPU && confine->cpu_s > 0)
            return arena_printf(arena, "CGIcpu (%" PRIu64 " s) is used up: it was ended by SIGXCPU",
                                confine->cpu_s)
                .at;
        if (WTERMSIG(status) == SIGKILL && used_up(&program->exited, confine->group_memory_bytes))
            return arena_printf(arena,
                                "CGIgroupMemory (%" PRIu64
                                " bytes) is used up: the kernel killed it with its family",
                                confine->group_memory_bytes)
                .at;
        return arena_printf(arena, "it was ended by signal %d (%s)", WTERMSIG(status),
                            strsignal(WTERMSIG(status)))
            .at;
    case PROGRAM_GONE:
        return "the spawner went away, and the program with it";
    default:
        return "it closed its output but runs on; killed";
    }
}
