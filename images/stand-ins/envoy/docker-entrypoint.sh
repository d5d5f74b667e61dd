#!/usr/bin/env bash
# What the official image's entry point promises: flags alone mean Envoy, and root is given up unless ENVOY_UID is 0.
set -e

[ "${1#-}" = "$1" ] || set -- envoy "$@"
if [ "$1" = envoy ] && [ "$(id -u)" = 0 ] && [ "${ENVOY_UID:-101}" != 0 ]; then
  # Docker opens the log pipes as root.
  chown "${ENVOY_UID:-101}:${ENVOY_GID:-101}" /dev/stdout /dev/stderr
  exec setpriv --reuid "${ENVOY_UID:-101}" --regid "${ENVOY_GID:-101}" --clear-groups "$@"
fi
exec "$@"
