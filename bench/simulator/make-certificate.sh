#!/usr/bin/env bash
# Makes a certificate of its own for the simulator: make-certificate.sh FOLDER writes certificate.pem and key.pem there.
# Clients trust it by NODE_EXTRA_CA_CERTS, SSL_CERT_FILE or --cacert.
set -euo pipefail
names="DNS:localhost,DNS:*.blob.localhost,DNS:*.queue.localhost,IP:127.0.0.1"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj /CN=localhost \
  -addext "subjectAltName=$names" -keyout "$1/key.pem" -out "$1/certificate.pem" 2> /dev/null
