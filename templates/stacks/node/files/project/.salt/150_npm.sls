# Build time only, before the code: what package-lock.json names. Node looks for node_modules in each folder above the code too.
{% set cfg = opts.ms_project %}
{{ cfg.name }}-npm:
  cmd.run:
    - name: >-
        cp package.json package-lock.json {{ cfg.project_dir }} && cd {{ cfg.project_dir }}
        && npm ci --omit=dev --no-audit --no-fund --no-update-notifier --cache /tmp/npm && rm -rf /tmp/npm
    - cwd: {{ cfg.project_root }}/app
    # The certificates that the image trusts, instead of Node's own.
    - env: {{ [{'NODE_EXTRA_CA_CERTS': '/etc/ssl/certs/ca-certificates.crt'}] if salt['file.file_exists']('/etc/ssl/certs/ca-certificates.crt') else [] }}
