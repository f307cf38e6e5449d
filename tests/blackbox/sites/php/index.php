<?php
echo "index at {$_SERVER["SCRIPT_NAME"]}";
