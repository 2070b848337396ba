"""Run them with: python -m unittest"""
import os
import tempfile
import unittest

from app import create_app


class AppTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.client = create_app('Hello & welcome', os.path.join(folder.name, 'notes.sqlite3')).test_client()

    def test_shows_the_greeting(self):
        self.assertIn('<h1>Hello &amp; welcome</h1>', self.client.get('/').text)

    def test_keeps_a_note(self):
        self.assertEqual(self.client.post('/', data={'text': 'one <note>'}).status_code, 303)
        self.assertIn('<li>one &lt;note&gt;</li>', self.client.get('/').text)

    def test_refuses_an_empty_note(self):
        self.assertEqual(self.client.post('/', data={'text': ' '}).status_code, 400)


if __name__ == '__main__':
    unittest.main()
