"""The pages."""
from django.conf import settings
from django.forms import modelform_factory
from django.shortcuts import redirect, render

from .models import Note

NoteForm = modelform_factory(Note, fields=['text'])


def index(request):
    """Shows the greeting and the latest notes, and takes a new one."""
    form = NoteForm(request.POST or None)
    if request.method == 'POST' and form.is_valid():
        form.save()
        return redirect('/')
    notes = Note.objects.order_by('-id')[:20]
    return render(request, 'notes/index.html', {'greeting': settings.GREETING, 'notes': notes, 'form': form})
