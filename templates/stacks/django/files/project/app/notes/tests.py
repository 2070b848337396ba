"""Run them with: python manage.py test"""
from django.test import TestCase, override_settings

from .models import Note


@override_settings(GREETING='Hello & welcome', ALLOWED_HOSTS=['testserver'])
class IndexTest(TestCase):
    def test_shows_the_greeting(self):
        self.assertContains(self.client.get('/'), '<h1>Hello &amp; welcome</h1>', html=True)

    def test_keeps_a_note(self):
        self.client.post('/', {'text': 'one <note>'})
        self.assertEqual(str(Note.objects.get()), 'one <note>')
        self.assertContains(self.client.get('/'), '<li>one &lt;note&gt;</li>')

    def test_refuses_an_empty_note(self):
        self.assertEqual(self.client.post('/', {'text': ''}).status_code, 200)
        self.assertFalse(Note.objects.exists())
