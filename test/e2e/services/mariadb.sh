#!/bin/sh
# MariaDB as the official image starts it: root reads the passwords, the database is made while no one can connect over TCP.
set -eu
if [ "$(id -u)" = 0 ]; then
  MARIADB_PASSWORD=$(cat "$MARIADB_PASSWORD_FILE")
  MARIADB_ROOT_PASSWORD=$(cat "$MARIADB_ROOT_PASSWORD_FILE")
  export MARIADB_PASSWORD MARIADB_ROOT_PASSWORD
  mkdir -p /run/mysqld
  chown mysql:mysql /var/lib/mysql /run/mysqld
  exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
fi
if [ ! -d /var/lib/mysql/mysql ]; then
  mariadb-install-db --skip-test-db --auth-root-authentication-method=normal > /dev/null
  mariadbd --skip-networking &
  until mariadb-admin --user=root ping > /dev/null 2>&1; do sleep 0.2; done
  mariadb --user=root << SQL
CREATE DATABASE \`$MARIADB_DATABASE\`;
CREATE USER '$MARIADB_USER'@'%' IDENTIFIED BY '$MARIADB_PASSWORD';
GRANT ALL ON \`$MARIADB_DATABASE\`.* TO '$MARIADB_USER'@'%';
ALTER USER 'root'@'$MARIADB_ROOT_HOST' IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';
SHUTDOWN;
SQL
  wait
fi
unset MARIADB_PASSWORD MARIADB_ROOT_PASSWORD
exec "$@" --bind-address=0.0.0.0
