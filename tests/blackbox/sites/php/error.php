<?php
error_log("a word for the log");
echo "still answering";
