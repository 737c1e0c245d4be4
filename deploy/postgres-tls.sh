#!/bin/bash
# Gives the server a certificate of an authority of its own, then becomes the image's own entrypoint. Both are valid for ten
# years by the real clock and made anew at the first start in the last of them; clients read the authority's from a volume.
set -euo pipefail
tls=/var/lib/postgresql/tls
authority=/var/lib/postgresql/authority/ca.pem
year=31536000

if ! openssl x509 -noout -checkend "$year" -in "$tls/server.crt" > /dev/null 2>&1 \
    || ! openssl verify -CAfile "$authority" "$tls/server.crt" > /dev/null 2>&1; then
    umask 077
    work=$(mktemp -d)
    curve=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc)
    openssl req -x509 "${curve[@]}" -days 3650 -subj '/CN=Padan database CA' -keyout "$work/ca.key" -out "$work/ca.pem" \
        -addext keyUsage=critical,keyCertSign
    openssl req "${curve[@]}" -subj /CN=postgres -addext subjectAltName=DNS:postgres,DNS:localhost,IP:127.0.0.1 \
        -keyout "$work/server.key" -out "$work/server.csr"
    openssl x509 -req -in "$work/server.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -days 3650 \
        -copy_extensions copy -out "$work/server.crt"
    install -m 0600 "$work/server.key" "$work/server.crt" "$tls/"
    install -m 0644 "$work/ca.pem" "$authority"
    rm -r "$work"  # with the authority's key: nothing else is ever signed with it
fi
if [[ $EUID == 0 ]]; then
    chown -R postgres "$tls"
fi
exec docker-entrypoint.sh "$@"
