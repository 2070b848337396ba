"""Says what the databases beside the image hold, with nothing but the variables that the image has of them."""
import json
import os
import socket
from http.server import BaseHTTPRequestHandler, HTTPServer

import psycopg2
import pymysql


def postgresql():
    # libpq reads the variables itself.
    with psycopg2.connect('') as connection, connection.cursor() as cursor:
        cursor.execute('SELECT text FROM notes ORDER BY id')
        return [text for (text,) in cursor]


def mariadb():
    env = {name: os.environ[f'MARIADB_{name.upper()}'] for name in ('host', 'user', 'password', 'database')}
    with pymysql.connect(port=int(os.environ['MARIADB_PORT']), **env) as connection, connection.cursor() as cursor:
        cursor.execute('SELECT text FROM notes ORDER BY id')
        return [text for (text,) in cursor]


def answer(name, *lines):
    """The last line that a server sends after these lines."""
    address = os.environ[f'{name}_HOST'], int(os.environ[f'{name}_PORT'])
    with socket.create_connection(address, 5) as server, server.makefile('rw', newline='\r\n') as stream:
        for line in lines:
            stream.write(line + '\n')
            stream.flush()
            last = stream.readline().strip()
            if last.startswith('$') and last != '$-1':
                last = stream.readline().strip()
    return last


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        found = {
            'postgresql': postgresql(),
            'mariadb': mariadb(),
            'redis': answer('REDIS', 'AUTH ' + os.environ['REDIS_PASSWORD'], 'GET note'),
            'without a password': answer('REDIS', 'GET note'),
            'memcached': answer('MEMCACHED', 'version'),
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())


HTTPServer(('127.0.0.1', 8000), Page).serve_forever()
