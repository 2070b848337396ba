// Shows each new note at once.
const live = new WebSocket(location.origin.replace(/^http/, 'ws') + '/live');
live.addEventListener('message', ({ data }) => {
  const note = document.createElement('li');
  note.textContent = data;
  document.querySelector('ul').prepend(note);
});
