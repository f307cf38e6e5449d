/* Whether somebody takes the lines that Syslog sends. */
#include "build.h"
#include "config/load.h"

#include <string.h>

void check_syslog(const struct server_conf *conf, struct load_ask *ask, struct diags *diags)
{
    struct load_socket found = { 0 };
    char path[256];

    if (conf->syslog.kinds == 0 || conf->syslog.socket.len >= sizeof(path))
        return;
    memcpy(path, conf->syslog.socket.at, conf->syslog.socket.len);
    path[conf->syslog.socket.len] = '\0';
    int error = ask->socket(ask, path, NULL, &found);
    if (error == 0 && found.is_socket)
        return;
    diag_hint(diags,
              diag_add(diags, DIAG_WARNING, &conf->syslog.place,
                       "nobody takes lines for the system's log at '%s': %s", path,
                       error < 0 ? strerror(-error) : "it is no socket"),
              "start rsyslog or systemd-journald, or name its socket with SyslogSocket; the files "
              "are written in any case");
}
