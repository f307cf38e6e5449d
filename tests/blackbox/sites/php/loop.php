<?php
// Talks until nobody listens any more; then the file that the query names appears.
register_shutdown_function(fn() => touch($_GET['end']));
ignore_user_abort(false);
for ($i = 0; $i < 1000; $i++) {
    echo str_repeat('x', 1000), "\n";
    while (ob_get_level() > 0)
        ob_end_flush();
    flush();
    usleep(10000);
}
