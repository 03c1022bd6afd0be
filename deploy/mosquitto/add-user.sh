#!/bin/sh
# Adds a device, or changes its password; asks for the password when none is given:
#   docker compose exec mosquitto sh /mosquitto/config/add-user.sh NAME [PASSWORD]
# The broker is told from inside: after `docker kill -s HUP` Docker would not restart it when it dies.
set -eu
mosquitto_passwd ${2:+-b} /mosquitto/data/users "$1" ${2:+"$2"}
kill -HUP 1
