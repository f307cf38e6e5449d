<?php
echo "hello {$_GET["name"]} from ", php_sapi_name();
