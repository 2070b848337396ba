#!/bin/sh
# A whole deployment through Salt at each start, then circus.
set -eu
umask 027
cd /srv/projects/bootdemo
welcome=data/data/welcome.txt
[ -e "$welcome" ] || install -o bootdemo-user -g bootdemo-grp -m 0640 project/app/welcome.txt "$welcome"
$SALT_CALL -c /srv/makina-states/etc/salt --local --retcode-passthrough --id=bootdemo --log-level=warning \
    mc_project.deploy bootdemo only=install,fixperms >/dev/null
mkdir -m 0700 /run/circus
exec /srv/apps/circus/venv/bin/python -I /srv/makina-image/runtime/runner /etc/makina-projects/bootdemo/circus/circusd.ini
