<?php
$file = $_FILES["file"];
echo "{$file["name"]} {$file["size"]} ", hash_file("sha256", $file["tmp_name"]);
