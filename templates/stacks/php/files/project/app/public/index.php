<?php
// What nginx asks for each path that is no file of this folder. The image gives the variables.
declare(strict_types=1);

require __DIR__ . '/../notes.php';

if (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) !== '/') {
    http_response_code(404);
    exit("there is no such page\n");
}
[$status, $headers, $body] = answer(
    $_SERVER['REQUEST_METHOD'],
    $_POST,
    getenv('GREETING') ?: 'It works',
    (getenv('DATA_DIR') ?: '.') . '/notes.sqlite3',
);
http_response_code($status);
array_map('header', $headers);
echo $body;
