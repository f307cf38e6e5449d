<?php
// One event, then the next one only when the test has seen it: a file whose name is in the query, with the number.
header('Content-Type: text/event-stream');
for ($number = 1; $number <= 3; $number++) {
    echo "data: $number\n\n";
    while (ob_get_level() > 0)
        ob_end_flush();
    flush();
    for ($i = 0; $i < 500 && !file_exists("{$_GET['seen']}.$number"); $i++) {
        clearstatcache();
        usleep(10000);
    }
}
