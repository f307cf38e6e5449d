<?php
for ($left = (int)$_GET["bytes"]; $left > 0; $left -= 50000)
    echo str_repeat("x", min($left, 50000));
