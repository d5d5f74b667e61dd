#!/usr/bin/env bash
# What the official image's entry point promises: a cluster is made at the first start, from POSTGRES_USER, _PASSWORD,
# _DB, _INITDB_ARGS (each also as a file, _FILE) and POSTGRES_HOST_AUTH_METHOD; then /docker-entrypoint-initdb.d is run.
set -euo pipefail

fail() {
  printf 'Error: %s\n' "$1" >&2
  exit 1
}

setting() {
  local name=$1 file=$1_FILE
  if [ -n "${!file:-}" ]; then
    [ -z "${!name:-}" ] || fail "both $name and $file are set: leave one out"
    export "$name=$(<"${!file}")"
  else
    export "$name=${!name:-$2}"
  fi
  unset "$file"
}

make_cluster() {
  [ -n "$POSTGRES_PASSWORD" ] || [ "${POSTGRES_HOST_AUTH_METHOD:-}" = trust ] ||
    fail 'Database is uninitialized and superuser password is not specified: set POSTGRES_PASSWORD to a non-empty value'
  # shellcheck disable=SC2086  # several arguments in one variable, as the official image has it
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") $POSTGRES_INITDB_ARGS "$@"
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption -D "$PGDATA")}" >>"$PGDATA/pg_hba.conf"
}

query() { PGHOST='' PGPASSWORD=$POSTGRES_PASSWORD psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER" "$@"; }

# On its socket only: nobody outside meets a server that is half made.
fill_cluster() {
  pg_ctl --wait -o "-c listen_addresses=''" start
  [ "$POSTGRES_DB" = postgres ] ||
    query --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db"'
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) query --dbname "$POSTGRES_DB" --file "$file" ;;
      *.sql.gz) gunzip -c "$file" | query --dbname "$POSTGRES_DB" ;;
      *) ;;
    esac
  done
  pg_ctl --wait --mode fast stop
}

[ "${1:-}" != '' ] && [ "${1#-}" = "$1" ] || set -- postgres "$@"
[ "$1" = postgres ] || exec "$@"

mkdir -p "$PGDATA" /var/run/postgresql
chmod 0700 "$PGDATA" 2>/dev/null || true
if [ "$(id -u)" = 0 ]; then
  find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
  find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
  exec gosu postgres "$BASH_SOURCE" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  setting POSTGRES_USER postgres
  setting POSTGRES_PASSWORD ''
  setting POSTGRES_DB "$POSTGRES_USER"
  setting POSTGRES_INITDB_ARGS ''
  make_cluster
  fill_cluster
fi
exec "$@"
