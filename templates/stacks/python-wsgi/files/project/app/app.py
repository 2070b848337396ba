"""A small Flask application: a greeting, and notes that the data volume keeps."""
import os
import sqlite3
from contextlib import closing

from flask import Flask, redirect, render_template, request

TABLE = 'CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)'


def create_app(greeting, database):
    """The application; `database` is the file of the notes."""
    app = Flask(__name__)

    def run(statement, *values):
        with closing(sqlite3.connect(database, timeout=20)) as connection, connection:
            connection.execute(TABLE)
            return connection.execute(statement, values).fetchall()

    @app.get('/')
    def index():
        notes = [text for text, in run('SELECT text FROM notes ORDER BY id DESC LIMIT 20')]
        return render_template('index.html', greeting=greeting, notes=notes)

    @app.post('/')
    def leave():
        text = request.form.get('text', '').strip()
        if not 0 < len(text) <= 200:
            return 'a note has 1 to 200 characters\n', 400
        run('INSERT INTO notes (text) VALUES (?)', text)
        return redirect('/', 303)

    return app


# What gunicorn serves. The image gives both variables.
app = create_app(os.environ.get('GREETING', 'It works'), os.path.join(os.environ.get('DATA_DIR', '.'), 'notes.sqlite3'))
