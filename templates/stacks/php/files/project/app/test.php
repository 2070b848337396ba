<?php
// Run it with: php test.php
declare(strict_types=1);

require __DIR__ . '/notes.php';

function check(bool $holds, string $what): void
{
    if (!$holds) {
        fwrite(STDERR, "failed: $what\n");
        exit(1);
    }
    echo "ok: $what\n";
}

$database = tempnam(sys_get_temp_dir(), 'notes');
register_shutdown_function('unlink', $database);
$ask = fn (string $method, array $form = []) => answer($method, $form, 'Hello & welcome', $database);

check(str_contains($ask('GET')[2], '<h1>Hello &amp; welcome</h1>'), 'it shows the greeting');
check($ask('POST', ['text' => 'one <note>'])[0] === 303, 'it takes a note');
check(str_contains($ask('GET')[2], '<li>one &lt;note&gt;</li>'), 'it keeps the note');
check($ask('POST', ['text' => ' '])[0] === 400, 'it refuses an empty note');
check($ask('POST', ['text' => ['a']])[0] === 400, 'it refuses a note that is no text');
