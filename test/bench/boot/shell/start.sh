#!/bin/sh
# Starts both programs, passes a stop on to them, and ends when both have ended.
set -eu
trap 'kill -TERM "$web" "$nginx" 2>/dev/null || :' TERM INT
cd /srv/projects/bootdemo/project
export APP_CONFIG=/etc/makina-projects/bootdemo/app.json DATA_DIR=/srv/projects/bootdemo/data/data PORT=8000

setpriv --reuid=bootdemo-user --regid=bootdemo-grp --init-groups python3 app/server.py &
web=$!
/usr/sbin/nginx -c /etc/makina-projects/bootdemo/nginx/nginx.conf &
nginx=$!

# A trapped signal ends the first wait early.
wait "$web" "$nginx" || wait "$web" "$nginx" || :
