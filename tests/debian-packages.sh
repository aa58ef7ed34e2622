#!/bin/sh
# Sees to it that the Debian packages of debian-packages.txt are there: installs them as root, else says
# which are missing and how to get them. Exit status 1 where one is still missing.
set -eu
list=$(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$(dirname "$0")/debian-packages.txt")
missing=""
for package in $list; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing Debian packages for the tests:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 -- a list of words on purpose
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
    exit 0
fi
echo "The tests need these Debian packages:$missing" >&2
echo "Install them as root: apt-get install$missing" >&2
exit 1
