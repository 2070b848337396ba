<?php
// A greeting, and notes that the data volume keeps.
declare(strict_types=1);

require_once 'Twig/autoload.php';

/** What a request is answered with: `[status, headers, body]`. */
function answer(string $method, array $form, string $greeting, string $database): array
{
    $notes = new PDO("sqlite:$database");
    $notes->exec('CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)');
    if ($method === 'POST') {
        $text = trim(is_string($form['text'] ?? null) ? $form['text'] : '');
        if ($text === '' || strlen($text) > 200) {
            return [400, [], "a note has 1 to 200 characters\n"];
        }
        $notes->prepare('INSERT INTO notes (text) VALUES (?)')->execute([$text]);
        return [303, ['Location: /'], ''];
    }
    $pages = new Twig\Environment(new Twig\Loader\FilesystemLoader(__DIR__ . '/templates'));
    $latest = $notes->query('SELECT text FROM notes ORDER BY id DESC LIMIT 20')->fetchAll(PDO::FETCH_COLUMN);
    return [200, [], $pages->render('index.html', ['greeting' => $greeting, 'notes' => $latest])];
}
