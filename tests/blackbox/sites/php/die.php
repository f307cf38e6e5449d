<?php
posix_kill(getmypid(), 9);
