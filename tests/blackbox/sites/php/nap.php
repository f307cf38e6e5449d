<?php
usleep(1000 * (int)($_GET['ms'] ?? 50));
echo 'slept in ', getmypid();
