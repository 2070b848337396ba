"""A small Starlette application: a greeting, and notes that the data volume keeps and open pages show at once."""
import os
import sqlite3
from contextlib import closing

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Route, WebSocketRoute
from starlette.templating import Jinja2Templates

TABLE = 'CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)'
PAGES = Jinja2Templates(directory=os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates'))


def create_app(greeting, database):
    """The application; `database` is the file of the notes."""
    open_pages = set()

    def run(statement, *values):
        with closing(sqlite3.connect(database, timeout=20)) as connection, connection:
            connection.execute(TABLE)
            return connection.execute(statement, values).fetchall()

    def index(request):
        notes = [text for text, in run('SELECT text FROM notes ORDER BY id DESC LIMIT 20')]
        return PAGES.TemplateResponse(request, 'index.html', {'greeting': greeting, 'notes': notes})

    async def leave(request):
        async with request.form() as form:
            text = str(form.get('text', '')).strip()
        if not 0 < len(text) <= 200:
            return PlainTextResponse('a note has 1 to 200 characters\n', 400)
        await run_in_threadpool(run, 'INSERT INTO notes (text) VALUES (?)', text)
        for page in list(open_pages):
            await page.send_text(text)
        return RedirectResponse('/', 303)

    async def live(websocket):
        await websocket.accept()
        open_pages.add(websocket)
        try:
            # Until it is closed.
            async for _ in websocket.iter_text():
                pass
        finally:
            open_pages.discard(websocket)

    return Starlette(
        routes=[
            Route('/', index, methods=['GET']),
            Route('/', leave, methods=['POST']),
            WebSocketRoute('/live', live),
        ]
    )


# What uvicorn serves. The image gives both variables.
app = create_app(os.environ.get('GREETING', 'It works'), os.path.join(os.environ.get('DATA_DIR', '.'), 'notes.sqlite3'))
