"""Run them with: python -m unittest"""
import os
import tempfile
import unittest

from starlette.testclient import TestClient

from app import create_app


class AppTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.client = TestClient(create_app('Hello & welcome', os.path.join(folder.name, 'notes.sqlite3')))

    def test_shows_the_greeting(self):
        self.assertIn('<h1>Hello &amp; welcome</h1>', self.client.get('/').text)

    def test_keeps_a_note(self):
        self.client.post('/', data={'text': 'one <note>'})
        self.assertIn('<li>one &lt;note&gt;</li>', self.client.get('/').text)

    def test_refuses_an_empty_note(self):
        self.assertEqual(self.client.post('/', data={'text': ' '}).status_code, 400)

    def test_shows_a_note_at_once(self):
        with self.client, self.client.websocket_connect('/live') as page:
            self.client.post('/', data={'text': 'now'})
            self.assertEqual(page.receive_text(), 'now')


if __name__ == '__main__':
    unittest.main()
