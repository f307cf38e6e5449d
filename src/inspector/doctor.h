#ifndef INSPECTOR_DOCTOR_H
#define INSPECTOR_DOCTOR_H

/*
 * The parts of `longhouse doctor`. Each looks at one kind of thing and adds what it finds. `host`:
 * only what concerns that one; NULL: all.
 */
#include "config/model.h"
#include "findings.h"

struct visit_of_doctor {
    const struct server_conf *conf;
    const struct vhost_conf *host;
    struct findings *findings;
};

static inline bool doctor_looks_at(const struct visit_of_doctor *visit,
                                   const struct vhost_conf *host)
{
    return !visit->host || visit->host == host;
}

/* As who called us: */
void doctor_certificates(const struct visit_of_doctor *visit);
void doctor_house(const struct visit_of_doctor *visit); /* does it run, and can it listen? */
void doctor_limits(const struct visit_of_doctor *visit);
void doctor_disks(const struct visit_of_doctor *visit);
/* Starts each interpreter once, with an empty script, as the user that it would be. */
void doctor_programs(const struct visit_of_doctor *visit);

/* As the user of the server: */
void doctor_kernel_tls(const struct visit_of_doctor *visit);
void doctor_folders(const struct visit_of_doctor *visit);
void doctor_backends(const struct visit_of_doctor *visit);

/* How full a disk may be. `most`: its size. Pure. */
enum finding_level doctor_judge_room(uint64_t free_bytes, uint64_t most_bytes);

/* How many descriptors a server wants at its busiest. Pure. */
uint64_t doctor_wanted_files(const struct server_conf *conf);

#endif
