#!/bin/sh
# Gives the two users of .env their passwords and becomes the broker. Users of devices in the file stay.
set -eu
users=/mosquitto/data/users
umask 077
touch "$users"
mosquitto_passwd -b "$users" faultcast "$BROKER_PASSWORD"
mosquitto_passwd -b "$users" consumer "$CONSUMER_PASSWORD"
exec mosquitto -c /mosquitto/config/mosquitto.conf
