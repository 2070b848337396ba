# Build time only: the static files of Django and of your applications, where nginx serves them.
{% set cfg = opts.ms_project %}
{{ cfg.name }}-collectstatic:
  cmd.run:
    - name: {{ cfg.project_dir }}/venvs/app/bin/python manage.py collectstatic --noinput
    - cwd: {{ cfg.project_root }}/app
    - env:
      - STATIC_ROOT: {{ cfg.project_dir }}/static
