#include "doctor.h"
#include "trial.h"

#include "suite.h"

#include <errno.h>
#include <signal.h>

#define MIB (UINT64_C(1) << 20)

static const struct {
    uint64_t free_mib;
    uint64_t most_mib;
    enum finding_level level;
} disks[] = {
    { 0, 1000, FINDING_FAIL },      { 15, 1000, FINDING_FAIL },   { 16, 1000, FINDING_WARN },
    { 255, 1000, FINDING_WARN },    { 256, 1000, FINDING_OK },    { 256, 100000, FINDING_WARN },
    { 1999, 100000, FINDING_WARN }, { 2000, 100000, FINDING_OK }, { 0, 0, FINDING_FAIL },
};

START_TEST(a_disk_is_judged_by_what_is_left)
{
    ck_assert_int_eq(doctor_judge_room(disks[_i].free_mib * MIB, disks[_i].most_mib * MIB),
                     disks[_i].level);
}
END_TEST

START_TEST(each_connection_and_each_program_wants_descriptors)
{
    struct server_conf conf = { .host_count = 1 };
    const uint64_t least = doctor_wanted_files(&conf);

    conf.connections_total = 100;
    ck_assert_uint_eq(doctor_wanted_files(&conf), least + 200);
    conf.max_cgi_total = 10;
    ck_assert_uint_eq(doctor_wanted_files(&conf), least + 230);
}
END_TEST

static const struct {
    const char *words[4];
    unsigned patience_ms;
    enum trial_end end;
    int value; /* or errno */
} trials[] = {
    { { "/bin/true" }, 20000, TRIAL_EXITED, 0 },
    { { "/bin/sh", "-c", "exit 7" }, 20000, TRIAL_EXITED, 7 },
    { { "/bin/sh", "-c", "pwd | grep -q '^/usr$'" }, 20000, TRIAL_EXITED, 0 },
    { { "/bin/sh", "-c", "test \"$MARK\" = 1 && ! read x" }, 20000, TRIAL_EXITED, 0 },
    { { "/bin/sh", "-c", "kill -SEGV $$" }, 20000, TRIAL_KILLED, SIGSEGV },
    { { "/bin/sleep", "1000" }, 20, TRIAL_TOO_LONG, 0 },
    { { "/nowhere/none" }, 20000, TRIAL_NOT_STARTED, ENOENT },
    { { "/usr" }, 20000, TRIAL_NOT_STARTED, EACCES },
};

START_TEST(a_program_is_tried_and_its_end_told)
{
    static char mark[] = "MARK=1";
    char *environment[] = { mark, NULL };
    char *words[4] = { 0 };
    const struct confine_conf limits = { 0 };
    struct trial_result result;

    for (unsigned i = 0; i < 3 && trials[_i].words[i]; i++)
        words[i] = (char *)trials[_i].words[i];
    const struct trial trial = { .folder = "/usr",
                                 .words = words,
                                 .environment = environment,
                                 .limits = &limits,
                                 .patience_ms = trials[_i].patience_ms };
    trial_run(&trial, &result);
    ck_assert_int_eq(result.end, trials[_i].end);
    if (result.end == TRIAL_NOT_STARTED)
        ck_assert_int_eq(result.error, trials[_i].value);
    else if (result.end != TRIAL_TOO_LONG)
        ck_assert_int_eq(result.value, trials[_i].value);
}
END_TEST

SUITE("doctor", LOOP(a_disk_is_judged_by_what_is_left, disks),
      TEST(each_connection_and_each_program_wants_descriptors),
      LOOP(a_program_is_tried_and_its_end_told, trials))
