<?php
session_start();
$_SESSION["visits"] = ($_SESSION["visits"] ?? 0) + 1;
$file = $_FILES["file"] ?? null;
header("Content-Type: text/html; charset=utf-8");
?>
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>php.localhost</title>
<link rel="stylesheet" href="/house.css">
<nav><a href="http://localhost:8080/">← the demo house</a></nav>
<header>
<h1>PHP</h1>
<p class="lead">PHP <?= PHP_VERSION ?> as <?= PHP_SAPI ?>, process <?= getmypid() ?>.</p>
</header>
<p>You were here <b><?= $_SESSION["visits"] ?></b> time<?= $_SESSION["visits"] === 1 ? "" : "s" ?>, says your session.</p>

<h2>An upload</h2>
<p>Up to 16 MiB; it passes through the house in small pieces and never lies in its memory.</p>
<form method="post" enctype="multipart/form-data" action="/">
<p><input type="file" name="file" required> <button>Send</button></p>
</form>
<?php if ($file && $file["error"] === UPLOAD_ERR_OK): ?>
<table>
<tr><th>name<td><?= htmlspecialchars($file["name"]) ?>

<tr><th>size<td><?= number_format($file["size"], 0, ".", " ") ?> bytes
<tr><th>SHA-256<td><code><?= hash_file("sha256", $file["tmp_name"]) ?></code>
</table>
<?php elseif ($file): ?>
<p>The upload failed (PHP's error <?= (int)$file["error"] ?>): too large, perhaps.</p>
<?php endif ?>
</html>
