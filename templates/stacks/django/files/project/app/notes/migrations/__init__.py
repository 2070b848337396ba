"""What changed in the database, in its order; `manage.py makemigrations` adds to it."""
