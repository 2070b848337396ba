"""Run them with: python3 -m unittest"""
import os
import unittest
from html.parser import HTMLParser

PUBLIC = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'public')
# What comes from elsewhere.
ELSEWHERE = ('http:', 'https:', 'mailto:', '//', '#', '/files/')


class Links(HTMLParser):
    """The links of a page."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ('href', 'src') and value]


class LinksTest(unittest.TestCase):
    def test_lead_to_files(self):
        pages = [os.path.join(folder, name) for folder, _, names in os.walk(PUBLIC) for name in names if name.endswith('.html')]
        self.assertTrue(pages)
        for page in pages:
            links = Links()
            with open(page, encoding='utf-8') as text:
                links.feed(text.read())
            for link in links.found:
                if link.startswith(ELSEWHERE):
                    continue
                path = link.split('#')[0].split('?')[0]
                target = PUBLIC + path if path.startswith('/') else os.path.join(os.path.dirname(page), path)
                with self.subTest(page=page, link=link):
                    self.assertTrue(os.path.exists(target))


if __name__ == '__main__':
    unittest.main()
