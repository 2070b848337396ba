// The settings of the image, and of its override.
const { greeting } = await (await fetch('/settings.json')).json();
document.title = greeting;
document.querySelector('h1').textContent = greeting;
