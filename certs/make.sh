#!/bin/sh
# Makes development certificates in this folder: an authority, the server on this host, an admin, an operator and a user.
set -eu
cd "$(dirname "$0")/.."
command -v deno >/dev/null || deno() { npx -y deno@2.9.6 "$@"; }
certs() { INIT_CWD=$PWD deno task --quiet client --certs certs certs "$@"; }

certs init
certs server localhost 127.0.0.1 ::1
certs client root --role admin
certs client alice
certs client eve --role user
