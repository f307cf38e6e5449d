<?php
http_response_code(404);
header("X-From: php");
echo "mine";
